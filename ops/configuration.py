"""`python -m ops.configuration [--check]`: docs/configuration.md from the settings classes themselves.

A variable without a description is an error, so the page cannot fall behind the code.
"""

from __future__ import annotations

import argparse
import inspect
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pydantic_settings import BaseSettings

from consumers.settings import ConsumerSettings
from gpu_runner.evaluate.entailment.settings import GroundingSettings
from gpu_runner.settings import RunnerSettings
from ops.command_settings import CommandSettings
from ops.dashboard.app import DashboardSettings
from producers.gateway.settings import GatewaySettings
from runtime.settings import (
    CollectionSettings,
    ConsumersAddress,
    KafkaSettings,
    ListeningSettings,
    RunLimit,
    ServiceSettings,
    StoreSettings,
)

PAGE: Final = Path(__file__).parents[1] / "docs" / "configuration.md"

SERVICES: Final[dict[str, type[BaseSettings]]] = {
    "gateway": GatewaySettings,
    "consumers": ConsumerSettings,
    "runner": RunnerSettings,
    "dashboard": DashboardSettings,
    "commands": CommandSettings,
}

# The page's tables: title, then the classes whose own variables it shows.
GROUPS: Final[dict[str, tuple[type[BaseSettings], ...]]] = {
    "Kafka": (KafkaSettings,),
    "Every service": (ListeningSettings, ServiceSettings),
    "Gateway": (GatewaySettings, CollectionSettings, ConsumersAddress),
    "Consumers": (ConsumerSettings, RunLimit),
    "Artifact store": (StoreSettings,),
    "Runner": (RunnerSettings,),
    "Live page": (DashboardSettings,),
    "The `abhyas` commands": (CommandSettings, GroundingSettings),
}

_HEAD: Final = """# Configuration

Every service takes its settings from environment variables alone. An empty variable counts as unset. `abhyas up` sets the
broker's address, the ports, `HOST`, `DATA_DIR` and `TOPIC_PREFIX` of the services that it starts and passes everything else on;
the `abhyas` commands read the Kafka variables, `DATA_DIR`, the artifact store's and the services' addresses, and take the running
stack's addresses where those are not set.

This page is made by `python -m ops.configuration` from the settings classes; a test compares the two.
"""


@dataclass(frozen=True, slots=True)
class Variable:
    """One environment variable: the class that defines it, default as a reader would write it, the services that read it."""

    name: str
    defined_by: type[BaseSettings]
    default: str
    meaning: str
    services: tuple[str, ...]


def variables(services: Mapping[str, type[BaseSettings]] = SERVICES) -> dict[str, Variable]:
    """Every variable of every settings class, by name; raises ValueError that names one that two classes define."""
    found: dict[str, Variable] = {}
    for service, settings in services.items():
        for field, info in settings.model_fields.items():
            name = field.upper()
            definer = next(one for one in settings.__mro__ if field in inspect.get_annotations(one))
            before = found.get(name)
            if before is not None and before.defined_by is not definer:
                raise ValueError(f"{name} is defined by {before.defined_by.__name__} and {definer.__name__}: keep one of them")
            default = "the host's name" if name == "RUNNER_OWNER" else _written(info.default)
            readers = (*(before.services if before else ()), service)
            found[name] = Variable(name, definer, default, info.description or "", readers)
    return found


def _written(default: object) -> str:
    if default is None:
        return "(unset)"
    if isinstance(default, bool):
        return str(default).lower()
    return str(default)


def render(services: Mapping[str, type[BaseSettings]] = SERVICES) -> str:
    """The page; raises ValueError that names each variable without a meaning, or in no table."""
    known = variables(services).values()
    if missing := sorted(variable.name for variable in known if not variable.meaning):
        raise ValueError(f"no meaning is written for {', '.join(missing)}: give the field a description")
    shown = {settings for group in GROUPS.values() for settings in group}
    if left := sorted(variable.name for variable in known if variable.defined_by not in shown):
        raise ValueError(f"no table shows {', '.join(left)}: add the settings class to GROUPS in ops/configuration.py")
    return "\n".join([_HEAD, *_tables(list(known))]) + "\n"


def _tables(known: Sequence[Variable]) -> Iterator[str]:
    for title, group in GROUPS.items():
        yield f"## {title}\n"
        yield "| variable | default | read by | meaning |"
        yield "|---|---|---|---|"
        for settings in group:
            for variable in known:
                if variable.defined_by is settings:
                    yield _row(variable)
        yield ""


def _row(variable: Variable) -> str:
    readers = "all" if len(variable.services) == len(SERVICES) else ", ".join(variable.services)
    default = variable.default if variable.default.startswith(("(", "the ")) else f"`{variable.default}`"
    return f"| `{variable.name}` | {default} | {readers} | {variable.meaning} |"


def main() -> int:
    """Writes the page, or with --check compares it; 1 where it is not what would be written."""
    parser = argparse.ArgumentParser(prog="python -m ops.configuration", description=__doc__)
    parser.add_argument("--check", action="store_true")
    check = parser.parse_args().check
    text = render()
    if not check:
        PAGE.write_text(text, encoding="utf-8")
        return 0
    if PAGE.is_file() and PAGE.read_text(encoding="utf-8") == text:
        return 0
    print(f"{PAGE.name} is not what the settings classes say: run python -m ops.configuration", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
