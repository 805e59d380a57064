"""How an answer stands to its source, claim by claim, and the rate over many answers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from gpu_runner.text.abstention import abstains
from gpu_runner.text.grounding.evidence import read_sources
from gpu_runner.text.grounding.rules import Source
from gpu_runner.text.grounding.verdict import claims_of, judged


@dataclass(frozen=True)
class Grounding:
    """How one answer stands to its source: `unsupported` of `checkable` claims; `abstained` answers make no claim."""

    claims: int
    checkable: int
    unsupported: int
    abstained: bool
    has_source: bool


@dataclass(frozen=True)
class HallucinationRate:
    """Over many answers: `rate` = unsupported ÷ checkable claims (0 where none is checkable: then `coverage` is 0 too).

    `coverage` = checkable ÷ all claims; `abstentions` and `without_source` count answers.
    """

    rate: float
    coverage: float
    claims: int
    checkable: int
    unsupported: int
    abstentions: int
    without_source: int


def ground(answer: str, source: Source | None, question: str | None = None) -> Grounding:
    """Check one answer against its source, a short one also against what was asked; nothing is checkable without a source."""
    if abstains(answer):
        return Grounding(0, 0, 0, True, source is not None)
    claims = claims_of(answer)
    if source is None:
        return Grounding(len(claims), 0, 0, False, False)
    read = read_sources((source.text,))
    verdicts = [judged(claim, read, question if len(claims) == 1 else None).supported for claim in claims]
    return Grounding(len(claims), sum(verdict is not None for verdict in verdicts), verdicts.count(False), False, True)


def hallucination_rate(groundings: Iterable[Grounding]) -> HallucinationRate:
    """The rate over many answers, never NaN."""
    rows = list(groundings)
    claims, checkable, unsupported = (sum(getattr(row, name) for row in rows) for name in ("claims", "checkable", "unsupported"))
    return HallucinationRate(
        rate=unsupported / checkable if checkable else 0.0,
        coverage=checkable / claims if claims else 0.0,
        claims=claims,
        checkable=checkable,
        unsupported=unsupported,
        abstentions=sum(row.abstained for row in rows),
        without_source=sum(not row.has_source for row in rows),
    )
