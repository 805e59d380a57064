"""`abhyas gate`: is the candidate measurably better, by the gate that the runner promotes with, on rows of scores from anywhere."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from ops.commands.options import Json
from ops.errors import WrongUsage
from ops.input_files.jsonl_rows import jsonl_rows

if TYPE_CHECKING:
    from gpu_runner.gate.decision import Decision
    from gpu_runner.gate.policy import Policy

MAX_LINE_BYTES: Final = 1 << 20
_FILE: Final = "FILE.jsonl"


def gate(
    *,
    baseline: Annotated[
        Path, typer.Option(metavar=_FILE, help='What serves: a row an item, {"id", "group", "language", "set"?, "kind"?, "metrics": {…}}.')
    ],
    candidate: Annotated[Path, typer.Option(metavar=_FILE, help="What may serve: the same items.")],
    start: Annotated[
        Path | None, typer.Option(metavar=_FILE, help="The first version of the lineage: small losses must not add up unseen.")
    ] = None,
    repeat: Annotated[
        Path | None, typer.Option(metavar=_FILE, help="The baseline asked again: how much it moves by itself is no gain.")
    ] = None,
    policy: Annotated[
        Path | None, typer.Option(metavar="FILE.yaml", help="Levels, margins and guards; without one, this release's for the sets given.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of the resampling, where groups hold several items.")] = 0,
    as_json: Json = False,
) -> int:
    """PROMOTE, REJECT, ABSTAIN or BROKEN, with the reasons, what drove a refusal, and how many items would settle an ABSTAIN.

    `set` is `repair` (where the candidate has to gain) unless a row says otherwise; every other set is a guard: nothing of it may be lost.
    What is missing or differs between the files is BROKEN, never a promotion. The exit code is 0 for each of the four. docs/gate.md has the
    rules.
    """
    from gpu_runner.gate.decide import broken
    from gpu_runner.gate.policy import Policy
    from gpu_runner.gate.rows import decide_rows

    asked = None if policy is None else _policy(policy)
    found: dict[str, list[Any] | None] = {}
    try:
        for side, path in (("baseline", baseline), ("candidate", candidate), ("start", start), ("repeat", repeat)):
            found[side] = None if path is None else _rows(path)
    except WrongUsage as error:
        decision = broken(asked or Policy(languages=(), required=()), str(error))
    else:
        decision = decide_rows(
            asked, found["baseline"] or [], found["candidate"] or [], seed=seed, start=found["start"], repeat=found["repeat"]
        )
    print(json.dumps(_as_json(decision), ensure_ascii=False, indent=1, allow_nan=False) if as_json else _sentences(decision))
    return 0


def _policy(path: Path) -> Policy:
    from gpu_runner.gate.policy import PolicyError
    from gpu_runner.versions.gate_policy_file import parse_policy

    try:
        return parse_policy(path.read_bytes(), languages=(), required=())
    except OSError as error:
        raise WrongUsage(f"{path}: can't be read: {error.strerror or error}") from None
    except PolicyError as error:
        raise WrongUsage(f"{path}: {error}") from None


def _rows(path: Path) -> list[Any]:
    """The rows of a file. Raises WrongUsage with file and line for what is no JSON."""
    from gpu_runner.gate.rows import ROW

    return [value for _, value in jsonl_rows(path, max_bytes=MAX_LINE_BYTES, expected=f"expected {ROW}")]


def _as_json(decision: Decision) -> dict[str, Any]:
    """The decision for a program: the word as `verdict`, the other figures as they are."""
    whole: Mapping[str, Any] = asdict(decision)
    first = {"verdict": decision.word, "reasons": list(decision.reasons)}
    return first | {name: whole[name] for name in whole if name not in ("verdict", "reasons", "broken", "items_sha256")}


def _sentences(decision: Decision) -> str:
    lines = [decision.word, *(f"  {reason}" for reason in decision.reasons)]
    if decision.driver is not None and decision.driver["failing_ids"]:
        lines.append(f"  failing: {', '.join(decision.driver['failing_ids'])}")
    if decision.false_promotions_a_year is not None:
        lines.append(
            f"  at most {decision.false_promotions_a_year:.1f} candidates a year that gained nothing would be promoted by this policy"
        )
    return "\n".join(lines)
