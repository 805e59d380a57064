"""The firewall by words and by meaning: what is asked of the embedder, what is found, what it says of itself."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gpu_runner.dataset.firewall.csls import csls, neighbourhood
from gpu_runner.dataset.firewall.evidence import Likeness, answers_alike, features, fitted, read_weights, traits
from gpu_runner.dataset.firewall.questions import PARAPHRASE, SAME, TRANSLATION, HeldOut, TrainingQuestion
from gpu_runner.dataset.firewall.screen import Firewall

HELD = HeldOut("h", "Who built the stepwell at Patan?", ("Udayamati", "उदयमती"))
OTHERS = [(f"Where is the tower number {number} of Velanagar?", f"Street {number}") for number in range(30)]
PARAPHRASED = TrainingQuestion("By whom was the Patan well erected?", "Udayamati")
TRANSLATED = TrainingQuestion("पाटन की बावड़ी किसने बनवाया?", "उदयमती")


def test_paraphrases_and_translations_are_found_by_meaning_alone(embedder: Any) -> None:
    """With an embedder both are set aside with their reason; without one they pass, and the manifest says why."""
    asked = [PARAPHRASED, TRANSLATED, TrainingQuestion(*OTHERS[0]), TrainingQuestion("who built the stepwell at patan", "?")]
    known = [*OTHERS, *((one.question, one.answer) for one in asked)]
    firewall = Firewall([HELD], known, embedder)
    hits = firewall.screen(asked)
    assert [hit and hit.reason for hit in hits] == [PARAPHRASE, TRANSLATION, None, SAME]
    assert {hit.item_id for hit in hits if hit} == {"h"}
    assert firewall.as_dict()["embeddings"] == "concepts"
    words = Firewall([HELD], known)
    assert [hit and hit.reason for hit in words.screen(asked)] == [None, None, None, SAME]
    assert words.as_dict()["by_meaning"] == "off"
    assert "firewall" in words.as_dict()["why"]


def test_what_words_found_costs_no_embedding(embedder: Any) -> None:
    """Rows that words decide, and rows that are screened by words alone, are not embedded; a row is embedded once."""
    firewall = Firewall([HELD], OTHERS, embedder)
    firewall.screen([TrainingQuestion("who built the stepwell at patan", "?")])
    firewall.screen([PARAPHRASED], by_meaning=False)
    assert "By whom was the Patan well erected?" not in embedder.texts
    for _ in range(2):
        firewall.screen([PARAPHRASED])
    assert embedder.texts.count("By whom was the Patan well erected?") == 1
    assert firewall.screen([PARAPHRASED], by_meaning=False)[0] == firewall.screen([PARAPHRASED])[0]


def test_a_text_in_a_crowd_is_near_only_what_is_nearer_than_the_crowd() -> None:
    """CSLS of two texts that are as near as everything about them is 0; of a pair in the open it is positive."""
    rng = np.random.default_rng(0)
    crowd = rng.standard_normal(16) + 0.05 * rng.standard_normal((40, 16))
    crowd = (crowd / np.linalg.norm(crowd, axis=1, keepdims=True)).astype(np.float32)
    about = neighbourhood(crowd[:2], crowd)
    assert abs(csls(crowd[:1], crowd[1:2], about[:1], about[1:])[0, 0]) < 0.05
    alone = rng.standard_normal((1, 16)).astype(np.float32)
    alone /= np.linalg.norm(alone)
    far = neighbourhood(alone, crowd)
    assert csls(alone, alone, far, far)[0, 0] > 0.5
    assert neighbourhood(alone, crowd[:0]).tolist() == [0.0]


def test_the_weights_are_of_this_evidence_and_weigh_it_the_right_way() -> None:
    """What speaks for one question makes it likelier: answers, names over scripts, no number that differs, no other question nearer."""
    weights = fitted()

    def probability(first: str, second: str, *, nearer: float = 0.0, answer: str = "Udayamati") -> float:
        likeness = Likeness(0.05, nearer, answers_alike(answer, ["Udayamati"], 0.99 if answer == "Udayamati" else 0.8))
        return weights.probability(features(first, second, likeness, weight=lambda _: 3.0))

    asked, held = "पाटन की बावड़ी किसने बनवाई?", "Who built the stepwell at Patan?"
    assert traits(asked).sounds & traits(held).names
    assert probability(asked, held) > probability("जयपुर की बावड़ी किसने बनवाई?", held)
    assert probability(asked, held) > probability(asked, held, answer="Bhima")
    assert probability(asked, held) > probability(asked, held, nearer=-0.03)
    assert probability("Who built hall 4?", "Who built hall 4?") > probability("Who built hall 5?", "Who built hall 4?")


def test_weights_of_other_evidence_are_refused() -> None:
    """A file that was fitted to other names says how to make it again."""
    with pytest.raises(ValueError, match=r"bench\.firewall\.fit"):
        read_weights({"names": ["csls"], "weights": [1.0]})
