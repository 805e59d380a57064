"""What a model must give to judge claims in the place of the rules."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, Protocol

Label = Literal["entailed", "contradicted", "neutral"]
LABELS: Final[tuple[Label, ...]] = ("entailed", "contradicted", "neutral")


class ModelFailed(Exception):
    """The model gave no usable reply; the message says what came. The rules judge the claim then, and the failure is counted."""


@dataclass(frozen=True, slots=True)
class EntailmentVerdict:
    """`prob` is that of `label`, from 0 to 1; `evidence_span` is the number of the sentence of the premise that decided, where one did."""

    label: Label
    prob: float
    evidence_span: int | None


class Entailment(Protocol):
    """A model of entailment."""

    @property
    def name(self) -> str:
        """What it is, for reports: a model's name at its server, or the hash of its folder."""

    def score(self, premise: Sequence[str], claim: str) -> EntailmentVerdict:
        """Whether the sentences of the premise say what the claim says; raises ModelFailed."""


class Embeddings(Protocol):
    """A model that says how alike texts are."""

    @property
    def name(self) -> str:
        """As of `Entailment`."""

    def similarities(self, claim: str, sentences: Sequence[str]) -> list[float]:
        """The cosine of the claim with each sentence, from -1 to 1; raises ModelFailed."""


def checked(label: object, prob: object, place: object, sentences: int) -> EntailmentVerdict:
    """A verdict of values that came from outside; raises ModelFailed for those that are none.

    >>> checked("entailed", 0.9, 1, 2)
    EntailmentVerdict(label='entailed', prob=0.9, evidence_span=1)
    """
    found = next((one for one in LABELS if one == label), None)
    if found is None:
        raise ModelFailed(f"field 'label': expected one of {', '.join(LABELS)}, found {label!r:.60}")
    if isinstance(prob, bool) or not isinstance(prob, int | float) or not 0 <= prob <= 1:
        raise ModelFailed(f"field 'prob': expected a number from 0 to 1, found {prob!r:.60}")
    inside = isinstance(place, int) and not isinstance(place, bool) and 0 <= place < sentences
    return EntailmentVerdict(found, float(prob), place if inside and isinstance(place, int) else None)
