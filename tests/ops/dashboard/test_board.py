"""The board: what the page shows of the events, and nothing twice."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from ops.dashboard.board import CURVE_POINTS, DECISIONS_SHOWN, Board
from schemas.events.clock_ticked import ClockTicked
from schemas.events.drift_detected import DriftDetected, DriftEvidence, DriftHistogram, DriftShare, DriftTerm
from schemas.events.model_current import ModelCurrent
from schemas.events.promotion_decided import PromotionDecided
from schemas.events.retrain_requested import LeasedBatch, RetrainRequested
from schemas.events.rollback_requested import RollbackRequested
from schemas.events.training_state import TrainingState

START = datetime(2026, 11, 23, 10, tzinfo=UTC)
SHA = "ab" * 32


def at(minute: float) -> datetime:
    return START + timedelta(minutes=minute)


def command(minute: float = 0, attempt: int = 1) -> RetrainRequested:
    batch = LeasedBatch(number=1, sha256=SHA)
    return RetrainRequested(
        command_id="cmd-1", attempt=attempt, model="m", serving_version="v0", requested_at=at(minute), rules=("count",), batch=batch
    )


def state(step: int, loss: float | None, minute: float, phase: str = "training", **more: Any) -> TrainingState:
    more = {"job_id": "cmd-1", "attempt": 1, "version": "v1"} | more
    return TrainingState.model_validate(
        {"model": "m", "phase": phase, "command": command(), "step": step, "total_steps": 10, "loss": loss}
        | {"accepted_at": at(0), "updated_at": at(minute)}
        | more
    )


def current(version: str, minute: float) -> ModelCurrent:
    return ModelCurrent(
        model="m", version=version, artifact_uri="x", artifact_sha256=SHA, cause="promotion", decision_id=f"d-{version}",
        base_model="b", holdout_key_id="00000000", holdout_percent=10, since=at(minute),
    )  # fmt: skip


def decision(number: int, minute: float) -> PromotionDecided:
    return PromotionDecided(
        decision_id=f"d-{number}", model="m", version=f"v{number}", verdict="promote", applied=True, reasons=("better",), actor="runner",
        decided_at=at(minute),
    )  # fmt: skip


def shown(*events: BaseModel) -> dict[str, Any]:
    board = Board()
    for event in events:
        board.fold(event)
    return board.as_json()["models"]["m"]  # type: ignore[no-any-return]


def test_the_loss_curve_grows_with_the_steps() -> None:
    """Each newer step of the training phase adds a point; a repeated step does not."""
    curve = shown(state(1, 3.0, 1), state(2, 2.0, 2), state(2, 2.0, 3), state(2, None, 4, "merging"))["job"]["curve"]
    assert curve == [(1, 3.0), (2, 2.0)]


def test_a_new_job_starts_a_new_curve() -> None:
    """The curve belongs to one attempt of one job."""
    job = shown(state(1, 3.0, 1), state(1, 5.0, 2, attempt=2))["job"]
    assert job["curve"] == [(1, 5.0)]


def test_an_older_state_changes_nothing() -> None:
    """Partitions are read side by side: what is older than the shown state is left out."""
    newer = state(9, 1.0, 5)
    assert shown(newer, state(1, 3.0, 1, job_id="old"))["job"]["id"] == "cmd-1"


@given(st.integers(min_value=1, max_value=5 * CURVE_POINTS))
def test_a_long_curve_is_thinned_and_keeps_its_ends(steps: int) -> None:
    """A run of any length stays drawable; its first and its newest point are there."""
    board = Board()
    template = state(1, 1.0, 1)
    for step in range(1, steps + 1):
        board.fold(template.model_copy(update={"step": step, "loss": 1 / step}))
    curve = board.as_json()["models"]["m"]["job"]["curve"]
    assert len(curve) <= CURVE_POINTS
    assert curve[0] == (1, 1.0)
    assert curve[-1][0] == steps


def test_the_newest_serving_version_is_shown() -> None:
    """model.current of a later moment wins, whatever the order of reading."""
    assert shown(current("v2", 2), current("v1", 1))["serving"]["version"] == "v2"


def test_what_happened_is_listed_newest_first_and_bounded() -> None:
    """Decisions, commands, drifts and rollbacks share one list of the newest few; reading one again adds nothing."""
    drift = DriftDetected(
        drift_id="x", model="m", detected_at=at(30),
        evidence=(DriftEvidence(signal="score", detector="adwin", statistic=2, threshold=1, effect=0.5),),
    )  # fmt: skip
    rollback = RollbackRequested(rollback_id="r", model="m", version="v1", to_version="v0", requested_at=at(40), reason="worse")
    events = [decision(n, n) for n in range(20)] + [drift, rollback, command(25), decision(19, 19)]
    happened = shown(*events)["happened"]
    assert [item["kind"] for item in happened[:3]] == ["rollback", "drift", "command"]
    assert [item["title"] for item in happened[3:5]] == ["promote v19", "promote v18"]
    assert len(happened) == DECISIONS_SHOWN


@given(
    st.permutations([decision(1, 1), decision(2, 2), current("v1", 1), current("v2", 2), command(3), state(1, 2.0, 1), state(2, 1.0, 2)])
)
def test_only_the_loss_curve_depends_on_the_order_of_reading(events: list[BaseModel]) -> None:
    """Serving version, job and history are the same for every interleaving of the topics."""
    board = shown(*events)
    board["job"].pop("curve")
    expected = shown(*sorted(events, key=repr))
    expected["job"].pop("curve")
    assert board == expected


def test_an_event_that_the_page_does_not_show_is_a_mistake() -> None:
    """A topic added to the feed without a place on the board is noticed."""
    board = Board()
    board.fold(decision(1, 1))
    with pytest.raises(TypeError, match="ClockTicked"):
        board.models["m"].fold(ClockTicked(now=at(0), interval_s=1))


def test_dead_letters_are_counted_by_topic_and_reason() -> None:
    """Each pair has its own row, sorted."""
    board = Board()
    for reason in ("too_large", "malformed", "malformed"):
        board.count_dead_letter("feedback.submitted.v1", reason)
    assert board.as_json()["dead_letters"] == [
        {"topic": "feedback.submitted.v1", "reason": "malformed", "count": 2},
        {"topic": "feedback.submitted.v1", "reason": "too_large", "count": 1},
    ]


def test_the_newest_drift_is_kept_whole() -> None:
    """What explains it is shown: what fired and what only stood beside it in words; terms, shares and histograms as they came."""
    evidence = (
        DriftEvidence(signal="phi", detector="hotelling", statistic=412.3, threshold=98.1, effect=0.09, language="hi", fired=True),
        DriftEvidence(signal="cluster", detector="chi_square", statistic=99, threshold=90, effect=0.2),
        DriftEvidence(signal="negative_rate", detector="adwin", statistic=1.2, threshold=1, effect=0.05),
    )
    newer = DriftDetected(
        drift_id="b", model="m", detected_at=at(9), evidence=evidence, baseline=SHA, term_documents=300,
        rose=(DriftTerm(term="<b>photon", kind="word", before=0, after=0.3, z=9.1, examples=("a <i>photon",)),),
        languages=(DriftShare(name="hi", before=0.7, after=0.4),),
        histograms=(DriftHistogram(feature="characters", edges=(1.0,), before=(0.5, 0.5), after=(0.1, 0.9)),),
    )  # fmt: skip
    older = DriftDetected(drift_id="a", model="m", detected_at=at(1), evidence=evidence[:1])
    board = shown(newer, older)
    assert board["drift"]["drift_id"] == "b"
    assert board["drift"]["rose"][0]["examples"] == ["a <i>photon"]
    assert board["drift"]["histograms"][0]["after"] == [0.1, 0.9]
    assert board["happened"][0]["reasons"] == [
        "phi in hi (hotelling): 412 over 98.1, fired, +0.09",
        "cluster (chi_square): 99 over 90, alarm, +0.2",
        "negative_rate (adwin): 1.2 over 1, second opinion, +0.05",
    ]
    assert shown(decision(1, 1))["drift"] is None


ENDS = ["promoted", "rejected", "inconclusive", "void", "no_data", "failed", "cancelled"]


@pytest.mark.parametrize("outcome", ENDS)
def test_k12_the_last_job_is_told_with_its_end_and_its_reason(outcome: str) -> None:
    """Its error, else the reasons of its decision; it stays while the next job runs, whatever the order of reading."""
    decided = outcome in ENDS[:4]
    ended = state(3, None, 5, "ended", outcome=outcome, **({} if decided else {"error": f"why {outcome}"}))
    told = decision(1, 4).model_copy(update={"job_id": "cmd-1", "reasons": ("because of this", "and that")})
    running = state(1, 2.0, 9, job_id="cmd-2", version="v2")
    older = state(3, None, 2, "ended", outcome="failed", job_id="cmd-0", version="v0", error="long ago")
    for events in ((ended, told, running, older), (running, older, told, ended)):
        found = shown(*events)
        assert found["job"]["id"] == "cmd-2"
        assert found["last_job"] == {
            "id": "cmd-1", "version": "v1", "attempt": 1, "outcome": outcome, "retryable": False, "ended_at": at(5).isoformat(),
            "reasons": ["because of this", "and that"] if decided else [f"why {outcome}"],
        }  # fmt: skip


def test_k12_no_job_has_ended_yet() -> None:
    """A job that runs is not the last one that ended; another's decision is not this one's reason."""
    assert shown(state(1, 2.0, 1))["last_job"] is None
    ended = state(3, None, 5, "ended", outcome="void")
    assert shown(ended, decision(1, 4).model_copy(update={"job_id": "another"}))["last_job"]["reasons"] == []
