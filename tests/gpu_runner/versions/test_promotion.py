"""What is done about a verdict depends on what serves at that moment."""

from __future__ import annotations

from collections.abc import Callable

from gpu_runner.versions.promotion import flat_scores, gate_outcome
from schemas.events.model_current import ModelCurrent

BASELINE = {"version": "v0", "sha256": "a" * 64}


def test_a_promotion_against_the_serving_baseline_applies(make_serving: Callable[..., ModelCurrent]) -> None:
    """Only then does the serving version change."""
    outcome = gate_outcome("promote", ("better",), baseline=BASELINE, artifact_sha256="b" * 64, serving=make_serving(), rolled_back=())
    assert (outcome.verdict, outcome.applied) == ("promote", True)


def test_a_verdict_against_another_baseline_is_void(make_serving: Callable[..., ModelCurrent]) -> None:
    """Another version, the same name with other weights, or nothing serving at all."""
    for serving in (make_serving(version="v1"), make_serving(sha256="c" * 64), None):
        for verdict in ("promote", "reject", "inconclusive"):
            outcome = gate_outcome(verdict, ("x",), baseline=BASELINE, artifact_sha256="b" * 64, serving=serving, rolled_back=())
            assert (outcome.verdict, outcome.applied) == ("void", False)
            assert "v0 no longer serves" in outcome.reasons[0]


def test_a_rolled_back_artifact_is_not_promoted_by_itself(make_serving: Callable[..., ModelCurrent]) -> None:
    """The same weights under a new name are the same artifact."""
    outcome = gate_outcome("promote", (), baseline=BASELINE, artifact_sha256="b" * 64, serving=make_serving(), rolled_back={"b" * 64})
    assert (outcome.verdict, outcome.applied) == ("reject", False)
    assert "rolled back" in outcome.reasons[0]


def test_anything_but_promote_leaves_what_serves(make_serving: Callable[..., ModelCurrent]) -> None:
    """An unknown verdict fails closed."""
    for verdict, expected in (("reject", "reject"), ("inconclusive", "inconclusive"), ("PROMOTE", "inconclusive"), ("", "inconclusive")):
        outcome = gate_outcome(verdict, (), baseline=BASELINE, artifact_sha256="b" * 64, serving=make_serving(), rolled_back=())
        assert (outcome.verdict, outcome.applied) == (expected, False)


def test_aggregates_become_figures() -> None:
    """Each metric of each side, set and language is one figure with its item count; `all` languages have no language."""
    aggregates = {"candidate": {"repair": {"all": {"em": 0.9, "items": 40}, "hi": {"em": 1, "items": 20, "signature": "x"}}}}
    figures = flat_scores({"aggregates": aggregates})
    assert [(score.metric, score.value, score.item_set, score.language, score.items) for score in figures] == [
        ("em", 0.9, "repair", None, 40),
        ("em", 1.0, "repair", "hi", 20),
    ]
