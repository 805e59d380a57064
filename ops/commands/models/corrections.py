"""`abhyas corrections MODEL`: what became of each correction that a model's lineage learnt, as the runner tells it."""

from __future__ import annotations

import json
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from typing import Annotated, Any, Final

import typer

from ops.commands.models.operator import named_model
from ops.commands.options import Data, Json
from ops.errors import OperationFailed
from ops.stack import description as running

# A lineage of a hundred rounds is read from the store for it.
TIMEOUT_S: Final = 60
COLUMNS: Final = ("origin", "corrections", "learnt", "kept", "lost", "not_learnt", "not_asked", "withdrawn")


def corrections(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="The model's name or slug.")],
    *,
    version: Annotated[str | None, typer.Option(help="Whose lineage (default: the version that serves).", show_default=False)] = None,
    as_json: Json = False,
    data: Data = None,
) -> None:
    """Shows what became of each correction: learnt, kept or lost, by the round that learnt it; ids, no words."""
    query = "" if version is None else f"?{urllib.parse.urlencode({'version': version})}"
    found = fetched(f"{running.service_urls(data)['runner']}/models/{named_model(model)}/corrections{query}")
    if as_json:
        print(json.dumps(found, ensure_ascii=False, indent=1))
    else:
        show(found)


def fetched(url: str) -> dict[str, Any]:
    """What the runner answers. Raises OperationFailed with its own words, or where nobody answers."""
    try:
        with urllib.request.urlopen(url, timeout=TIMEOUT_S) as answer:
            return dict(json.load(answer))
    except urllib.error.HTTPError as refused:
        try:
            told = json.load(refused)["error"]["message"]
        except (ValueError, LookupError, TypeError):
            told = f"HTTP {refused.code}"
        raise OperationFailed(f"the runner refused: {told}") from None
    except (OSError, ValueError) as error:
        raise OperationFailed(f"the runner does not answer at {url} ({error}): is it running (`abhyas status`)?") from None


def show(found: Mapping[str, Any]) -> None:
    """The counts by round, then each correction that is lost now."""
    from ops.tables import show_table

    print(f"{found['model']} {found['version']}, its lineage {' '.join(found['versions'])}; each correction's state when it was last asked")
    show_table(COLUMNS, ([str(one[name]) for name in COLUMNS] for one in found["rounds"]))
    for version, why in found["unreadable"].items():
        print(f"what {version} answered is not known: {why}")
    if lost := [one for one in found["corrections"] if one["now"] == "lost"]:
        print(f"{len(lost)} lost:")
        show_table(("id", "origin", "language", "since"), ([one["id"], one["origin"], one["language"], _since(one)] for one in lost))


def _since(one: Mapping[str, Any]) -> str:
    """The first version of those in which it is lost that no right answer follows."""
    asked = [(version, state) for version, state in one["states"].items() if state != "not_asked"]
    since = ""
    for version, state in reversed(asked):
        if state != "lost":
            break
        since = version
    return since
