"""The supervisor takes each command to one end, whatever breaks on the way; real gate and data preparation, a fake child."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from runner_fakes import START, FakeChannel, Installation, correction, request, retraction, until

from gpu_runner.errors import Fatal, NotConnected
from runtime.artifacts.content_hash import folder_sha256
from schemas.catalogue import Event
from schemas.events.evaluation_completed import EvaluationCompleted
from schemas.events.model_current import ModelCurrent
from schemas.events.promotion_decided import PromotionDecided
from schemas.events.retrain_requested import RetrainRequested
from schemas.events.rollback_requested import RollbackRequested
from schemas.events.training_state import TrainingState

Maker = Callable[..., RetrainRequested]


async def test_a_command_ends_in_one_promotion(bootstrapped: Installation, make_command: Maker) -> None:
    """Accepted, leased, trained, judged by the real gate, uploaded, and published as one transaction."""
    bootstrapped.ask(make_command)
    async with bootstrapped.running():
        await until(lambda: bootstrapped.states() and bootstrapped.states()[-1].phase == "ended")
    last = bootstrapped.states()[-1]
    assert last.outcome == "promoted", bootstrapped.topics.events(PromotionDecided)[-1].reasons
    final = bootstrapped.topics.transactions[-1]
    assert [type(event) for event in final] == [EvaluationCompleted, PromotionDecided, ModelCurrent, TrainingState]
    current = bootstrapped.current()
    assert (current.version, current.previous_version, current.cause) == ("v1", "v0", "promotion")
    assert folder_sha256(bootstrapped.store.local_path(current.artifact_uri)) == current.artifact_sha256 == final[1].artifact_sha256
    phases = list(dict.fromkeys(state.phase for state in bootstrapped.states()))
    assert phases == ["accepted", "preparing", "training", "evaluating", "deciding", "ended"]
    assert {state.lease.token for state in bootstrapped.states() if state.lease} == {1}


async def test_the_record_of_a_decision_holds_ids_and_hashes_and_no_text(bootstrapped: Installation, make_command: Maker) -> None:
    """It lies beside the artifact and names the samples; what users wrote is not in it, nor in the scores or the card."""
    bootstrapped.ask(make_command)
    async with bootstrapped.running():
        await until(lambda: bootstrapped.states() and bootstrapped.states()[-1].phase == "ended")
    folder = bootstrapped.store.local_path("finetuned/tiny/v1")
    record = json.loads((folder / "decision.json").read_text())
    assert record["verdict"] == "promote"
    assert set(record["sample_ids"]) <= {sample.sample_id for sample in bootstrapped.samples.collected}
    assert len(record["sample_ids"]) > 40
    assert record["baseline"]["version"] == "v0"
    for name in ("decision.json", "scores.json", "README.md"):
        text = (folder / name).read_text()
        assert "museum" not in text
        assert "संग्रहालय" not in text


async def test_k4_samples_too_long_to_train_on_are_told_and_are_neither_trained_nor_asked(
    bootstrapped: Installation, make_command: Maker
) -> None:
    """In the state while it runs, in the decision and its reasons; not among trained ids, kept rows, or repair items, now or later."""
    bootstrapped.behaviour = "long"
    twins = {f"{number}" * 64: correction(number) for number in range(6)}  # other samples that say the same
    for name, one in twins.items():
        place = correction(900 + int(name[0])).provenance
        bootstrapped.samples.collected.append(one.model_copy(update={"sample_id": name, "provenance": place}))
    bootstrapped.ask(make_command)
    async with bootstrapped.running():
        await until(lambda: bootstrapped.states() and bootstrapped.states()[-1].phase == "ended")
    record = json.loads(bootstrapped.store.read_bytes("finetuned/tiny/v1/decision.json"))
    withdrawn = record["samples_left_out"]
    assert len(withdrawn) > 3  # the three of the fake child, and who says the same
    assert not set(withdrawn) & set(record["sample_ids"])
    spec = json.loads((bootstrapped.settings.jobs_dir() / "cmd-1" / "spec.json").read_text())
    stands_for = spec["dataset"]["stands_for"]
    assert stands_for
    assert all(sorted(same) == sorted([name, twins[name].sample_id]) for name, same in stands_for.items())
    for name in set(withdrawn) & set(stands_for):
        assert set(stands_for[name]) <= set(withdrawn)
    decided = bootstrapped.topics.events(PromotionDecided)[-1]
    training = next(state for state in bootstrapped.states() if state.phase == "training" and state.step == 1)
    for told in (training, bootstrapped.states()[-1], decided):
        assert (told.rows_too_long, told.samples_too_long) == (record["rows_too_long"], len(withdrawn))
    assert f"{len(withdrawn)} samples are not among the trained ones" in " ".join(decided.reasons)
    report = (bootstrapped.settings.eval_reports_dir / "cmd-1" / "report.md").read_text()
    assert "longer than max_seq_length" in report
    kept = json.loads(bootstrapped.store.read_bytes("training_data/tiny/versions/v1.samples.json"))
    assert [kept[name]["trained"] for name in withdrawn] == [False] * len(withdrawn)
    rows = bootstrapped.store.read_bytes("training_data/tiny/versions/v1.jsonl").decode()
    repair = bootstrapped.store.read_bytes("eval_data/tiny/repair/v1.jsonl").decode()
    asked = {item["item_id"] for item in json.loads(bootstrapped.store.read_bytes("finetuned/tiny/v1/scores.json"))["items"]}
    assert record["items_left_out"]
    assert not set(record["items_left_out"]) & asked
    assert not [name for name in withdrawn if name in rows or name in repair]


async def test_k9_held_out_rows_and_items_over_the_limit_are_among_the_reasons(bootstrapped: Installation, make_command: Maker) -> None:
    """Each kind with its number, in the decision, its record and the report; the job's date is its command's."""
    bootstrapped.behaviour = "long"
    bootstrapped.ask(make_command)
    async with bootstrapped.running():
        await until(lambda: bootstrapped.states() and bootstrapped.states()[-1].phase == "ended")
    reasons = " ".join(bootstrapped.topics.events(PromotionDecided)[-1].reasons)
    assert "2 held-out rows are longer than max_seq_length 2048 and were not measured" in reasons
    assert "items longer than max_seq_length 2048 were asked of neither side: 3 of holdout" in reasons
    record = json.loads(bootstrapped.store.read_bytes("finetuned/tiny/v1/decision.json"))
    assert (record["too_long"]["held_out_rows"], record["too_long"]["items"]) == (2, {"holdout": 3})
    spec = json.loads((bootstrapped.settings.jobs_dir() / "cmd-1" / "spec.json").read_text())
    assert datetime.fromisoformat(spec["date"]) == bootstrapped.states()[0].command.requested_at


async def test_a_finished_command_is_ignored_at_the_next_start(bootstrapped: Installation, make_command: Maker) -> None:
    """Everything is read again from the beginning, and nothing is done twice."""
    bootstrapped.ask(make_command)
    async with bootstrapped.running():
        await until(lambda: bootstrapped.states() and bootstrapped.states()[-1].phase == "ended")
    written = len(bootstrapped.topics.transactions)
    async with bootstrapped.running() as supervisor:
        await until(lambda: supervisor.log is not None)
        await asyncio.sleep(0.2)
    assert len(bootstrapped.topics.transactions) == written
    assert bootstrapped.starts() == 1


async def test_a_stopped_runner_gives_the_job_back_and_the_next_resumes(bootstrapped: Installation, make_command: Maker) -> None:
    """The child is stopped with it; the next runner has a larger token and goes on from the checkpoint."""
    bootstrapped.behaviour = "slow"
    bootstrapped.ask(make_command)
    async with bootstrapped.running():
        await until(lambda: bootstrapped.states() and bootstrapped.states()[-1].step >= 2)
    open_state = bootstrapped.states()[-1]
    assert (open_state.phase, open_state.outcome) == ("training", None)
    assert open_state.lease is not None
    assert open_state.lease.expires_at <= datetime.now(UTC)
    async with bootstrapped.running():
        await until(lambda: bootstrapped.states()[-1].phase == "ended")
    assert bootstrapped.states()[-1].outcome == "promoted"
    assert bootstrapped.starts() == 2
    result = json.loads((bootstrapped.settings.jobs_dir() / "cmd-1" / "result.json").read_text())
    assert result["resumed_from_step"] >= 2
    assert bootstrapped.states()[-1].lease.token == 2  # type: ignore[union-attr]


async def test_a_result_that_is_there_goes_straight_to_the_gate(
    bootstrapped: Installation, make_command: Maker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A runner that was killed while promoting trains nothing again, and promotes once."""
    # The topics are taken back to before the end, after which nothing was tidied up.
    monkeypatch.setattr("gpu_runner.supervisor.clear_ended", lambda *_: 0)
    bootstrapped.ask(make_command)
    async with bootstrapped.running():
        await until(lambda: bootstrapped.states() and bootstrapped.states()[-1].phase == "ended")
    promoted = bootstrapped.current()
    cut = next(
        n
        for n, written in enumerate(bootstrapped.topics.transactions)
        if isinstance(written[-1], TrainingState) and written[-1].phase == "deciding"
    )
    for without_record in (False, True):
        del bootstrapped.topics.transactions[cut + 1 :]
        if without_record:
            bootstrapped.store.local_path("finetuned/tiny/v1/decision.json").unlink()
        async with bootstrapped.running():
            await until(lambda: bootstrapped.states()[-1].phase == "ended")
        assert bootstrapped.current().artifact_sha256 == promoted.artifact_sha256
        assert [decision.verdict for decision in bootstrapped.topics.events(PromotionDecided)] == ["bootstrap", "promote"]
    assert bootstrapped.starts() == 1


async def test_a_crash_is_retryable_and_the_next_attempt_goes_on_in_the_same_folder(
    bootstrapped: Installation, make_command: Maker
) -> None:
    """An infrastructure failure ends the attempt; stage 2 may ask for the next, which keeps version and checkpoints."""
    bootstrapped.behaviour = "first_crash"
    bootstrapped.ask(make_command)
    async with bootstrapped.running():
        await until(lambda: bootstrapped.states() and bootstrapped.states()[-1].phase == "ended")
        failed = bootstrapped.states()[-1]
        assert (failed.outcome, failed.retryable, failed.attempt) == ("failed", True, 1)
        assert "SIGKILL" in str(failed.error)
        bootstrapped.ask(make_command, attempt=2)
        await until(lambda: bootstrapped.states()[-1].attempt == 2 and bootstrapped.states()[-1].phase == "ended")
    assert (bootstrapped.states()[-1].outcome, bootstrapped.states()[-1].version) == ("promoted", "v1")
    result = json.loads((bootstrapped.settings.jobs_dir() / "cmd-1" / "result.json").read_text())
    assert (result["resumed_from_step"], result["attempt"]) == (2, 2)


@pytest.mark.parametrize(
    ("behaviour", "outcome", "retryable"),
    [
        ("bad_base", "failed", False),
        ("no_data", "no_data", False),
        ("out_of_memory", "failed", True),
        ("internal", "failed", True),
        ("corrupt", "failed", True),
        ("worse", "rejected", False),
    ],
)
async def test_each_end_of_a_child_has_its_outcome(
    bootstrapped: Installation, make_command: Maker, behaviour: str, outcome: str, retryable: bool
) -> None:
    """What the same inputs would meet again is not retried, damaged artifacts are never judged, worse is rejected."""
    bootstrapped.behaviour = behaviour
    bootstrapped.ask(make_command)
    async with bootstrapped.running():
        await until(lambda: bootstrapped.states() and bootstrapped.states()[-1].phase == "ended")
    last = bootstrapped.states()[-1]
    assert (last.outcome, last.retryable) == (outcome, retryable)
    assert bootstrapped.current().version == "v0"


async def test_nothing_left_to_train_on_is_no_data(bootstrapped: Installation, make_command: Maker) -> None:
    """Every sample was taken back during the lease: no child starts, and the error counts the reasons."""
    bootstrapped.topics.requests += [retraction(sample) for sample in bootstrapped.samples.collected]
    bootstrapped.ask(make_command)
    async with bootstrapped.running():
        await until(lambda: bootstrapped.states() and bootstrapped.states()[-1].phase == "ended")
    last = bootstrapped.states()[-1]
    assert (last.outcome, bootstrapped.starts()) == ("no_data", 0)
    assert "retracted 60" in str(last.error)


async def test_a_person_cancels_a_running_job(bootstrapped: Installation, make_command: Maker) -> None:
    """The child is stopped, the job ends as cancelled with who asked, and a restart does not take it up again."""
    bootstrapped.behaviour = "hang"
    bootstrapped.ask(make_command)
    async with bootstrapped.running():
        await until(lambda: bootstrapped.states() and bootstrapped.states()[-1].step == 2)
        bootstrapped.topics.requests.append(request("cancel", job_id="cmd-1", reason="wrong data"))
        await until(lambda: bootstrapped.states()[-1].phase == "ended")
    assert (bootstrapped.states()[-1].outcome, bootstrapped.states()[-1].error) == ("cancelled", "cancelled by asha: wrong data")
    async with bootstrapped.running() as supervisor:
        await until(lambda: supervisor.log is not None)
        await asyncio.sleep(0.1)
    assert bootstrapped.starts() == 1


async def test_a_deaf_child_is_killed_after_the_grace(bootstrapped: Installation, make_command: Maker) -> None:
    """A cancel does not wait for ever."""
    bootstrapped.behaviour = "hang deaf"
    bootstrapped.settings = bootstrapped.settings.model_copy(update={"cancel_grace_s": 0.3})
    bootstrapped.ask(make_command)
    async with bootstrapped.running():
        await until(lambda: bootstrapped.states() and bootstrapped.states()[-1].step == 2)
        bootstrapped.topics.requests.append(request("cancel", job_id="cmd-1"))
        await until(lambda: bootstrapped.states()[-1].phase == "ended", seconds=5)


async def test_a_cancel_before_the_command_cancels_it(bootstrapped: Installation, make_command: Maker) -> None:
    """Topics have no common order: the cancel may be read first."""
    bootstrapped.topics.requests.append(request("cancel", job_id="cmd-1"))
    bootstrapped.ask(make_command)
    async with bootstrapped.running():
        await until(lambda: bootstrapped.states() and bootstrapped.states()[-1].phase == "ended")
    assert (bootstrapped.states()[-1].outcome, bootstrapped.starts()) == ("cancelled", 0)


async def test_a_run_that_is_too_long_is_cancelled(bootstrapped: Installation, make_command: Maker, clock: Any) -> None:
    """RUN_MAX_HOURS counts from the first start of the attempt, restarts included."""
    bootstrapped.behaviour, bootstrapped.clock = "hang", clock
    bootstrapped.ask(make_command)
    async with bootstrapped.running():
        await until(lambda: bootstrapped.states() and bootstrapped.states()[-1].step == 2)
    clock.pass_s(24 * 3600 + 1)
    async with bootstrapped.running():
        await until(lambda: bootstrapped.states()[-1].phase == "ended")
    assert bootstrapped.states()[-1].outcome == "cancelled"
    assert "RUN_MAX_HOURS=24" in str(bootstrapped.states()[-1].error)


async def test_the_lease_is_renewed_while_the_child_is_silent(bootstrapped: Installation, make_command: Maker) -> None:
    """A long step is no sign of death."""
    bootstrapped.behaviour = "hang"
    bootstrapped.ask(make_command)
    async with bootstrapped.running():
        await until(lambda: bootstrapped.states() and bootstrapped.states()[-1].step == 2)
        before = bootstrapped.states()[-1].lease
        await until(lambda: bootstrapped.states()[-1].lease.expires_at > before.expires_at + timedelta(milliseconds=150), seconds=5)  # type: ignore[union-attr]


async def test_another_owners_lease_is_respected(bootstrapped: Installation, make_command: Maker) -> None:
    """A runner on another machine waits for the lease to run out before it takes the job."""
    bootstrapped.behaviour = "hang"
    bootstrapped.settings = bootstrapped.settings.model_copy(update={"lease_s": 1.0, "lease_renew_s": 0.9})
    bootstrapped.ask(make_command)
    async with bootstrapped.running():
        await until(lambda: bootstrapped.states() and bootstrapped.states()[-1].step == 2)
    held = bootstrapped.topics.transactions[-2]  # the one before the lease was given back
    del bootstrapped.topics.transactions[-1]
    bootstrapped.behaviour = ""
    bootstrapped.settings = bootstrapped.settings.model_copy(update={"runner_owner": "runner-b"})
    async with bootstrapped.running():
        await until(lambda: bootstrapped.states()[-1].lease.owner == "runner-b")  # type: ignore[union-attr]
        taken = bootstrapped.states()[-1]
    assert taken.updated_at >= held[-1].lease.expires_at


async def test_losing_kafka_stops_the_child_and_the_next_session_resumes(bootstrapped: Installation, make_command: Maker) -> None:
    """A lease that can't be renewed must not train on; when Kafka is back the same job goes on."""
    bootstrapped.behaviour = "first_hang"
    bootstrapped.ask(make_command)
    async with bootstrapped.running() as supervisor:
        await until(lambda: bootstrapped.states() and bootstrapped.states()[-1].step == 2)
        bootstrapped.topics.up = False
        await until(lambda: supervisor.log is None)
        assert "the broker is away" in supervisor.last_error
        bootstrapped.topics.up = True
        await until(lambda: bootstrapped.states()[-1].phase == "ended")
    assert bootstrapped.states()[-1].outcome == "promoted"
    assert bootstrapped.starts() == 2


async def test_a_lease_whose_taking_was_never_answered_is_not_given_back(bootstrapped: Installation, make_command: Maker) -> None:
    """Kafka has the new token and the answer is lost: giving the former lease back would take the token back with it."""
    bootstrapped.behaviour = "hang"
    bootstrapped.ask(make_command)
    async with bootstrapped.running():
        await until(lambda: bootstrapped.states() and bootstrapped.states()[-1].step == 2)
    topics, inner = bootstrapped.topics, bootstrapped.open_channel
    lost: list[int] = []

    class LosesTheAnswer(FakeChannel):
        async def write(self, events: Sequence[Event]) -> None:
            await super().write(events)
            if not lost and any(isinstance(event, TrainingState) and event.lease and event.lease.token == 2 for event in events):
                lost.append(len(topics.transactions))
                # The reader notices first and ends the session; the connection is back before the lease is given back.
                topics.up = False
                await asyncio.sleep(0.1)
                topics.up = True
                raise NotConnected("the answer was lost")

    bootstrapped.open_channel = lambda: LosesTheAnswer(topics)
    async with bootstrapped.running() as supervisor:
        await until(lambda: lost and supervisor.log is None)
    bootstrapped.behaviour, bootstrapped.open_channel = "", inner
    async with bootstrapped.running():
        await until(lambda: bootstrapped.states()[-1].phase == "ended")
    tokens = [state.lease.token for state in bootstrapped.states() if state.lease]
    assert tokens == sorted(tokens)
    assert tokens[-1] == 3


async def test_a_fenced_runner_stops(bootstrapped: Installation) -> None:
    """Another one has taken over: this one ends with an error instead of trying again."""
    supervisor = bootstrapped.supervisor()

    class Fenced:
        def __init__(self) -> None:
            self.inner = bootstrapped.open_channel()

        def __getattr__(self, name: str) -> Any:
            return getattr(self.inner, name)

        async def poll(self, timeout_s: float) -> Any:
            raise Fatal("another runner took over")

    supervisor._open_channel = Fenced
    with pytest.raises(Fatal):
        await asyncio.wait_for(supervisor.run(), 10)


async def test_a_promotion_while_the_baseline_changed_is_void(bootstrapped: Installation, make_command: Maker) -> None:
    """A person promoted another version meanwhile: the verdict was about something that no longer serves."""
    bootstrapped.ask(make_command)
    async with bootstrapped.running():
        await until(lambda: bootstrapped.states() and bootstrapped.states()[-1].phase == "ended")
        bootstrapped.behaviour = "slow"
    async with bootstrapped.running():
        bootstrapped.samples.collected = [correction(number) for number in range(100, 160)]
        bootstrapped.ask(make_command, command_id="cmd-2", serving_version="v1")
        await until(lambda: bootstrapped.states("cmd-2") and bootstrapped.states("cmd-2")[-1].step >= 1)
        bootstrapped.topics.requests.append(request("rollback"))
        await until(lambda: bootstrapped.states("cmd-2")[-1].phase == "ended")
    assert bootstrapped.states("cmd-2")[-1].outcome == "void"
    assert (bootstrapped.current().version, bootstrapped.current().cause) == ("v0", "rollback")


async def test_the_next_run_starts_from_the_promoted_version(bootstrapped: Installation, make_command: Maker) -> None:
    """Its weights are the start and the baseline, and its repair items are asked again as an earlier set."""
    bootstrapped.ask(make_command)
    async with bootstrapped.running():
        await until(lambda: bootstrapped.states() and bootstrapped.states()[-1].phase == "ended")
        bootstrapped.samples.collected = [correction(number) for number in range(100, 160)]
        bootstrapped.ask(make_command, command_id="cmd-2", serving_version="v1")
        await until(lambda: bootstrapped.states("cmd-2") and bootstrapped.states("cmd-2")[-1].phase == "ended")
    spec = json.loads((bootstrapped.settings.jobs_dir() / "cmd-2" / "spec.json").read_text())
    assert spec["start"]["name"] == "v1"
    assert spec["version"] == "v2"
    sets = [json.loads(line)["set"] for line in (bootstrapped.settings.jobs_dir() / "cmd-2" / "dataset" / "evaluation.jsonl").open()]
    assert sets.count("earlier_repair") > 20
    assert bootstrapped.current().version == "v2"


async def test_a_rolled_back_version_is_not_in_later_lineage(bootstrapped: Installation, make_command: Maker) -> None:
    """After a rollback the next run starts from the version before, without the rolled-back one's rows."""
    bootstrapped.ask(make_command)
    async with bootstrapped.running():
        await until(lambda: bootstrapped.states() and bootstrapped.states()[-1].phase == "ended")
        bootstrapped.topics.requests.append(
            RollbackRequested(rollback_id="rb-1", model="tiny", version="v1", to_version="v0", requested_at=START, reason="users say so")
        )
        await until(lambda: bootstrapped.current().cause == "rollback")
        bootstrapped.samples.collected = [correction(number) for number in range(100, 160)]
        bootstrapped.ask(make_command, command_id="cmd-2", serving_version="v0")
        await until(lambda: bootstrapped.states("cmd-2") and bootstrapped.states("cmd-2")[-1].phase == "ended")
    spec = json.loads((bootstrapped.settings.jobs_dir() / "cmd-2" / "spec.json").read_text())
    assert (spec["start"]["name"], spec["version"]) == ("v0", "v2")
    assert "earlier_repair" not in (bootstrapped.settings.jobs_dir() / "cmd-2" / "dataset" / "evaluation.jsonl").read_text()


async def test_k9_a_training_child_that_says_nothing_is_told_of_and_ended_as_retryable(
    bootstrapped: Installation, make_command: Maker
) -> None:
    """First a notice in `training.state` and a metric, then the end of the attempt."""
    bootstrapped.behaviour = "hang"
    bootstrapped.settings = bootstrapped.settings.model_copy(update={"child_silence_s": 3.0})
    bootstrapped.ask(make_command)
    async with bootstrapped.running():
        await until(lambda: any(state.notice for state in bootstrapped.states()))
        assert b'child_silent_seconds{child="training"} 0.0' not in bootstrapped.metrics.text()
        await until(lambda: bootstrapped.states()[-1].phase == "ended")
        failed = bootstrapped.states()[-1]
        assert (failed.outcome, failed.retryable, failed.notice) == ("failed", True, None)
        assert "said nothing" in str(failed.error)
        assert b'abhyas_runner_child_silent_seconds{child="training"} 0.0' in bootstrapped.metrics.text()
