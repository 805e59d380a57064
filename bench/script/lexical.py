"""Recall of texts with damaged words at 1 % false, by kind; beside it the share of words that no vocabulary has."""

from __future__ import annotations

import math
import random
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any, Final

from bench.script.damage import LEXICAL, damaged
from bench.script.material import Paragraph, paragraphs, texts
from gpu_runner.text.script import LexicalModel
from gpu_runner.text.script.base_words import base_model
from gpu_runner.text.script.letters import placed_words

SHARE: Final = 0.2
LENGTHS: Final = (5, 10, 20, 50, 100, 200, 400)

Judge = Callable[[str], bool]


def unknown_share(text: str, model: LexicalModel) -> float:
    """The share of a text's words that are not in the vocabulary: the baseline."""
    words = [found.word for found in placed_words(text)]
    return sum(word not in model for word in words) / len(words) if words else 0.0


def single_texts(seed: int, most_texts: int | None = None) -> dict[str, Any]:
    """False texts and recall by kind of each source, the share of damaged words beside it; then of texts of other lengths, all undamaged.

    A kind whose letters too few words have (the virama's) damages all that there are.
    """
    model = base_model()
    # The baseline is given what the evidence is not: a limit of its own for each source.
    limits = {source: _quantile([unknown_share(text, model) for text in found], 0.99) for source, found in texts("chosen").items()}
    judges: dict[str, Callable[[str], Judge]] = {
        "evidence": lambda source: lambda text: model.report(text).suspect,
        "unknown words": lambda source: lambda text: unknown_share(text, model) > limits[source],
    }
    measured = {source: found[:most_texts] for source, found in texts("measured").items()}
    return {
        "share_of_words_damaged": SHARE,
        "sources": {
            source: {name: _judged(found, judge(source), seed) for name, judge in judges.items()} for source, found in measured.items()
        },
        "false_by_words": {source: _by_length(found, model) for source, found in measured.items()},
    }


def _judged(sample: Sequence[str], judge: Judge, seed: int) -> dict[str, Any]:
    kinds = {}
    for kind, change in LEXICAL.items():
        rng = random.Random(f"{seed} {kind}")
        hurt = [damaged([text], change, SHARE, rng)[0][0] for text in sample]
        kinds[kind] = round(sum(map(judge, hurt)) / len(hurt), 4)
    return {
        "texts": len(sample),
        "false": round(sum(map(judge, sample)) / len(sample), 4),
        "recall": kinds,
        "mean_recall": round(sum(kinds.values()) / len(kinds), 4),
    }


def _by_length(sample: Sequence[str], model: LexicalModel) -> dict[str, float]:
    words = [found.word for text in sample for found in placed_words(text)]
    out = {}
    for length in LENGTHS:
        parts = [" ".join(words[start : start + length]) for start in range(0, len(words) - length + 1, max(5, length // 3))]
        if parts:
            out[str(length)] = round(sum(model.report(part).suspect for part in parts) / len(parts), 4)
    return out


def with_documents(seed: int) -> dict[str, Any]:
    """The articles again, by a model that has learnt the other paragraphs of the same article: an installation that knows its documents."""
    articles: defaultdict[int, list[Paragraph]] = defaultdict(list)
    for paragraph in paragraphs("measured"):
        articles[paragraph.article].append(paragraph)
    told: dict[str, int] = dict.fromkeys(("false", *LEXICAL), 0)
    count = 0
    rngs = {kind: random.Random(f"{seed} {kind}") for kind in LEXICAL}
    for found in articles.values():
        for half in (0, 1):
            model = base_model().with_texts(paragraph.text for number, paragraph in enumerate(found) if number % 2 != half)
            for paragraph in found[half::2]:
                count += 1
                told["false"] += model.report(paragraph.text).suspect
                for kind, change in LEXICAL.items():
                    told[kind] += model.report(damaged([paragraph.text], change, SHARE, rngs[kind])[0][0]).suspect
    recall = {kind: round(told[kind] / count, 4) for kind in LEXICAL}
    return {
        "texts": count,
        "false": round(told["false"] / count, 4),
        "recall": recall,
        "mean_recall": round(sum(recall.values()) / len(recall), 4),
    }


def _quantile(values: Sequence[float], level: float) -> float:
    return sorted(values)[min(len(values) - 1, math.ceil(level * len(values)) - 1)]
