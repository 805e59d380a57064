"""A job's life: accepted once, leased under growing tokens, ended for good."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gpu_runner.hyperparameters import ResolvedHyperparameters, resolve
from gpu_runner.jobs import state as jobs
from gpu_runner.settings import RunnerSettings
from gpu_runner.versions.registry import next_version
from schemas.events.retrain_requested import RetrainRequested
from schemas.events.training_state import TrainingState
from schemas.fields import Hyperparameters

NOW = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
KNOBS = resolve(Hyperparameters(), RunnerSettings())


@pytest.fixture
def accepted(make_command: Callable[..., RetrainRequested]) -> TrainingState:
    """A job that was just accepted."""
    return jobs.accept(make_command(), None, version="v1", hyperparameters=KNOBS, now=NOW)


def test_a_later_attempt_keeps_version_and_knobs(make_command: Callable[..., RetrainRequested], accepted: TrainingState) -> None:
    """It goes on in the same folder from the same checkpoints, whatever the environment says by now."""
    failed = jobs.end(jobs.take(accepted, "a", now=NOW, lease_s=45), "failed", now=NOW, retryable=True)
    again = jobs.accept(
        make_command(attempt=2),
        failed,
        version="v9",
        hyperparameters=ResolvedHyperparameters({"epochs": 7}, {"epochs": "environment"}),
        now=NOW,
    )
    assert (again.version, again.hyperparameters, again.attempt, again.outcome) == ("v1", accepted.hyperparameters, 2, None)
    assert jobs.take(again, "a", now=NOW, lease_s=45).lease.token == 2  # type: ignore[union-attr]
    with pytest.raises(ValueError, match="not later than attempt 2"):
        jobs.accept(make_command(attempt=2), again, version="v1", hyperparameters=KNOBS, now=NOW)


def test_each_owner_has_a_larger_token(accepted: TrainingState) -> None:
    """A runner that takes a job up again can be told from the one before it."""
    first = jobs.take(accepted, "a", now=NOW, lease_s=45)
    second = jobs.take(first, "a", now=NOW, lease_s=45)
    assert [state.lease.token for state in (first, second) if state.lease] == [1, 2]
    assert first.phase == "preparing"


def test_anothers_lease_is_waited_for(accepted: TrainingState) -> None:
    """Another owner's job is free when its lease has run out, and one's own at once."""
    taken = jobs.take(accepted, "a", now=NOW, lease_s=45)
    assert jobs.free_at(taken, "a") is None
    assert jobs.free_at(taken, "b") == NOW + timedelta(seconds=45)
    with pytest.raises(ValueError, match="is leased to a"):
        jobs.take(taken, "b", now=NOW + timedelta(seconds=44), lease_s=45)
    assert jobs.take(taken, "b", now=NOW + timedelta(seconds=45), lease_s=45).lease.owner == "b"  # type: ignore[union-attr]


def test_a_released_job_is_free_at_once(accepted: TrainingState) -> None:
    """A runner that stops gives its jobs back, token kept."""
    taken = jobs.take(accepted, "a", now=NOW, lease_s=45)
    released = jobs.release(taken, now=NOW)
    assert jobs.free_at(released, "b") == NOW
    assert jobs.take(released, "b", now=NOW, lease_s=45).lease.token == 2  # type: ignore[union-attr]


def test_progress_of_a_child_becomes_the_state(accepted: TrainingState) -> None:
    """Figures are taken over, a new phase starts its own count, and a line without a figure leaves it as it was."""
    state = jobs.take(accepted, "a", now=NOW, lease_s=45)
    state = jobs.progress(state, {"phase": "training", "step": 3, "total": 10, "loss": 1.5, "tokens_per_s": 80.0, "eta_s": 7}, now=NOW)
    assert (state.phase, state.step, state.total_steps, state.loss, state.eta_s) == ("training", 3, 10, 1.5, 7.0)
    state = jobs.progress(state, {"phase": "training", "step": 4, "loss": "nan?"}, now=NOW)
    assert (state.step, state.total_steps, state.loss) == (4, 10, 1.5)
    state = jobs.progress(state, {"phase": "merging"}, now=NOW)
    assert (state.phase, state.step, state.total_steps, state.loss) == ("merging", 0, None, 1.5)


def test_loading_counts_as_training(accepted: TrainingState) -> None:
    """The contract's phases are fewer than the child's."""
    assert jobs.progress(jobs.take(accepted, "a", now=NOW, lease_s=45), {"phase": "loading"}, now=NOW).phase == "training"


def test_nothing_leaves_the_end(accepted: TrainingState) -> None:
    """Every transition out of `ended` is refused."""
    ended = jobs.end(accepted, "cancelled", now=NOW, error="asked")
    for change in (
        lambda: jobs.take(ended, "a", now=NOW, lease_s=45),
        lambda: jobs.renew(ended, now=NOW, lease_s=45),
        lambda: jobs.release(ended, now=NOW),
        lambda: jobs.move(ended, "training", now=NOW),
        lambda: jobs.progress(ended, {}, now=NOW),
        lambda: jobs.end(ended, "failed", now=NOW),
    ):
        with pytest.raises(ValueError, match=r"has ended \(cancelled\)"):
            change()


def test_an_end_keeps_the_token_for_the_next_attempt(accepted: TrainingState) -> None:
    """The lease is given back and not forgotten, and a long error is cut to the contract's length."""
    ended = jobs.end(jobs.take(accepted, "a", now=NOW, lease_s=45), "failed", now=NOW, error="x" * 5000, retryable=True)
    assert ended.lease is not None
    assert (ended.lease.token, ended.lease.expires_at, len(ended.error or "")) == (1, NOW, 2000)
    assert TrainingState.model_validate(ended.model_dump()) == ended


@given(st.sets(st.integers(0, 500)), st.sets(st.sampled_from(["v1.0-finetuned", "V3", "v01", "v-1", "latest"])))
def test_the_next_version_is_after_every_automatic_one(numbers: set[int], others: set[str]) -> None:
    """Names made by people never move the count."""
    known = {f"v{number}" for number in numbers} | others
    version = next_version(known)
    assert version not in known
    assert version == f"v{max(numbers, default=0) + 1}"


def test_k4_what_was_too_long_is_kept_until_the_job_is_prepared_anew(accepted: TrainingState) -> None:
    """Each line of the child says it; a line without leaves it, a dataset made anew forgets it."""
    state = jobs.take(accepted, "a", now=NOW, lease_s=45)
    told = jobs.progress(state, {"phase": "training", "rows_too_long": 7, "samples_too_long": 2}, now=NOW)
    assert (told.rows_too_long, told.samples_too_long) == (7, 2)
    assert jobs.progress(told, {"phase": "training", "step": 3}, now=NOW).rows_too_long == 7
    assert jobs.move(told, "preparing", now=NOW).samples_too_long is None
