"""Planted faults: each one part of the installation with one small change of behaviour. The checks have to catch every one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import msgspec
from aiokafka import TopicPartition

from bench.simulation.faults_of_topics import (
    CountsAllPartitions,
    ForgetsMarkers,
    OverlooksAddedPartitions,
    SeesTheFormerTopics,
    StaysInItsEpoch,
    overlooks_added_partitions,
    passes_over_a_new_topic,
    skips_without_a_word,
)
from bench.simulation.parts import Parts
from bench.simulation.simulated_clients import SimulatedConsumer, SimulatedProducer, SimulatedWriter
from bench.simulation.simulated_runner import SimulatedReader
from consumers.collect.collector import Collector
from consumers.collect.daily_sketches import ActiveSketcher
from consumers.collect.decode import Received
from consumers.collect.deduplication import ID_BYTES, Mark
from consumers.collect.policy import IntakePolicy
from consumers.collect.watermark import Watermark
from consumers.decide.buffer.buffered import Buffered
from consumers.decide.buffer.negative_buffer import NegativeBuffer, Taken
from consumers.decide.decider import Decider
from consumers.decide.inputs import JobSeen, SampleSeen
from consumers.decide.trigger import Decision, ModelTrigger
from consumers.decide.trigger_state import TriggerPolicy
from consumers.engine.changelog import apply_changelog
from consumers.engine.open_shard import StartSteps
from consumers.engine.stage import OwnedTask
from consumers.kept_state import Migration
from consumers.records import Effects, Emitted, InputRecord, Originals, Refusal
from consumers.state_keys import WAITING_KEY
from gpu_runner.event_log.withdrawals import Erasure, Retraction
from gpu_runner.jobs.run import JobRun
from schemas import topics
from schemas.envelope import Encoded, WireRecord
from schemas.events.retrain_requested import LeasedBatch, RetrainRequested

Records = Mapping[tuple[str, int], Sequence[WireRecord | Encoded]]


class SkipsACommit(SimulatedWriter):
    """One commit in fifty is told and not done."""

    async def commit(self, routed: Records, *, offsets: Mapping[TopicPartition, int] | None = None, group: str | None = None) -> float:
        if self.producer.network.rng.random() < 0.02:
            return 0.0
        return await super().commit(routed, offsets=offsets, group=group)


class CommitsBeforeTheOutput(SimulatedWriter):
    """State and position in one transaction, what they led to in the next."""

    async def commit(self, routed: Records, *, offsets: Mapping[TopicPartition, int] | None = None, group: str | None = None) -> float:
        state = {place: records for place, records in routed.items() if ".changelog." in place[0]}
        await super().commit(state, offsets=offsets, group=group)
        return await super().commit({place: records for place, records in routed.items() if place not in state})


class Unfenced(SimulatedProducer):
    """A transactional id of its own for each start: nobody is fenced."""

    async def start(self) -> None:
        self.transactional_id += f"-{len(self.log.producers)}"
        await super().start()


class ReadsEverything(SimulatedConsumer):
    """Reads records of open and aborted transactions too."""

    uncommitted = True


def restores_without_position(owned: OwnedTask, key: bytes | None, value: bytes | None, migrations: Sequence[Migration]) -> None:
    """The state comes back, where it was read to does not."""
    if key is not None and not key.startswith(b"p|"):
        apply_changelog(owned, key, value, migrations)


def restores_without_tombstones(owned: OwnedTask, key: bytes | None, value: bytes | None, migrations: Sequence[Migration]) -> None:
    """What was deleted comes back."""
    if value is not None:
        apply_changelog(owned, key, value, migrations)


class DeduplicatesByRevision(Collector):
    """A retraction with the revision that it takes back is a duplicate."""

    def _accept(self, received: Received, record: InputRecord, watermark: Watermark, time_s: int, effects: Effects) -> str | Refusal:
        known = watermark.marks.get(watermark.state_key(received.sample), 0)
        if known is not None and known.revision == received.revision:
            return "duplicate"
        return super()._accept(received, record, watermark, time_s, effects)


class ForgetsErased(Collector):
    """Stage 1 hears an erasure and takes back nothing of its counts."""

    def process(self, records: Iterable[InputRecord]) -> Effects:
        return super().process(record for record in records if record.topic != topics.USER_ERASED)


class KeepsFormerRows(Collector):
    """What a document's former revision added to its day's sketch stays."""

    def _withdraw(self, key: bytes, mark: Mark, watermark: Watermark) -> None:
        super()._withdraw(key, msgspec.structs.replace(mark, row=None), watermark)


def restores_without_what_waits(owned: OwnedTask, key: bytes | None, value: bytes | None, migrations: Sequence[Migration]) -> None:
    """Feedback that came before its turn is forgotten by a restart."""
    if key is None or key[:1] != WAITING_KEY or len(key) != len(WAITING_KEY) + ID_BYTES:
        apply_changelog(owned, key, value, migrations)


class JoinsTwice(Collector):
    """What belongs together is joined, and once more."""

    def join(self, originals: Originals) -> Effects:
        asked = self._turns._asked
        effects = super().join(originals)
        self._turns._asked = asked
        effects.extend(super().join(originals))
        return effects


class DropsTheUnjoined(Collector):
    """A correction whose turn never comes is given up without a word."""

    def join(self, originals: Originals) -> Effects:
        effects = super().join(originals)
        effects.dead_letters.clear()
        return effects


class TakesEverything(Collector):
    """No event is too late or too early."""

    def __init__(self, partition: int, policy: IntakePolicy, active_sketcher: ActiveSketcher) -> None:
        super().__init__(partition, replace(policy, lateness_s=1_000_000_000, future_s=1_000_000_000), active_sketcher)


class CountingBuffer(NegativeBuffer):
    """A batch is written down and nothing is consumed by it."""

    def lease(self, number: int, **limits: Any) -> LeasedBatch:
        before = dict(self._samples)
        batch = super().lease(number, **limits)
        for name, entry in before.items():
            self._put(name, entry)
        return batch


class BareTeaches(NegativeBuffer):
    """What says nothing to learn from counts as if it did."""

    def take(self, seen: SampleSeen, **place: Any) -> Taken:
        return super().take(msgspec.structs.replace(seen, negative_class=""), **place)


class TriesAgain(NegativeBuffer):
    """What a run found nothing to learn in is not marked."""

    def settle(self, batch: LeasedBatch, *, outcome: str, recipe: str = "") -> None:
        super().settle(batch, outcome=outcome, recipe="")


class ParksWithoutData(NegativeBuffer):
    """A run that found nothing to learn consumes its batch as any other."""

    def settle(self, batch: LeasedBatch, *, outcome: str, recipe: str = "") -> None:
        super().settle(batch, outcome="void" if outcome == "no_data" else outcome, recipe=recipe)


class KeepsAllPraise(NegativeBuffer):
    """One user's praise may fill the sample."""

    def _bound_praise(self, entry: Buffered) -> None:
        return


class ForgetfulBuffer(NegativeBuffer):
    """A retraction of what is pending is not heard."""

    def take(self, seen: SampleSeen, **place: Any) -> Taken:
        return "ignored" if seen.retracted else super().take(seen, **place)


class OneContributor(NegativeBuffer):
    """One user may speak for all: what is over the cap counts."""

    @property
    def counted_negatives(self) -> int:
        return self.pending_negatives


class ForgetsErasures(NegativeBuffer):
    """An erasure stops what comes later; what the buffer holds already stays."""

    def erase(self, contributor: str, until_s: int) -> int:
        return 0


class NoQuorum(NegativeBuffer):
    """Any number of users will do."""

    @property
    def trainable_users(self) -> int:
        return 1_000


class SettlesEarly(ModelTrigger):
    """A failed attempt ends the lease although the next attempt is due."""

    def _job(self, seen: JobSeen) -> list[Decision]:
        return super()._job(msgspec.structs.replace(seen, retryable=False))


class SettlesForAnyEnd(ModelTrigger):
    """Whatever run ends, the one under way is settled."""

    def _job(self, seen: JobSeen) -> list[Decision]:
        command = self.command()
        if command is not None:
            seen = msgspec.structs.replace(seen, job_id=command.command_id, attempt=command.attempt)
        return super()._job(seen)


class IgnoresPause(ModelTrigger):
    """A pause is noted and not kept."""

    def _is_free(self) -> bool:
        paused, self.model_state.paused = self.model_state.paused, False
        free = super()._is_free()
        self.model_state.paused = paused
        return free


class RunsTwice(ModelTrigger):
    """A run that was sent to the runner is not waited for once a person asks for another."""

    def _is_free(self) -> bool:
        running, self.running = self.running, None if self.requests.waiting else self.running
        free = super()._is_free()
        self.running = running
        return free


class RetriesUnderANewId(Decider):
    """The next attempt of a command is published as another command."""

    def process(self, records: Iterable[InputRecord]) -> Effects:
        effects = super().process(records)
        effects.events = [_renamed(emitted) for emitted in effects.events]
        return effects


class HearsNoWithdrawal(SimulatedReader):
    """The runner's reader without retractions and erasures."""

    def _decode(self, records: Sequence[Any]) -> list[Any]:
        return [event for event in super()._decode(records) if not isinstance(event, Erasure | Retraction)]


class ForgetsNothingBeforeTheVerdict(JobRun):
    """What was taken back while the child learnt is judged, and kept for later versions."""

    async def _forget(self) -> None:
        return


def _renamed(emitted: Emitted) -> Emitted:
    event = emitted.event
    if isinstance(event, RetrainRequested) and event.attempt > 1:
        return replace(emitted, event=event.model_copy(update={"command_id": f"{event.command_id}-again"}))
    return emitted


def with_buffer(kind: type[NegativeBuffer]) -> Callable[[int, TriggerPolicy], Decider]:
    """A decider whose models have another buffer."""

    def make(partition: int, policy: TriggerPolicy) -> Decider:
        return _with_trigger(partition, policy, lambda model: _buffered(ModelTrigger(model, policy), kind(policy.max_per_user, model)))

    return make


def _buffered(trigger: ModelTrigger, buffer: NegativeBuffer) -> ModelTrigger:
    trigger.buffer = buffer
    return trigger


def with_trigger(kind: type[ModelTrigger]) -> Callable[[int, TriggerPolicy], Decider]:
    """A decider whose models have another trigger."""
    return lambda partition, policy: _with_trigger(partition, policy, lambda model: kind(model, policy))


def _with_trigger(partition: int, policy: TriggerPolicy, make: Callable[[str], ModelTrigger]) -> Decider:
    class Changed(Decider):
        def _trigger(self, model: str) -> ModelTrigger:
            if model not in self.triggers:
                self.triggers[model] = make(model)
            return self.triggers[model]

    return Changed(partition, policy)


def without_cool_down(partition: int, policy: TriggerPolicy) -> Decider:
    """A decider for which no cool-down is set."""
    return Decider(partition, replace(policy, cool_down_minutes=0))


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong, and the installation that has it."""

    what: str
    parts: Parts


REAL: Final = Parts()
FAULTS: Final[dict[str, Fault]] = {
    "skip-commit": Fault("a commit is told and not done", replace(REAL, writer=SkipsACommit)),
    "drop-fence": Fault("former owners of a shard are not fenced", replace(REAL, producer=Unfenced)),
    "commit-before-output": Fault("state and position are committed before the outputs", replace(REAL, writer=CommitsBeforeTheOutput)),
    "count-instead-of-lease": Fault("a batch consumes nothing", replace(REAL, decider=with_buffer(CountingBuffer))),
    "count-bare": Fault("a rating that says nothing to learn from makes a run due", replace(REAL, decider=with_buffer(BareTeaches))),
    "try-again": Fault("what a run found nothing to learn in makes the next one due", replace(REAL, decider=with_buffer(TriesAgain))),
    "park-without-data": Fault("a run without data consumes its batch", replace(REAL, decider=with_buffer(ParksWithoutData))),
    "keep-all-praise": Fault("of one user more praise is kept than the bound", replace(REAL, decider=with_buffer(KeepsAllPraise))),
    "lose-cool-down": Fault("the cool-down is lost", replace(REAL, decider=without_cool_down)),
    "forget-retraction": Fault("a retraction does not reach the buffer", replace(REAL, decider=with_buffer(ForgetfulBuffer))),
    "restore-without-position": Fault(
        "a restore starts from the log's beginning", replace(REAL, apply_changelog=restores_without_position)
    ),
    "restore-without-tombstones": Fault(
        "a restore brings back what was deleted", replace(REAL, apply_changelog=restores_without_tombstones)
    ),
    "deduplicate-by-revision": Fault("a retraction of the newest revision is a duplicate", replace(REAL, collector=DeduplicatesByRevision)),
    "read-uncommitted": Fault("open and aborted records are read", replace(REAL, consumer=ReadsEverything)),
    "ignore-cap": Fault("one user's negatives count without a cap", replace(REAL, decider=with_buffer(OneContributor))),
    "ignore-quorum": Fault("the count rule fires for any number of users", replace(REAL, decider=with_buffer(NoQuorum))),
    "erasure-forgets-buffer": Fault("an erased user's samples stay in the buffer", replace(REAL, decider=with_buffer(ForgetsErasures))),
    "erasure-forgets-counts": Fault("an erased user's feedback stays in the day counts", replace(REAL, collector=ForgetsErased)),
    "keep-former-rows": Fault("a revised document is in its day's sketch twice", replace(REAL, collector=KeepsFormerRows)),
    "forget-what-waits": Fault(
        "feedback that waits for its turn is forgotten by a restart", replace(REAL, apply_changelog=restores_without_what_waits)
    ),
    "join-twice": Fault("a turn is joined with its feedback twice", replace(REAL, collector=JoinsTwice)),
    "drop-unjoined": Fault("a correction whose turn never came is dropped in silence", replace(REAL, collector=DropsTheUnjoined)),
    "accept-any-time": Fault("late and future-dated events are accepted", replace(REAL, collector=TakesEverything)),
    "settle-early": Fault("the first failed attempt ends the lease", replace(REAL, decider=with_trigger(SettlesEarly))),
    "settle-for-any-end": Fault("another job's end settles the run under way", replace(REAL, decider=with_trigger(SettlesForAnyEnd))),
    "ignore-pause": Fault("runs start while paused", replace(REAL, decider=with_trigger(IgnoresPause))),
    "run-twice": Fault("a person's request starts a second run beside the first", replace(REAL, decider=with_trigger(RunsTwice))),
    "retry-under-new-id": Fault("a retry is another command", replace(REAL, decider=RetriesUnderANewId)),
    "judge-what-was-taken-back": Fault(
        "nothing is erased between a result and its verdict", replace(REAL, job_run=ForgetsNothingBeforeTheVerdict)
    ),
    "train-what-was-taken-back": Fault("retracted rows of the lease are trained on", replace(REAL, reader=HearsNoWithdrawal)),
    "gap-is-a-loss": Fault(
        "a marker in front of the log's start is called lost", replace(REAL, start_steps=StartSteps(shard=ForgetsMarkers))
    ),
    "jump-not-written": Fault(
        "where a start jumped to is not written", replace(REAL, start_steps=StartSteps(write_starts=skips_without_a_word))
    ),
    "pass-over-new-topic": Fault(
        "a topic made anew is read on from the former one's positions",
        replace(REAL, start_steps=StartSteps(start_offsets=passes_over_a_new_topic), view=SeesTheFormerTopics),
    ),
    "overlook-added-partitions": Fault(
        "records in added partitions are told nowhere",
        replace(REAL, start_steps=StartSteps(refuse_unread=overlooks_added_partitions), view=OverlooksAddedPartitions),
    ),
    "write-to-added-partitions": Fault("publishers use added partitions", replace(REAL, publisher=CountsAllPartitions)),
    "keep-epoch": Fault("a stage goes on in its epoch after a slow commit", replace(REAL, producer=StaysInItsEpoch)),
    "drop-runner-fence": Fault("a runner that was replaced goes on writing", replace(REAL, runner_producer=Unfenced)),
}
