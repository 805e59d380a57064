"""`python -m bench.grounding.fit`: writes `gpu_runner/text/grounding/weights.json`, the weights that the verdict on a claim is reckoned by.

Three regressions, each on what shows its traits: `cover` on WiCE's development claims (claims in other words), `near` on the tuning half of
the generated cases with the score of `cover` as an offset (claims that repeat a sentence with one thing changed), `answer` on the tuning
half of the answers of the same paragraph. The final half of the articles is fitted on by nothing. A minute; needs ../shared/data.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from scipy.optimize import minimize

from bench.grounding.cases import KINDS, GroundingCase, cases
from bench.grounding.foreign_names import foreign_names
from bench.grounding.material import LANGUAGES
from bench.grounding.wice_claims import LabelledClaim, wice
from gpu_runner.text.grounding import weights as written
from gpu_runner.text.grounding.answer_traits import answer_traits
from gpu_runner.text.grounding.claim_traits import COVER_TRAITS, claim_traits
from gpu_runner.text.grounding.differences import TRAITS as NEAR_TRAITS
from gpu_runner.text.grounding.evidence import read_sources
from gpu_runner.text.grounding.reading import read_sentence
from gpu_runner.text.grounding.verdict import claims_of
from gpu_runner.text.grounding.weights import FORMAT, Weights

WEIGHTS: Final = Path(written.__file__).with_name(written.FILE)
# Of the squared weights of traits in units of their standard deviation.
_PENALTY_OF_COVER: Final = 3.0
_PENALTY_OF_NEAR: Final = 30.0
_PENALTY_OF_ANSWER: Final = 50.0
# Right answers of the tuning half that may be called unsupported. Half of those that are asked about there are wrong; of a model's fewer.
RIGHT_ANSWERS_REFUSED: Final = 0.10
# Of differences only nearness speaks for a claim: a weight that praised one would be chance.
_SPEAKS_FOR: Final = "near"

Matrix = np.ndarray[Any, np.dtype[np.float64]]


@dataclass(frozen=True)
class Cover:
    """Weights of COVER_TRAITS and their constant."""

    weights: Matrix
    constant: float

    def score(self, traits: Matrix) -> Matrix:
        """(n, 3) traits to (n,) scores."""
        return np.asarray(traits @ self.weights + self.constant)


def traits_of(claim: str, sources: Sequence[str]) -> list[Mapping[str, float]]:
    """The traits of each sentence of a claim."""
    read = read_sources(tuple(sources))
    return [claim_traits(sentence, read).values for text in claims_of(claim) if (sentence := read_sentence(text)).words]


def matrix(traits: Sequence[Mapping[str, float]], names: Sequence[str]) -> Matrix:
    """(n, len(names)) float64."""
    return np.array([[one[name] for name in names] for one in traits], dtype=np.float64).reshape(len(traits), len(names))


def fit_cover(traits: Matrix, supported: Matrix) -> Cover:
    """Logistic regression with both classes of one weight, so that its border is that of the balanced accuracy."""
    weights, constant = _logistic(traits, supported, _PENALTY_OF_COVER, balanced=True)
    return Cover(weights, constant)


def fit_near(near: Matrix, offset: Matrix, supported: Matrix) -> Matrix:
    """Weights of NEAR_TRAITS beside the scores of `cover`, which stay as they are; without a constant."""
    spread = near.std(axis=0) + 1e-9
    scaled = near / spread

    def loss(weights: Matrix) -> tuple[float, Matrix]:
        score = scaled @ weights + offset
        off = 1 / (1 + np.exp(-np.clip(score, -500, 500))) - supported
        value = (np.logaddexp(0, score) - supported * score).sum() + _PENALTY_OF_NEAR / 2 * (weights**2).sum()
        return float(value), scaled.T @ off + _PENALTY_OF_NEAR * weights

    bounds = [(0, None) if name == _SPEAKS_FOR else (None, 0) for name in NEAR_TRAITS]
    return np.asarray(minimize(loss, np.zeros(near.shape[1]), jac=True, method="L-BFGS-B", bounds=bounds).x / spread)


def fit_answer(found: Sequence[GroundingCase]) -> tuple[dict[str, float], float]:
    """Weights of the traits of short answers, and the constant at which RIGHT_ANSWERS_REFUSED of the right ones are below 0."""
    traits = [_of_answer(case) for case in found]
    names = list(traits[0])
    supported = np.array([case.supported for case in found], dtype=np.float64)
    values = matrix(traits, names)
    weights, _ = _logistic(values, supported, _PENALTY_OF_ANSWER, balanced=False)
    border = float(np.quantile(values[supported == 1] @ weights, RIGHT_ANSWERS_REFUSED))
    return dict(zip(names, weights.tolist(), strict=True)), -border


def near_cases(found: Sequence[GroundingCase]) -> list[GroundingCase]:
    """The tuning half of the cases that differ from a sentence in one thing, and of names that are made up."""
    kept = [case for case in found if case.split == "tuning" and case.kind != "same_paragraph"]
    return kept + [case for language in LANGUAGES for case in foreign_names("tuning", language)]


def near_material(found: Sequence[GroundingCase]) -> tuple[Matrix, Matrix, Matrix]:
    """(cover traits, near traits, labels) of the cases of one sentence: of several it is not known which one is wrong."""
    kept = [(traits[0], case.supported) for case in found if len(traits := traits_of(case.claim, case.sources)) == 1]
    traits = [one for one, _ in kept]
    return matrix(traits, COVER_TRAITS), matrix(traits, NEAR_TRAITS), np.array([label for _, label in kept], dtype=np.float64)


def cover_material(found: Sequence[LabelledClaim]) -> tuple[Matrix, Matrix]:
    """(cover traits, labels) of the claims of one sentence."""
    kept = [(traits[0], claim.supported) for claim in found if len(traits := traits_of(claim.claim, claim.sources)) == 1]
    return matrix([one for one, _ in kept], COVER_TRAITS), np.array([label for _, label in kept], dtype=np.float64)


def weights_of(cover: Cover, near: Matrix, answer: Mapping[str, float], answer_constant: float) -> Weights:
    """In the form that the verdict reads."""
    return Weights(
        dict(zip(COVER_TRAITS, cover.weights.tolist(), strict=True)),
        cover.constant,
        dict(zip(NEAR_TRAITS, near.tolist(), strict=True)),
        answer,
        answer_constant,
    )


def _of_answer(case: GroundingCase) -> Mapping[str, float]:
    return answer_traits(read_sentence(case.question or ""), read_sentence(case.claim), read_sources(case.sources)).values


def _logistic(traits: Matrix, supported: Matrix, penalty: float, *, balanced: bool) -> tuple[Matrix, float]:
    """Weights and constant for the traits as they are; the penalty is on those in units of their standard deviation."""
    mean, spread = traits.mean(axis=0), traits.std(axis=0) + 1e-9
    scaled = (traits - mean) / spread
    share = supported.mean()
    of_row = np.where(supported == 1, 0.5 / share, 0.5 / (1 - share)) if balanced else np.ones(len(supported))

    def loss(weights: Matrix) -> tuple[float, Matrix]:
        score = scaled @ weights[:-1] + weights[-1]
        off = of_row * (1 / (1 + np.exp(-score)) - supported)
        value = (of_row * (np.logaddexp(0, score) - supported * score)).sum() + penalty / 2 * (weights[:-1] ** 2).sum()
        return float(value), np.append(scaled.T @ off + penalty * weights[:-1], off.sum())

    found = minimize(loss, np.zeros(traits.shape[1] + 1), jac=True, method="L-BFGS-B").x
    return np.asarray(found[:-1] / spread), float(found[-1] - found[:-1] @ (mean / spread))


def fitted(claims: Sequence[LabelledClaim], of_cases: Sequence[GroundingCase]) -> Weights:
    """All weights, of the tuning half of the cases."""
    tuning = [case for case in of_cases if case.split == "tuning"]
    cover = fit_cover(*cover_material(claims))
    of_cover, near, supported = near_material(near_cases(tuning))
    answer, constant = fit_answer([case for case in tuning if case.kind == "same_paragraph"])
    return weights_of(cover, fit_near(near, cover.score(of_cover), supported), answer, constant)


def _rounded(weights: Mapping[str, float]) -> dict[str, float]:
    return {name: round(value, 3) for name, value in weights.items()}


def main() -> None:
    """Fits and writes."""
    found = fitted(wice(), cases(0, KINDS))
    told = {
        "format": FORMAT,
        "cover": _rounded(found.cover),
        "cover_constant": round(found.cover_constant, 3),
        "near": _rounded(found.near),
        "answer": _rounded(found.answer),
        "answer_constant": round(found.answer_constant, 3),
    }
    WEIGHTS.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(told, indent=1))


if __name__ == "__main__":
    main()
