"""Overlap of two texts in tokens: F1."""

from __future__ import annotations

from collections import Counter


def token_f1(prediction: str, reference: str) -> float:
    """F1 over white-space tokens of two normalised texts: 1 where both are empty, 0 where one is.

    >>> token_f1("नई दिल्ली में", "नई दिल्ली")
    0.8
    """
    if not prediction.split() and not reference.split():
        return 1.0
    return shared_f1(prediction, reference)


def shared_f1(prediction: str, reference: str) -> float:
    """The same as SQuAD's and MLQA's scripts have it: two texts without a token share none, so theirs is 0."""
    predicted, expected = prediction.split(), reference.split()
    overlap = sum((Counter(predicted) & Counter(expected)).values())
    if overlap == 0:
        return 0.0
    precision, recall = overlap / len(predicted), overlap / len(expected)
    return 2 * precision * recall / (precision + recall)
