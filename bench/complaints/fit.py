"""`python -m bench.complaints.fit --out bench/results/complaints-fit.json`: fits the weights that stage 1 judges doubtful corrections by.

Writes `consumers/collect/worth/doubt/weights.py`, and figures from cases that the weights were not fitted on: each fifth of the tuning half
by others is scored by weights fitted without it and without the further cases of its questions, and so are the factoids of half the
articles. A minute of processor time; needs ../shared/data.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from scipy.optimize import minimize
from scipy.sparse import csr_matrix

from bench.complaints.cases import BY_OTHERS, MORE, SET, LabelledCase, of_half, read
from bench.complaints.factoids import factoids
from consumers.collect.worth.complaint import is_complaint, parse, plainly_answers, repeats
from consumers.collect.worth.doubt import weights as written
from consumers.collect.worth.doubt.beside import beside
from consumers.collect.worth.doubt.certain import certainly_answers, certainly_complains
from consumers.collect.worth.doubt.traits import traits_of

WEIGHTS: Final = Path(written.__file__)
# Corrections that may be sent to review, of the tuning half by others; the goal is 5 %.
REVIEWED: Final = 0.04
PENALTY: Final = 5.0
LEAST_CASES: Final = 4
TRAITS: Final = 3_000
# With every factoid of the half fewer complaints are told in English, without any 6 to 10 % of the other half would go to review.
EVERY: Final = 2
FIFTHS: Final = 5
ROUNDS: Final = 3
_LANGUAGES: Final = {"en-Latn": "E", "hi-Deva": "D", "hi-Latn": "H"}

Matrix = Any


@dataclass(frozen=True, slots=True)
class Fitted:
    """Weights by trait and that of none, in hundredths."""

    of_none: int
    of_traits: dict[str, int]

    def score(self, traits: set[str]) -> int:
        """As `consumers.collect.worth.doubt.score` reckons it."""
        return self.of_none + sum(self.of_traits.get(trait, 0) for trait in traits)


@dataclass(frozen=True, slots=True)
class Material:
    """What is fitted on: the cases, their traits, and which are of the half by others."""

    cases: list[LabelledCase]
    traits: list[set[str]]
    by_others: np.ndarray
    complaint: np.ndarray

    def part(self, rows: Sequence[int] | np.ndarray) -> tuple[list[set[str]], np.ndarray]:
        """Traits and labels of some rows."""
        return [self.traits[row] for row in rows], self.complaint[rows]


def material() -> Material:
    """The whole own set, the tuning half by others, further cases and factoids; languages without rules of their own are left out."""
    own, others, more = read(SET), of_half(read(BY_OTHERS), "tuning"), read(MORE)
    cases = [case for case in (*own, *others, *more, *factoids("tuning")[::EVERY]) if case.stratum in _LANGUAGES]
    # The rules were written on the own set: what they say of it tells more there than it will of any other.
    ruled = {id(case) for case in own}
    traits = [{trait for trait in traits_of_case(case) if id(case) not in ruled or not is_of_rules(trait)} for case in cases]
    known = {id(case) for case in others}
    return Material(
        cases,
        traits,
        np.array([id(case) in known for case in cases]),
        np.array([case.label == "complaint" for case in cases], dtype=float),
    )


def traits_of_case(case: LabelledCase) -> set[str]:
    """The traits that stage 1 has of a case."""
    parsed = parse(case.query, case.response, case.correction)
    complains = is_complaint(parsed, case.response, case.correction)
    return traits_of(beside(parsed, case.correction), case.correction, complains=complains)


def is_of_rules(trait: str) -> bool:
    """Whether a trait is what the rules say, of the whole or of its clauses."""
    return trait.startswith("rules:") or "kinds:" in trait


def fitted(traits: Sequence[set[str]], complaint: np.ndarray) -> Fitted:
    """Logistic regression with squared penalty: on all traits of enough cases, then on those that weigh most."""
    counts = Counter(trait for one in traits for trait in one)
    names = sorted(trait for trait, count in counts.items() if count >= LEAST_CASES)
    first = _solved(_matrix(traits, names), complaint)
    weight = {name: abs(value) * counts[name] ** 0.5 for name, value in zip(names, first[:-1], strict=True)}
    names = sorted(sorted(names, key=lambda name: (-weight[name], name))[:TRAITS])
    found = np.round(_solved(_matrix(traits, names), complaint) * 100).astype(int).tolist()
    return Fitted(found[-1], {name: value for name, value in zip(names, found[:-1], strict=True) if value})


def _matrix(traits: Sequence[set[str]], names: Sequence[str]) -> Matrix:
    place = {name: column for column, name in enumerate(names)}
    rows = [sorted(place[trait] for trait in one if trait in place) for one in traits]
    starts = np.cumsum([0, *map(len, rows)])
    columns = [column for row in rows for column in row]
    return csr_matrix((np.ones(len(columns)), columns, starts), shape=(len(rows), len(names)))


def _solved(traits: Matrix, complaint: np.ndarray) -> np.ndarray:
    """The weights of the columns and, last, of none."""
    across = traits.T.tocsr()

    def loss(weights: np.ndarray) -> tuple[float, np.ndarray]:
        score = traits @ weights[:-1] + weights[-1]
        off = 1 / (1 + np.exp(-score)) - complaint
        value = (np.logaddexp(0, score) - complaint * score).sum() + PENALTY / 2 * (weights[:-1] ** 2).sum()
        return value, np.append(across @ off + PENALTY * weights[:-1], off.sum())

    return np.asarray(minimize(loss, np.zeros(traits.shape[1] + 1), jac=True, method="L-BFGS-B", options={"maxiter": 300}).x)


def out_of_fold(found: Material) -> np.ndarray:
    """A score for each case by others, the mean of some rounds, by weights fitted without its fifth; others have none."""
    scores = np.full(len(found.cases), np.nan)
    scores[found.by_others] = 0
    for turn in range(ROUNDS):
        fifth = np.array([hashlib.blake2b(f"{turn} {case.query}".encode(), digest_size=4).digest()[0] % FIFTHS for case in found.cases])
        for number in range(FIFTHS):
            # A question of the fifth is left out wherever it comes from.
            left = np.flatnonzero(found.by_others & (fifth == number))
            asked = {found.cases[row].query for row in left}
            weights = fitted(*found.part([row for row, case in enumerate(found.cases) if case.query not in asked]))
            for row in left:
                scores[row] += weights.score(found.traits[row]) / ROUNDS
    return scores


def limits(found: Material, scores: np.ndarray) -> tuple[dict[str, int], dict[str, Any]]:
    """The score above which a correction is doubtful, by language, and what comes of it on cases that the weights were not fitted on."""
    allowed: dict[str, int] = {}
    told: dict[str, Any] = {}
    groups: dict[str, list[int]] = defaultdict(list)
    for row in np.flatnonzero(found.by_others).tolist():
        groups[found.cases[row].stratum].append(row)
    for stratum, rows in sorted(groups.items()):
        cases = [found.cases[row] for row in rows]
        score = np.array([_settled(case) or scores[row] for case, row in zip(cases, rows, strict=True)])
        complaint = found.complaint[rows] == 1
        ordered = np.sort(score[~complaint])[::-1]
        limit = int(np.ceil(ordered[int(REVIEWED * len(ordered))]))
        allowed[_LANGUAGES[stratum]] = limit
        told[stratum] = {
            "complaints": int(complaint.sum()),
            "complaints_trained_share": round(float((score[complaint] <= limit).mean()), 4),
            "corrections": int((~complaint).sum()),
            "corrections_reviewed_share": round(float((score[~complaint] > limit).mean()), 4),
        }
    return allowed, told


def _factoids_reviewed(weights: Fitted, allowed: dict[str, int]) -> dict[str, Any]:
    """What would be sent to review of the factoids of the other articles."""
    told: dict[str, Any] = {}
    for stratum in ("en-Latn", "hi-Deva"):
        cases = [case for case in factoids("final") if case.stratum == stratum]
        doubtful = [(_settled(case) or weights.score(traits_of_case(case))) > allowed[_LANGUAGES[stratum]] for case in cases]
        told[stratum] = {"corrections": len(cases), "corrections_reviewed_share": round(float(np.mean(doubtful)), 4)}
    return told


def _settled(case: LabelledCase) -> float:
    """What is settled whatever the weights say: minus infinity for an answer, infinity for a complaint, else 0."""
    if plainly_answers(case.query, case.response, case.correction):
        return -np.inf
    parsed = parse(case.query, case.response, case.correction)
    seen, complains = beside(parsed, case.correction), is_complaint(parsed, case.response, case.correction)
    if certainly_answers(seen, complains=complains):
        return -np.inf
    return np.inf if repeats(parsed, case.response, case.correction) or certainly_complains(seen, complains=complains) else 0.0


def fitted_on() -> str:
    """The hash of the files that the material is taken from."""
    return hashlib.sha256(b"".join(path.read_bytes() for path in (SET, BY_OTHERS, MORE))).hexdigest()


def module(weights: Fitted, allowed: dict[str, int]) -> str:
    """The text of the module with the weights."""
    groups: dict[str, list[str]] = defaultdict(list)
    for trait, weight in sorted(weights.of_traits.items()):
        # A trait without a group is in that without a name.
        group, colon, name = trait.partition(":") if ":" in trait else ("", "", trait)
        groups[group + colon].append(f"{name} {weight}")
    lines = []
    for group, entries in sorted(groups.items()):
        line = group or ":"
        for entry in entries:
            if len(line) + len(entry) > 136:
                lines.append(line)
                line = ""
            line += ("," if line and line != (group or ":") else "") + " " + entry
        lines.append(line)
    text = "\n".join(lines)
    return f'''"""The weights of `traits`, in hundredths of the logarithm of odds; written by `bench.complaints.fit`, not by hand."""

from __future__ import annotations

from typing import Final

# Of the files that they were fitted on.
FITTED_ON: Final = "{fitted_on()}"
# Above this a correction is doubtful: in English, in Hindi, in Hindi in Latin letters.
ALLOWED: Final = {json.dumps(allowed)}
OF_NONE: Final = {weights.of_none}
OF_TRAITS: Final = """\\
{text}
"""
'''


def main() -> None:
    """Fits, writes and prints."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path)
    args = parser.parse_args()
    found = material()
    allowed, told = limits(found, out_of_fold(found))
    weights = fitted(*found.part(range(len(found.cases))))
    WEIGHTS.write_text(module(weights, allowed), encoding="utf-8")
    whole = {
        "cases": len(found.cases),
        "traits": len(weights.of_traits),
        "allowed": allowed,
        "not_fitted_on": told,
        "factoids_not_fitted_on": _factoids_reviewed(weights, allowed),
    }
    print(json.dumps(whole, indent=1))
    if args.out:
        args.out.write_text(json.dumps(whole, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
