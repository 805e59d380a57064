"""docker-compose.yml as options of `podman run`: only what the file says, so that what is run is what it means."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

FILE: Final = Path(__file__).parents[2] / "docker-compose.yml"
_VARIABLE: Final = re.compile(r"\$(?:(?P<dollar>\$)|\{(?P<name>\w+)(?:(?P<how>:[-?])(?P<other>[^}]*))?\})")
# What a service may say and this module translates, or leaves out knowingly: the reservation of a GPU, restarts, the check.
KNOWN: Final = frozenset(
    {"image", "build", "command", "entrypoint", "environment", "ports", "volumes", "depends_on", "profiles", "user", "read_only", "tmpfs"}
    | {"cap_drop", "cap_add", "security_opt", "init", "network_mode", "healthcheck", "restart", "deploy", "stop_grace_period"}
)


@dataclass(frozen=True, slots=True)
class Composition:
    """The services by their names, with every variable put in."""

    name: str
    services: Mapping[str, Mapping[str, Any]]

    def started_by_up(self) -> list[str]:
        """The names of what `up` starts, each behind what it depends on."""
        found: list[str] = []

        def add(name: str) -> None:
            for other in self.services[name].get("depends_on", {}):
                add(other)
            if name not in found:
                found.append(name)

        for name, service in self.services.items():
            if not service.get("profiles"):
                add(name)
        return found


def read_composition(environment: Mapping[str, str], path: Path = FILE) -> Composition:
    """The file with the environment's values; raises ValueError for a variable that must be set, and for a key that is not translated."""

    def put_in(value: Any) -> Any:
        if isinstance(value, str):
            return _VARIABLE.sub(lambda found: _value(found, environment), value)
        if isinstance(value, list):
            return [put_in(one) for one in value]
        if isinstance(value, dict):
            return {key: put_in(one) for key, one in value.items()}
        return value

    whole = yaml.safe_load(path.read_text(encoding="utf-8"))
    services = put_in(whole["services"])
    for name, service in services.items():
        if unknown := sorted(service.keys() - KNOWN):
            raise ValueError(f"{path.name}: service {name}: {', '.join(unknown)} is not translated to podman")
    return Composition(whole["name"], services)


def _value(found: re.Match[str], environment: Mapping[str, str]) -> str:
    if found["dollar"]:
        return "$"
    value = environment.get(found["name"], "")
    if value or found["how"] is None:
        return value
    if found["how"] == ":?":
        raise ValueError(f"{found['name']}: {found['other']}")
    return str(found["other"])


def hardening(service: Mapping[str, Any]) -> list[str]:
    """User, root, memory folders, capabilities, privileges and the first process, as the service says."""
    options = [f"--cap-drop={name}" for name in service.get("cap_drop", ())] + [f"--cap-add={name}" for name in service.get("cap_add", ())]
    # Podman would add memory folders that Docker has not.
    options += ["--read-only", "--read-only-tmpfs=false"] if service.get("read_only") else []
    options += [f"--tmpfs={_memory(place)}" for place in service.get("tmpfs", ())]
    options += [f"--security-opt={option.removesuffix(':true')}" for option in service.get("security_opt", ())]
    options += [f"--user={service['user']}"] if "user" in service else []
    return options + (["--init"] if service.get("init") else [])


def _memory(place: str) -> str:
    """A memory folder as podman takes it: of its user, where the file says of which."""
    path, _, options = place.partition(":")
    words = [word for word in options.split(",") if word]
    kept = [word for word in words if not word.startswith(("uid=", "gid="))] + (["U"] if "uid=" in options else [])
    return f"{path}:{','.join(kept)}" if kept else path


def environment_of(service: Mapping[str, Any], changes: Mapping[str, str | None] | None = None) -> list[str]:
    """The service's variables, some of them changed, or left out (None)."""
    values = {**service.get("environment", {}), **(changes or {})}
    return [f"--env={name}={value}" for name, value in values.items() if value is not None]


def mounts(service: Mapping[str, Any], project: str, folder: Path) -> list[str]:
    """Volumes under the project's name, and folders below the composition's."""
    options = []
    for volume in service.get("volumes", ()):
        source, rest = volume.split(":", 1)
        options.append(f"--volume={(folder / source).resolve() if source.startswith('.') else f'{project}_{source}'}:{rest}")
    return options


def command_of(service: Mapping[str, Any], words: Sequence[str] = ()) -> tuple[list[str], list[str]]:
    """The entry point's option, and the words behind the image: the service's, or those of a call."""
    entry = service.get("entrypoint")
    behind = [str(word) for word in (words or service.get("command", ()))]
    if entry is None:
        return [], behind
    return [f"--entrypoint={entry[0]}"], [*entry[1:], *behind]


def seconds(duration: str) -> float:
    """A duration of the file, such as 20s."""
    return float(duration.removesuffix("s"))
