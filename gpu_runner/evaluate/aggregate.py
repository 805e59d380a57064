"""From rows of items to figures over them: means, corpus scores and rates, over all, by set and by language."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from gpu_runner.dataset.rows import EvaluationItem
from gpu_runner.evaluate import bleu
from gpu_runner.evaluate.long_answers.kinds import preference_fixed
from gpu_runner.text.grounding import Grounding, HallucinationRate, hallucination_rate

_MEANS: Final = ("exact_match", "f1", "em_guarded", "em_squad", "f1_squad", "em_lenient", "f1_lenient")
_COUNTED_RATES: Final = {
    "romanised_hindi_rate": "romanised_hindi",
    "latin_mid_word_rate": "latin_mid_word",
    "malformed_word_rate": "malformed_words",
    "other_language_rate": "other_language",
    "structural_fault_rate": "structural_faults",
    "lexical_suspect_rate": "lexical_suspect",
    "missing_rate": "missing",
    "abstention_rate": "abstained",
}
METRICS: Final[tuple[str, ...]] = (
    *_MEANS,
    *bleu.NAMES,
    *("hallucination_rate", "hallucination_coverage", "devanagari_consistency", "devanagari_share"),
    *_COUNTED_RATES,
    *("cut_rate", "latency_ms", "tokens"),
    *("preference_margin", "preference_accuracy"),
    *("fixed", "fact_recall", "contradiction_rate"),
)
FIGURE_DECIMALS: Final = 6
# Means over the items that have the value; the name of the metric, then of the row's field.
_WHERE_KNOWN: Final = {
    "devanagari_share": "devanagari_share",
    "latency_ms": "latency_ms",
    "tokens": "tokens",
    "cut_rate": "cut",
    "preference_margin": "preference_margin",
    "fact_recall": "fact_recall",
}


Row = Mapping[str, Any]


def _mean(field: str) -> Callable[[Sequence[Row]], float | None]:
    return lambda rows: sum(row[field] for row in rows) / len(rows)


def _share(flag: str) -> Callable[[Sequence[Row]], float | None]:
    return lambda rows: sum(bool(row[flag]) for row in rows) / len(rows)


def _mean_where_known(field: str) -> Callable[[Sequence[Row]], float | None]:
    def mean(rows: Sequence[Row]) -> float | None:
        values = [row[field] for row in rows if row.get(field) is not None]
        return sum(values) / len(values) if values else None

    return mean


def _hallucination(rows: Sequence[Row]) -> HallucinationRate:
    return hallucination_rate(
        Grounding(row["claims"], row["checkable"], row["unsupported"], row["abstained"], row["has_source"]) for row in rows
    )


def _right_script(rows: Sequence[Row]) -> float:
    judged = [row["script_violation"] for row in rows if row["script_violation"] is not None]
    return 1 - sum(judged) / len(judged) if judged else 1.0


def _contradiction_rate(rows: Sequence[Row]) -> float | None:
    contradicting = [row["contradictions"] > 0 for row in rows if row.get("contradictions") is not None]
    return sum(contradicting) / len(contradicting) if contradicting else None


def _preference_accuracy(rows: Sequence[Row]) -> float | None:
    """The share of preferences that the model has too."""
    margins = [row["preference_margin"] for row in rows if row.get("preference_margin") is not None]
    return sum(map(preference_fixed, margins)) / len(margins) if margins else None


# What rows alone say: from the rows of at least one item to a figure, None where no row has it; KeyError where a row lacks its field.
FIGURES_OF_ROWS: Final[Mapping[str, Callable[[Sequence[Row]], float | None]]] = {
    **{name: _mean(name) for name in _MEANS},
    "hallucination_rate": lambda rows: _hallucination(rows).rate,
    "hallucination_coverage": lambda rows: _hallucination(rows).coverage,
    **{name: _share(flag) for name, flag in _COUNTED_RATES.items()},
    "devanagari_consistency": _right_script,
    "fixed": _mean("em"),
    "contradiction_rate": _contradiction_rate,
    **{name: _mean_where_known(field) for name, field in _WHERE_KNOWN.items()},
    "preference_accuracy": _preference_accuracy,
}


def metrics_of(items: Sequence[EvaluationItem], rows: Sequence[Row], predictions: Sequence[str | None]) -> dict[str, float]:
    """Every metric over some items; an empty list gives {"items": 0}."""
    out: dict[str, float] = {"items": len(items)}
    if not items:
        return out
    figures = {name: figure(rows) for name, figure in FIGURES_OF_ROWS.items()}
    out |= {name: value for name in _MEANS if (value := figures.pop(name)) is not None}
    out |= bleu.corpus_scores(predictions, [item.answers for item in items])
    out |= {name: value for name, value in figures.items() if value is not None}
    return {name: round(value, FIGURE_DECIMALS) for name, value in out.items()}


def cut_warning(items: Sequence[Mapping[str, Any]]) -> str | None:
    """A sentence about the answers of `scores["items"]` that were cut, each side by itself; None where none was."""
    told = []
    for side in ("candidate", "baseline"):
        answered = [item[side] for item in items if side in item]
        cut = sum(bool(row.get("cut")) for row in answered)
        if cut:
            told.append(f"{cut} of {len(answered)} answers of the {side} ({100 * cut / len(answered):.0f} %)")
    if not told:
        return None
    where = "EVALUATION_MAX_NEW_TOKENS or, where that is more, 1.25 times their longest right answer"
    return f"{' and '.join(told)} were cut at {where}: what is longer can't be counted as right, so set it higher"


def part(
    items: Sequence[EvaluationItem],
    rows: Sequence[Mapping[str, Any]],
    predictions: Sequence[str | None],
    *,
    language: str | None = None,
    item_set: str | None = None,
) -> dict[str, float]:
    chosen = [n for n, item in enumerate(items) if language in (None, item.language) and item_set in (None, item.set)]
    return metrics_of([items[n] for n in chosen], [rows[n] for n in chosen], [predictions[n] for n in chosen])


def by_set_and_language(
    items: Sequence[EvaluationItem], rows: Sequence[Mapping[str, Any]], predictions: Sequence[str | None]
) -> dict[str, dict[str, dict[str, float]]]:
    """set (or "all") to language (or "all") to metrics, for the combinations that have items."""
    languages: dict[str | None, set[str]] = defaultdict(set)
    for item in items:
        languages[item.set].add(item.language)
        languages[None].add(item.language)
    return {
        name or "all": {
            language or "all": part(items, rows, predictions, language=language, item_set=name)
            for language in (None, *sorted(languages[name]))
        }
        for name in (None, *sorted({item.set for item in items}))
    }
