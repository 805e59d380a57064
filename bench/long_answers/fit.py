"""`python -m bench.long_answers.fit --out bench/results/long-answers-fit.json`: fits the weights of the rule for long answers in English.

Writes `gpu_runner/evaluate/long_answers/in_english/weights.py`, and figures of cases that the weights were not fitted on: each tenth of the
cases is scored by weights fitted without it. Fitted on the tuning set in English (both of its halves), the own set and generated answers of
the tuning articles. The weights of Hindi are left as they were fitted before English had its own. About two minutes of processor time;
needs ../shared/data.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from scipy.optimize import minimize

from bench.long_answers.cases import OWN, TUNING_EN, LongCase, read
from bench.long_answers.generated import generated
from bench.long_answers.measure import balanced, figures_by_kind, of_language
from gpu_runner.evaluate.bleu import sentence_chrf
from gpu_runner.evaluate.long_answers.comparison import compared
from gpu_runner.evaluate.long_answers.in_english import weights as written
from gpu_runner.evaluate.long_answers.in_english.figures import english_figures
from gpu_runner.evaluate.long_answers.units import units_of

WEIGHTS: Final = Path(written.__file__)
PENALTY: Final = 10.0
# What an own answer and a generated one count beside one by others.
OWN_WEIGHT: Final = 0.5
GENERATED_WEIGHT: Final = 0.05
GENERATED_CASES: Final = 100
TENTHS: Final = 10
LEAST_SPREAD: Final = 0.05
# Figures that can only speak for an answer, and those that can only speak against it; the others are free.
FOR: Final = frozenset(
    [
        "recall",
        "fact_recall",
        "fact_precision",
        "core_precision",
        "number_recall",
        "name_recall",
        "telling",
        "shared",
        "changed_recall",
        "changed_sentences",
        "changed_numbers",
        "changed_names",
        "closer",
        "closer_pairs",
        "new_links",
        "links_kept",
        "chrf",
        "rare_shared",
        "rare_asked",
        "on_subject",
        "rare_precision",
        "answering_recall",
        "worst_changed",
        "asked_changed",
        "replaced_recall",
        "lead_recall",
    ]
)
AGAINST: Final = frozenset(
    [
        "number_conflict",
        "name_conflict",
        "novel_numbers",
        "novel_names",
        "none_changed",
        "old_numbers",
        "old_names",
        "old_share",
        "old_links",
        "put_number",
        "put_name",
        "put_other",
        "moved",
        "exchanged",
        "order_missing",
        "few_shared",
        "little_precise",
        "word_conflict",
        "no_changed_number",
        "no_changed_name",
        "put_denial",
        "lost_denial",
        "put_opposite",
        "other_part",
        "swapped",
        "links_made",
        "denies",
        "denies_not",
        "opposites",
        "none_telling",
        "none_rare",
        "no_number",
        "no_name",
        "asked_unchanged",
        "none_replaced",
        "put_single",
        "put_any_number",
        "denials_more",
        "denials_fewer",
        "odd_denials",
        "opposed",
        "asks_back",
    ]
)

Matrix = np.ndarray[Any, np.dtype[np.float64]]


@dataclass(frozen=True, slots=True)
class Rows:
    """The answers of some cases as figures `(n, f)`, with the label (1: right), kind and number of the case of each."""

    figures: Matrix
    right: Matrix
    kinds: list[str]
    cases: Matrix
    names: list[str]


def rows_of(cases: Sequence[LongCase], *, with_rejected: bool) -> Rows:
    """The figures of every answer of the cases."""
    found: list[dict[str, float]] = []
    right, kinds, numbers = [], [], []
    for number, case in enumerate(cases):
        reference, question = units_of(case.reference), units_of(case.question)
        rejected = units_of(case.rejected) if with_rejected else None
        for answer in case.answers:
            pair = compared(units_of(answer.text), reference, rejected, question)
            of_rejected = sentence_chrf(answer.text, [case.rejected]) if with_rejected else 0.0
            chrf = sentence_chrf(answer.text, [case.reference])
            found.append({**english_figures(pair, answer.text, chrf=chrf, chrf_of_rejected=of_rejected), "one": 1.0})
            right.append(float(answer.label == "right"))
            kinds.append(answer.kind)
            numbers.append(float(number))
    names = list(found[0])
    return Rows(np.array([[row[name] for name in names] for row in found]), np.array(right), kinds, np.array(numbers), names)


def fitted(rows: Rows, chosen: Matrix, more: Sequence[tuple[Rows, float]]) -> Matrix:
    """Logistic regression with squared penalty on standardised figures and fixed signs. Weights `(f,)`.

    Of `rows` the chosen count, of `more` all, by the weight beside them. Right and wrong answers count alike, and a kind by the root of its
    number, so that the many paraphrases do not decide all.
    """
    every = np.concatenate([rows.figures, *(other.figures for other, _ in more)])
    # A figure that hardly varies must not get a great weight by it.
    scale = np.maximum(every.std(axis=0), LEAST_SPREAD)
    scale[rows.names.index("one")] = 1.0
    figures = np.concatenate([rows.figures[chosen], *(other.figures for other, _ in more)]) / scale
    right = np.concatenate([rows.right[chosen], *(other.right for other, _ in more)])
    kinds = [kind for kind, taken in zip(rows.kinds, chosen, strict=True) if taken]
    counts_of_more = [weight * _balancing(other.right, other.kinds) for other, weight in more]
    counts = np.concatenate([_balancing(rows.right[chosen], kinds), *counts_of_more])
    penalty = np.array([0.0 if name == "one" else PENALTY for name in rows.names])

    def loss(weights: Matrix) -> tuple[float, Matrix]:
        odds = np.clip(figures @ weights, -500, 500)
        value = float(np.sum(counts * (np.logaddexp(0, odds) - right * odds)) + np.sum(penalty * weights**2) / 2)
        return value, figures.T @ (counts * (1 / (1 + np.exp(-odds)) - right)) + penalty * weights

    bounds = [_signs(name) for name in rows.names]
    found = minimize(loss, np.zeros(len(rows.names)), jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": 2_000})
    weights_of_figures: Matrix = np.asarray(found.x) / scale
    return weights_of_figures


def out_of_fold(rows: Rows, more: Sequence[tuple[Rows, float]]) -> Matrix:
    """The odds of each answer by weights that were fitted without its tenth of the cases."""
    numbers = sorted(set(rows.cases.tolist()))
    random.Random(0).shuffle(numbers)
    fold = {number: place % TENTHS for place, number in enumerate(numbers)}
    folds = np.array([fold[number] for number in rows.cases.tolist()])
    odds = np.zeros(len(rows.right))
    for tenth in range(TENTHS):
        odds[folds == tenth] = rows.figures[folds == tenth] @ fitted(rows, folds != tenth, more)
    return odds


def material() -> tuple[list[LongCase], list[tuple[list[LongCase], float]]]:
    """The tuning set in English; with their weights the own set and generated cases of the tuning articles."""
    made = generated("en", "tuning")
    random.Random(1).shuffle(made)
    return read(TUNING_EN), [(of_language(read(OWN), "en"), OWN_WEIGHT), (made[:GENERATED_CASES], GENERATED_WEIGHT)]


def fitted_on(paths: Sequence[Path] = (TUNING_EN, OWN)) -> str:
    """A short hash of the files that weights are fitted on."""
    return hashlib.sha256(b"".join(path.read_bytes() for path in paths)).hexdigest()[:12]


def module(with_rejected: dict[str, float], without: dict[str, float]) -> str:
    """The text of the module with the weights."""

    def table(weights: dict[str, float]) -> str:
        return "\n".join(f'    "{name}": {weight:.5g},' for name, weight in weights.items())

    return f'''"""The weights of the figures of `in_english.figures`; written by `bench.long_answers.fit`, not by hand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

FITTED_ON: Final = "{fitted_on()}"
WITH_REJECTED: Final[Mapping[str, float]] = {{
{table(with_rejected)}
}}
WITHOUT_REJECTED: Final[Mapping[str, float]] = {{
{table(without)}
}}
'''


def main() -> None:
    """Fits, writes and prints."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path)
    args = parser.parse_args()
    cases, others = material()
    told: dict[str, Any] = {"cases": len(cases), "answers": sum(len(case.answers) for case in cases)}
    tables = []
    for with_rejected in (True, False):
        rows = rows_of(cases, with_rejected=with_rejected)
        more = [(rows_of(other, with_rejected=with_rejected), weight) for other, weight in others]
        weights = fitted(rows, np.ones(len(rows.right), dtype=bool), more)
        tables.append({name: float(weight) for name, weight in zip(rows.names, weights, strict=True) if abs(weight) > 1e-6})
        odds = out_of_fold(rows, more)
        told["with_rejected" if with_rejected else "without_rejected"] = _told(rows, odds)
    WEIGHTS.write_text(module(*tables), encoding="utf-8")
    print(json.dumps(told, indent=1))
    if args.out:
        args.out.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")


def _signs(name: str) -> tuple[float | None, float | None]:
    figure = name.partition("*")[0]
    return (0.0, None) if figure in FOR else (None, 0.0) if figure in AGAINST else (None, None)


def _told(rows: Rows, odds: Matrix) -> dict[str, Any]:
    told = [(kind, bool(right), bool(value >= 0)) for kind, right, value in zip(rows.kinds, rows.right, odds, strict=True)]
    return {"balanced_accuracy": balanced([(right, said) for _, right, said in told]), "kinds": figures_by_kind(told)}


def _balancing(right: Matrix, kinds: Sequence[str]) -> Matrix:
    numbers = Counter(kinds)
    counts: Matrix = np.array([numbers[kind] ** -0.5 for kind in kinds])
    for label in (0, 1):
        counts[right == label] *= len(kinds) / 2 / counts[right == label].sum()
    return counts


if __name__ == "__main__":
    main()
