"""Corpus BLEU and chrF by sacreBLEU, with their signatures; scores are 0 to 100 as sacreBLEU gives them.

`intl` is the headline because `13a` takes danda spacing alone for a difference (86.1 on identical Hindi). A missing answer is "".
What the evaluation counts is put into NFC first, or one text in two normal forms would be two.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from functools import cache
from typing import Any, Final

NAMES: Final = ("bleu", "bleu_13a", "chrf", "chrf++")


@cache
def _metric(name: str) -> Any:
    # Imported at use: the service's API reads the names of metrics without loading sacreBLEU.
    from sacrebleu.metrics import BLEU, CHRF

    if name == "bleu":
        return BLEU(tokenize="intl")
    if name == "bleu_13a":
        return BLEU(tokenize="13a")
    return CHRF(word_order=2 if name == "chrf++" else 0)


def corpus_scores(predictions: Sequence[str | None], references: Sequence[Sequence[str]], names: Sequence[str] = NAMES) -> dict[str, float]:
    """The corpus scores of all answers, each against all its references; both sides are put into NFC.

    BLEU is sacreBLEU's own, of order four: 0 where no answer has four tokens. Raises ValueError without answers.
    """
    texts = [_nfc(prediction or "") for prediction in predictions]
    signed = signed_scores(texts, [[_nfc(text) for text in given] for given in references], names)
    return {name: round(score, 4) for name, (score, _) in signed.items()}


def signed_scores(
    predictions: Sequence[str | None], references: Sequence[Sequence[str]], names: Sequence[str] = NAMES
) -> dict[str, tuple[float, str]]:
    """Score and signature of each name, of the texts as they are given; sacreBLEU knows a signature only once it has scored."""
    if not predictions or len(predictions) != len(references):
        raise ValueError(f"{len(predictions)} answers for {len(references)} items: expected the same number of both, at least one")
    texts = [prediction or "" for prediction in predictions]
    most = max(map(len, references))
    # sacreBLEU wants reference streams of equal length; None marks an item without that many references.
    streams = [[given[place] if place < len(given) else None for given in references] for place in range(most)]
    return {name: (float(_metric(name).corpus_score(texts, streams).score), str(_metric(name).get_signature())) for name in names}


def signatures(references: Sequence[Sequence[str]]) -> dict[str, str]:
    """sacreBLEU's signature of each score for these references."""
    return {name: signature for name, (_, signature) in signed_scores([""] * len(references), references).items()}


def sentence_chrf(prediction: str | None, references: Sequence[str]) -> float:
    """chrF of one answer against its best reference, 0 to 100."""
    return round(float(_metric("chrf").sentence_score(_nfc(prediction or ""), list(map(_nfc, references))).score), 4)


def _nfc(text: str) -> str:
    return unicodedata.normalize("NFC", text)
