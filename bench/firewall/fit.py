"""`python -m bench.firewall.fit --cache FOLDER`: the weights of `gpu_runner/dataset/firewall/weights.json`, on the tuning halves alone."""

from __future__ import annotations

import argparse
import json
import random
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from bench.firewall.cached import CachedEmbedder
from bench.firewall.material import LANGUAGES, corpora
from bench.firewall.trial import FREE, trial, with_other_answers
from gpu_runner.dataset.firewall.embedder import OFF, installed_embedder
from gpu_runner.dataset.firewall.evidence import NAMES, THRESHOLDS
from gpu_runner.dataset.firewall.semantic import SemanticIndex

WEIGHTS: Final = Path(__file__).parents[2] / "gpu_runner" / "dataset" / "firewall" / "weights.json"
PENALTY: Final = 1.0
# So many of the likenesses are given another's answer: a user's correction may be wrong.
OTHER_ANSWERS: Final = 0.03
# Within a script what is more likely one question than two; over scripts so many translations of articles are found.
EVEN: Final = 0.5
WANTED: Final = 0.975
OF_MEANING: Final = ("paraphrase", "translation", "reworded by rule")


@dataclass(frozen=True)
class Evidence:
    """Rows of evidence, whether they are one question, the candidate of each; of each candidate its kind, script and corpus."""

    rows: NDArray[np.float64]
    same: NDArray[np.float64]
    owner: NDArray[np.intp]
    tried: list[tuple[str, bool, str]]

    def best(self, probability: NDArray[np.float64]) -> NDArray[np.float64]:
        """(candidates,): the highest probability of each candidate's pairs; 0 without one."""
        found = np.zeros(len(self.tried))
        np.maximum.at(found, self.owner, probability)
        return found

    def places(self, kind: str, *, within: bool | None = None, corpus: str = "") -> list[int]:
        """The candidates of a kind, within one script or over two, of the corpora whose name begins so."""
        return [
            place
            for place, (its_kind, inside, name) in enumerate(self.tried)
            if its_kind == kind and within in (None, inside) and name.startswith(corpus)
        ]


def evidence(embedder: CachedEmbedder) -> Evidence:
    """All pairs of the tuning half."""
    rows: list[list[float]] = []
    same: list[bool] = []
    owner: list[int] = []
    told: list[tuple[str, bool, str]] = []
    for corpus in corpora():
        if corpus.half != "tuning":
            continue
        for language in LANGUAGES:
            made = trial(corpus, language)
            rng = random.Random(f"fit {corpus.name} {language}")
            answers = [answer for _, answer in made.free]
            tried = [one for one in made.tried if one.kind in (FREE, *OF_MEANING)]
            tried = [with_other_answers(one, rng, answers) if one.kind != FREE and rng.random() < OTHER_ANSWERS else one for one in tried]
            index = SemanticIndex(made.held, [(one.candidate.question, one.candidate.answer) for one in tried], embedder)
            first = len(told)
            told += [(one.kind, one.language == language, corpus.name) for one in tried]
            for pair in index.pairs([one.candidate for one in tried]):
                one = tried[pair.candidate]
                right = one.kind != FREE and made.keys[made.held[pair.held].item_id] == one.key
                if one.kind == FREE or right:  # of a likeness the other held-out questions are neither
                    rows.append(pair.evidence)
                    same.append(right)
                    owner.append(first + pair.candidate)
    return Evidence(np.array(rows), np.array(same, dtype=np.float64), np.array(owner), told)


def fitted(rows: NDArray[np.float64], same: NDArray[np.float64]) -> NDArray[np.float64]:
    """The weights and, last, the bias, of a logistic regression with both classes of equal weight."""
    mean, scale = rows.mean(axis=0), rows.std(axis=0) + 1e-9
    scaled = np.hstack([(rows - mean) / scale, np.ones((len(rows), 1))])
    weight = np.where(same > 0, 0.5 / same.mean(), 0.5 / (1 - same.mean()))

    def loss(w: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        logits = scaled @ w
        gradient = weight * (1 / (1 + np.exp(-logits)) - same)
        value = (weight * (np.logaddexp(0, logits) - same * logits)).sum() + PENALTY / 2 * (w[:-1] ** 2).sum()
        return float(value), scaled.T @ gradient + np.append(PENALTY * w[:-1], 0)

    solved = minimize(loss, np.zeros(scaled.shape[1]), jac=True, method="L-BFGS-B", options={"maxiter": 5000})
    if not solved.success:
        raise RuntimeError(f"the fit did not converge: {solved.message}")
    found = solved.x
    return np.append(found[:-1] / scale, found[-1] - (found[:-1] * mean / scale).sum())


def thresholds(found: Evidence, probability: NDArray[np.float64]) -> dict[str, float]:
    """Within a script the fit's own, over scripts that at which enough of the translations of XQuAD's articles is found."""
    translations = np.sort(found.best(probability)[found.places("translation", within=False, corpus="XQuAD by article")])
    return {"threshold": EVEN, "threshold_over_scripts": round(float(translations[int((1 - WANTED) * len(translations))]), 6)}


def main() -> None:
    """Fit, choose the thresholds, write."""
    parser = argparse.ArgumentParser(prog="python -m bench.firewall.fit", description=__doc__)
    parser.add_argument("--cache", type=Path, required=True, help="a folder for embeddings")
    options = parser.parse_args()
    installed = installed_embedder()
    if installed is None:
        raise SystemExit(OFF)
    embedder = CachedEmbedder(installed, options.cache)
    found = evidence(embedder)
    embedder.save()
    open_questions = np.array([found.tried[place][2].startswith("XQuAD") for place in found.owner])
    weights = fitted(found.rows[open_questions], found.same[open_questions])
    probability = 1 / (1 + np.exp(-(found.rows @ weights[:-1] + weights[-1])))
    told: dict[str, Any] = {"names": NAMES, "weights": [round(float(w), 6) for w in weights[:-1]], "bias": round(float(weights[-1]), 6)}
    told |= thresholds(found, probability)
    taken = np.array(
        [
            best >= told["threshold" if inside else "threshold_over_scripts"]
            for best, (_, inside, _) in zip(found.best(probability), found.tried, strict=True)
        ]
    )
    for kind in (FREE, *OF_MEANING):
        for corpus in dict.fromkeys(name for _, _, name in found.tried):
            for within in (True, False):
                if places := found.places(kind, within=within, corpus=corpus):
                    print(
                        f"{kind:17} {'one script' if within else 'two scripts':11} {corpus:40} {taken[places].mean():.4f} of {len(places)}"
                    )
    for name, value in (*zip(NAMES, told["weights"], strict=True), *((name, told[name]) for name in THRESHOLDS)):
        print(f"  {name:22} {value:9.3f}")
    WEIGHTS.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
