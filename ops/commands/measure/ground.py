"""`abhyas ground`: whether sources say what claims say, a JSON line each; no service is asked."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from ops.commands.options import Json
from ops.errors import OperationFailed, WrongUsage, settings_trouble
from ops.input_files.jsonl_rows import jsonl_rows

if TYPE_CHECKING:
    from gpu_runner.text.grounding import ClaimVerdict

EXPECTED: Final = 'expected {"id", "claim", "sources": [texts], "question"?, "language"}'
MAX_LINE_BYTES: Final = 64 << 20


@dataclass(frozen=True, slots=True)
class _ClaimRow:
    id: str | int
    claim: str
    sources: tuple[str, ...]
    question: str | None
    language: str


def ground(
    *,
    claims: Annotated[
        Path, typer.Option(metavar="FILE.jsonl", help='A row a line: {"id", "claim", "sources": [texts], "question"?, "language"}.')
    ],
    as_json: Json = False,
) -> int:
    """Whether the sources of each claim say what it says: supported, not, or nothing to check; with score, evidence and reasons.

    The rules judge, or the model of entailment that GROUNDING_ENTAILMENT_PATH or GROUNDING_ENTAILMENT_URL names; which it was is told on
    stderr. All rows are read before the first is judged. docs/evaluation/grounding.md has the format and how often it is right.
    """
    from gpu_runner.evaluate.entailment.claims import ClaimJudge
    from gpu_runner.evaluate.entailment.protocol import ModelFailed
    from ops.command_settings import CommandSettings

    rows = list(_rows(claims))
    try:
        judge = ClaimJudge.of(CommandSettings())
    except ValueError as error:
        raise settings_trouble(error) from None
    except ModelFailed as error:
        raise OperationFailed(str(error)) from None
    counts: Counter[bool | None] = Counter()
    with judge:
        for row in rows:
            verdict = judge.verdict(row.claim, row.sources, row.question)
            counts[verdict.supported] += 1
            print(_line(row, verdict) if as_json else _sentence(row, verdict))
        told = f"{len(rows)} claims: {counts[True]} supported, {counts[False]} not, {counts[None]} without anything to check"
        print(f"{told}; judged by {judge.signature}", file=sys.stderr)
        for reason, count in judge.failures.most_common():
            print(f"{count} times {reason}", file=sys.stderr)
    return 0


def _rows(path: Path) -> Iterator[_ClaimRow]:
    """The rows; raises WrongUsage with file, line and field for the first that is none, and for an id that comes twice."""
    seen: dict[str | int, int] = {}
    for number, value in jsonl_rows(path, max_bytes=MAX_LINE_BYTES, expected=EXPECTED):
        row = _row(value, f"{path}:{number}")
        if row.id in seen:
            raise WrongUsage(f"{path}:{number}: field 'id': {row.id!r} is that of line {seen[row.id]} too: expected each id once")
        seen[row.id] = number
        yield row


def _row(value: Any, where: str) -> _ClaimRow:
    from gpu_runner.text.languages import primary_language

    if not isinstance(value, dict):
        raise WrongUsage(f"{where}: {EXPECTED}")

    def wrong(field: str, wanted: str) -> WrongUsage:
        found = "nothing" if field not in value else json.dumps(value[field], ensure_ascii=False)[:60]
        return WrongUsage(f"{where}: field {field!r}: expected {wanted}, found {found}")

    identity, sources, language = value.get("id"), value.get("sources"), value.get("language")
    if isinstance(identity, bool) or not isinstance(identity, str | int) or identity == "":
        raise wrong("id", "a text or a whole number")
    if not isinstance(value.get("claim"), str):
        raise wrong("claim", "a text")
    if not isinstance(sources, list) or not all(isinstance(source, str) for source in sources):
        raise wrong("sources", "a list of texts")
    if value.get("question") is not None and not isinstance(value["question"], str):
        raise wrong("question", "a text")
    primary = primary_language(language) if isinstance(language, str) else None
    if primary is None:
        raise wrong("language", "a language tag such as 'hi' or 'en'")
    return _ClaimRow(identity, value["claim"], tuple(sources), value.get("question"), primary)


def _line(row: _ClaimRow, verdict: ClaimVerdict) -> str:
    from gpu_runner.text.languages import OWN_CHECKS

    general = () if row.language in OWN_CHECKS or verdict.supported is None else (f"of {row.language} the general rules alone are known",)
    told = {
        "id": row.id,
        "supported": verdict.supported,
        "score": verdict.score,
        "evidence": [asdict(span) for span in verdict.evidence],
        "reasons": [*verdict.reasons, *general],
    }
    return json.dumps(told, ensure_ascii=False)


def _sentence(row: _ClaimRow, verdict: ClaimVerdict) -> str:
    said = {True: "supported", False: "not supported", None: "nothing to check"}[verdict.supported]
    score = "" if verdict.score is None else f" ({verdict.score:.2f})"
    shown = "".join(f"\n    [{span.source}] {span.text}" for span in verdict.evidence)
    return f"{row.id}: {said}{score}: {'; '.join(verdict.reasons)}{shown}"
