"""Claims judged by a model where one is set, and by the rules where it fails."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from gpu_runner.evaluate.entailment.child import labels_of
from gpu_runner.evaluate.entailment.claims import ClaimJudge
from gpu_runner.evaluate.entailment.protocol import EntailmentVerdict, Label, ModelFailed
from gpu_runner.evaluate.entailment.settings import GroundingSettings

SOURCES = ["The Kite Hill Fort was built in 1732. It is red.", "Its stair has 268 steps. The queen lived in the palace."]


class FakeEntailment:
    """Says one thing of every claim, or fails."""

    name = "fake"

    def __init__(self, label: Label | None, place: int | None = 0) -> None:
        self.label, self.place = label, place
        self.asked: list[tuple[list[str], str]] = []

    def score(self, premise: Sequence[str], claim: str) -> EntailmentVerdict:
        self.asked.append((list(premise), claim))
        if self.label is None:
            raise ModelFailed("no reply within 1 s")
        return EntailmentVerdict(self.label, 0.8, self.place)


class FakeEmbeddings:
    """Likes the last sentence best."""

    name = "likes the last"

    def similarities(self, claim: str, sentences: Sequence[str]) -> list[float]:
        return [float(place) for place, _ in enumerate(sentences)]


@pytest.mark.parametrize(("label", "supported", "score"), [("entailed", True, 0.9), ("neutral", False, 0.1), ("contradicted", False, 0.1)])
def test_the_models_verdict_takes_the_place_of_the_rules(label: Label, supported: bool, score: float) -> None:
    """Its label, its sentence as the evidence; what the rules say stands behind."""
    verdict = ClaimJudge(FakeEntailment(label)).verdict("The fort is old.", SOURCES)
    assert (verdict.supported, verdict.score) == (supported, score)
    assert [span.text for span in verdict.evidence] == ["The Kite Hill Fort was built in 1732."]
    assert verdict.reasons[0] == f"{label} by the model, 0.80"
    assert verdict.reasons[1].startswith("the rules: ")


def test_where_the_model_fails_the_rules_judge_and_it_is_counted() -> None:
    """The verdict is the rules', and says so."""
    judge = ClaimJudge(FakeEntailment(None))
    claim = "The Kite Hill Fort was built in 1732."
    verdict = judge.verdict(claim, SOURCES)
    assert verdict.supported == ClaimJudge().verdict(claim, SOURCES).supported is True
    assert verdict.reasons[-1] == "by the rules, the model failed: no reply within 1 s"
    assert judge.failures == {"entailment: no reply within 1 s": 1}


def test_what_makes_no_claim_is_not_asked() -> None:
    """An abstention, and a claim without sources."""
    model = FakeEntailment("entailed")
    judge = ClaimJudge(model)
    assert judge.verdict("I don't know.", SOURCES).supported is None
    assert judge.verdict("It is red.", []).supported is None
    assert model.asked == []


def test_every_sentence_is_asked_and_the_worst_counts() -> None:
    """A short answer is asked together with its question."""
    model = FakeEntailment("entailed")
    ClaimJudge(model).verdict("The fort was built in 1732. Its stair has 268 steps.", SOURCES)
    ClaimJudge(model).verdict("1732", SOURCES, "When was the Kite Hill Fort built?")
    assert [claim for _, claim in model.asked] == [
        *("The fort was built in 1732.", "Its stair has 268 steps."),
        "When was the Kite Hill Fort built? 1732",
    ]


def test_embeddings_choose_what_the_model_is_shown() -> None:
    """The likest sentences, in their own order; alone they show evidence and decide nothing."""
    model = FakeEntailment("entailed", None)
    many = [f"Sentence {number} speaks of the fort." for number in range(12)]
    ClaimJudge(model, FakeEmbeddings()).verdict("The fort is old and red.", [" ".join(many)])
    assert model.asked[0][0] == many[-8:]
    alone = ClaimJudge(embeddings=FakeEmbeddings()).verdict("The Kite Hill Fort was built in 1732.", SOURCES)
    assert alone.supported is True
    assert alone.evidence[-1].text == "The queen lived in the palace."


def test_the_signature_names_who_judges() -> None:
    """The rules with their weights' hash, and each model or that there is none."""
    assert ClaimJudge().signature.startswith("rules, weights ")
    assert ClaimJudge().signature.endswith("; no entailment model")
    assert ClaimJudge(FakeEntailment("neutral"), FakeEmbeddings()).signature.endswith("; entailment: fake; embeddings: likes the last")


@pytest.mark.parametrize(
    "settings",
    [
        {"grounding_entailment_url": "http://127.0.0.1/v1"},
        {"grounding_embeddings_model": "e"},
        {"grounding_entailment_url": "http://127.0.0.1/v1", "grounding_entailment_model": "m", "grounding_entailment_path": "."},
        {"grounding_entailment_path": "no-such-folder"},
    ],
)
def test_settings_that_are_not_complete_are_refused(settings: dict[str, str], tmp_path: Path) -> None:
    """An address without a model, both kinds at once, a folder without a model."""
    with pytest.raises(ModelFailed):
        ClaimJudge.of(GroundingSettings.model_validate(settings))


def test_a_models_labels_are_read_by_their_names() -> None:
    """Of three or two; a classifier of something else is refused."""
    assert labels_of({0: "contradiction", 1: "entailment", 2: "neutral"}) == {0: "contradicted", 1: "entailed", 2: "neutral"}
    with pytest.raises(ValueError, match="expected entailment"):
        labels_of({0: "POSITIVE", 1: "NEGATIVE"})
