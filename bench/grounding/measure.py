"""How well a scorer tells supported claims from unsupported ones: the area under the ROC curve by kind and language, with baselines."""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from bench.grounding.cases import GroundingCase
from bench.grounding.material import folds_of
from bench.halves import Half

# (claim, sources, question, language) to a score, higher where supported; None where it abstains.
Scorer = Callable[[str, Sequence[str], str | None, str], float | None]
FitScorer = Callable[[Sequence[GroundingCase]], Scorer]
RESAMPLES: Final = 1000
_TOKEN: Final = re.compile(r"[\w\u0900-\u0963\u0966-\u097f]+")


@dataclass(frozen=True, slots=True)
class Auc:
    """One scorer on the cases of a kind and language.

    `auc` is over all pairs of a supported and an unsupported case; equal scores count half, and so does every pair with a case that was
    not scored. `auc_answered` is over the scored cases alone, None where one label has none. `ties` is the share of pairs of scored cases
    with equal scores. `low` and `high` bound the middle 95 % of `auc` over resamples of whole articles.
    """

    auc: float
    low: float
    high: float
    auc_answered: float | None
    supported: int
    unsupported: int
    abstained: int
    ties: float

    def as_json(self) -> dict[str, Any]:
        """Rounded to four decimals."""
        return {name: round(value, 4) if isinstance(value := getattr(self, name), float) else value for name in self.__slots__}


def measure(
    cases: Iterable[GroundingCase], scorers: dict[str, Scorer], *, half: Half | None = None, resamples: int = RESAMPLES, seed: int = 0
) -> dict[str, dict[str, dict[str, Auc]]]:
    """For each kind, language and scorer its Auc; `word_overlap` and `claim_length` stand beside them.

    With a half, only the cases of its articles count. Each scorer is called once a case, in the order of the cases. Takes the scorers'
    time and about 0.1 s for each kind, language and scorer. A stratum without both labels is left out.
    """
    chosen = [case for case in cases if half is None or case.split == half]
    every = {**BASELINES, **scorers}
    scored = {
        name: [(case, scorer(case.claim, case.sources, case.question, case.language)) for case in chosen] for name, scorer in every.items()
    }
    return _of_scores(scored, resamples, seed)


def measure_by_folds(
    cases: Sequence[GroundingCase], fits: dict[str, FitScorer], *, resamples: int = RESAMPLES, seed: int = 0
) -> dict[str, dict[str, dict[str, Auc]]]:
    """As `measure`, for scorers that are fitted: each case is scored by a scorer fitted on the cases of the other folds of articles alone.

    The area is taken within each fold and averaged over the folds by their pairs of cases, for scores of two fits are not comparable.
    """
    fold_of = folds_of(case.article for case in cases)
    scored: dict[str, list[tuple[GroundingCase, float | None]]] = {name: [] for name in (*BASELINES, *fits)}
    for fold in sorted(set(fold_of.values())):
        rest, held = ([case for case in cases if (fold_of[case.article] == fold) is one] for one in (False, True))
        for name in scored:
            scorer = fits[name](rest) if name in fits else BASELINES[name]
            scored[name] += [(case, scorer(case.claim, case.sources, case.question, case.language)) for case in held]
    return _of_scores(scored, resamples, seed, fold_of)


def word_overlap(claim: str, sources: Sequence[str], _question: str | None, _language: str) -> float:
    """The share of the claim's words that a source has, of the source with most; 0 for a claim without words."""
    words = _words(claim)
    return max((len(words & _words(source)) / len(words) for source in sources), default=0.0) if words else 0.0


def claim_length(claim: str, _sources: Sequence[str], _question: str | None, _language: str) -> float:
    """The fewer words, the higher: below 0.5 says that the longer ones are supported."""
    return -float(len(_TOKEN.findall(claim)))


def claim_alone(cases: Sequence[GroundingCase]) -> Scorer:
    """For `measure_by_folds`: naive Bayes on the words of the claims. Above 0.5 the claims give away their labels without any source."""
    counts = {
        supported: Counter(word for case in cases if case.supported is supported for word in _words(case.claim))
        for supported in (True, False)
    }
    weight = {word: math.log((counts[True][word] + 1) / (counts[False][word] + 1)) for word in counts[True] | counts[False]}
    return lambda claim, _sources, _question, _language: sum(weight.get(word, 0.0) for word in sorted(_words(claim)))


BASELINES: Final[dict[str, Scorer]] = {"word_overlap": word_overlap, "claim_length": claim_length}


def area(supported: NDArray[np.float64], unsupported: NDArray[np.float64]) -> float:
    """The chance that a supported case scores above an unsupported one; ties count half, and NaN ties with everything. O(n log n).

    >>> area(np.array([0.9, 0.5]), np.array([0.5, np.nan]))
    0.625
    """
    pairs = len(supported) * len(unsupported)
    right, wrong = supported[~np.isnan(supported)], np.sort(unsupported[~np.isnan(unsupported)])
    below, upto = np.searchsorted(wrong, right, "left").sum(), np.searchsorted(wrong, right, "right").sum()
    return float(((below + upto) / 2 + (pairs - len(right) * len(wrong)) / 2) / pairs)


def _words(text: str) -> set[str]:
    return set(_TOKEN.findall(text.casefold()))


def _of_scores(
    scored: dict[str, list[tuple[GroundingCase, float | None]]], resamples: int, seed: int, fold_of: dict[str, int] | None = None
) -> dict[str, dict[str, dict[str, Auc]]]:
    found: dict[str, dict[str, dict[str, Auc]]] = defaultdict(lambda: defaultdict(dict))
    for name, rows in scored.items():
        strata: dict[tuple[str, str], list[tuple[GroundingCase, float | None]]] = defaultdict(list)
        for case, score in rows:
            strata[case.kind, case.language].append((case, score))
        for (kind, language), of_stratum in strata.items():
            if len({case.supported for case, _ in of_stratum}) == 2:
                found[kind][language][name] = _auc(of_stratum, resamples, seed, fold_of)
    return {kind: dict(languages) for kind, languages in found.items()}


def _auc(rows: list[tuple[GroundingCase, float | None]], resamples: int, seed: int, fold_of: dict[str, int] | None) -> Auc:
    scores = np.array([np.nan if score is None else score for _, score in rows], dtype=np.float64)
    labels = np.array([case.supported for case, _ in rows])
    fold = np.array([fold_of[case.article] if fold_of else 0 for case, _ in rows])
    articles: dict[str, list[int]] = defaultdict(list)
    for place, (case, _) in enumerate(rows):
        articles[case.article].append(place)
    places = [np.array(of_article) for of_article in articles.values()]
    rng = np.random.default_rng(seed)
    drawn = (np.concatenate([places[i] for i in rng.integers(len(places), size=len(places))]) for _ in range(resamples))
    again = [value for one in drawn if (value := _within(scores[one], labels[one], fold[one])) is not None]
    low, high = np.percentile(again, (2.5, 97.5)) if again else (np.nan, np.nan)
    whole = _within(scores, labels, fold)
    given = ~np.isnan(scores)
    return Auc(
        auc=0.5 if whole is None else whole,
        low=float(low),
        high=float(high),
        auc_answered=_within(scores[given], labels[given], fold[given]),
        supported=int(labels.sum()),
        unsupported=int((~labels).sum()),
        abstained=int((~given).sum()),
        ties=_ties(scores[given], labels[given], fold[given]),
    )


def _within(scores: NDArray[np.float64], labels: NDArray[np.bool_], fold: NDArray[np.int_]) -> float | None:
    """The area within each fold, weighted by pairs; None where no fold has both labels."""
    total, pairs = 0.0, 0
    for one in np.unique(fold):
        right, wrong = scores[(fold == one) & labels], scores[(fold == one) & ~labels]
        if len(right) and len(wrong):
            total += area(right, wrong) * len(right) * len(wrong)
            pairs += len(right) * len(wrong)
    return total / pairs if pairs else None


def _ties(scores: NDArray[np.float64], labels: NDArray[np.bool_], fold: NDArray[np.int_]) -> float:
    equal, pairs = 0, 0
    for one in np.unique(fold):
        right, wrong = scores[(fold == one) & labels], np.sort(scores[(fold == one) & ~labels])
        equal += int((np.searchsorted(wrong, right, "right") - np.searchsorted(wrong, right, "left")).sum())
        pairs += len(right) * len(wrong)
    return equal / pairs if pairs else 0.0
