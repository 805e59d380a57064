"""The settings of the stream processor, from environment variables of the same names in upper case."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Self

from pydantic import Field, model_validator

from consumers.decide.feedback_rate import RatesPolicy
from consumers.decide.model_drift import DriftPolicy, none_known
from consumers.decide.trigger_state import TriggerPolicy
from consumers.drift.rates.river_detectors import ShadowDetector
from runtime.settings import CollectionSettings, ListeningSettings, RunLimit, StoreSettings

if TYPE_CHECKING:
    from consumers.decide.document_drift import Known


# Below about ten groups of corrections the gate can promote nothing, and not every correction is accepted.
MIN_TRAINABLE: Final = 20


class ConsumerSettings(ListeningSettings, CollectionSettings, RunLimit, StoreSettings):
    """What the two stages and the ticker are set by; the shared variables are in `runtime.settings`."""

    consumers_port: int = Field(8010, ge=0, le=65535, description="Their port: `/health`, `/ready`, `/metrics`, `/state`.")
    retrain_trigger_threshold: int = Field(100, ge=1, description="Negatives that make a run due.")
    retrain_min_trainable: int | None = Field(
        None,
        ge=1,
        description="So many of them must say what was right (a correction, or a preferred answer): a run could learn nothing from the "
        "others. Unset: 20, or `RETRAIN_TRIGGER_THRESHOLD` where that is lower.",
    )
    retrain_schedule_interval_hours: float = Field(
        168, gt=0, description="A run is due this long after the bootstrap or the last run, where there is something new."
    )
    retrain_cool_down_minutes: float = Field(60, ge=0, description="No automatic run this long after one ended.")
    retrain_retry_minutes: float = Field(
        5, ge=0, description="First wait after an infrastructure failure; it doubles, three attempts at most."
    )
    batch_max_per_user: int = Field(
        5, ge=1, description="The most pending negatives of one user, else conversation, that count and go into one batch."
    )
    batch_min_users: int = Field(
        20,
        ge=1,
        description="The fewest users, else conversations, whose negatives that can be trained on make a run due by their number.",
    )
    # The ring of event-days is 30 days long: what is older has no day to be counted in.
    allowed_lateness_hours: float = Field(
        168,
        ge=0,
        le=29 * 24,
        description="An event this much older than the newest of its partition is refused; ids are remembered as long.",
    )
    future_tolerance_minutes: float = Field(10, ge=0, description="An event dated this much ahead of the broker's clock is refused.")
    # A reference takes about 150 bytes of the command, which stays under the broker's 1 MiB with room to spare.
    batch_max_samples: int = Field(2000, ge=1, le=4000, description="The most samples of one batch.")
    batch_max_documents: int = Field(500, ge=0, le=2000, description="The most documents of one batch.")
    data_drift_window_days: int = Field(30, ge=1, description="Event-days older than this do not enter the drift signals.")
    drift_ratings_baseline: int = Field(
        2000, ge=1, description="Ratings since a version serves that make the baseline of its rates; later ones are held against it."
    )
    drift_min_bucket_events: int = Field(20, ge=1, description="Ratings in a bucket before it enters the detectors.")
    drift_second_opinion: ShadowDetector = Field(
        "adwin", description="`adwin`, `page_hinkley` or `none`: told beside the drift of ratings, never firing alone."
    )
    drift_delta: float = Field(0.002, gt=0, lt=1, description="The confidence of ADWIN as a shadow detector: smaller is quieter.")
    tick_interval_s: float = Field(10, gt=0, description="Seconds between ticks, the only source of time for decisions.")
    stage1_shards: int = Field(
        4,
        ge=1,
        description="Groups of partitions of stage 1, each with its own transactional id: the most instances that share the stage. Fixed "
        "by the first start; `abhyas shards` changes it. `abhyas up` on the embedded broker sets 1.",
    )
    stage2_shards: int = Field(2, ge=1, description="The same for stage 2.")
    instance: int = Field(
        0,
        ge=0,
        description="This process runs shard s of each stage where s modulo `INSTANCES` is `INSTANCE`, and instance 0 the ticker. Without "
        "a shard it waits and is ready.",
    )
    instances: int = Field(
        1,
        ge=1,
        description="How many processes share the shards. A shard's new owner fences the old one, which stops with exit code 1: start it "
        "again as one of the new number.",
    )
    # Kafka's own limit is 15 minutes (transaction.max.timeout.ms); until then an orphan holds up readers of committed records.
    transaction_timeout_s: float = Field(
        60,
        gt=0,
        le=900,
        description="The broker aborts a transaction that was left open this long; until then readers of its partitions wait.",
    )
    batch_max_records: int = Field(2000, ge=1, description="The most records in one transaction.")
    snapshot_every_minutes: float = Field(
        10,
        ge=0,
        description="Minutes between snapshots of the state in `DATA_DIR/snapshots`, which shorten the next start; one more is made at a "
        "stop. 0: none. On the embedded broker there are none.",
    )
    # An erased key is gone within 24 h: Kafka compacts at the first write 12 h after the tombstone, see ops/topic_contract.py.
    changelog_write_every_hours: float = Field(
        3,
        gt=0,
        le=6,
        description="A changelog partition that nothing else writes to is written to this often, so that Kafka compacts what was erased.",
    )
    stall_seconds: float = Field(
        60,
        gt=0,
        description="Records that wait this long without a commit, or behind another producer's open transaction, make the service "
        "not ready.",
    )
    skip_lost_records: bool = Field(
        False,
        description="`true`: go on where retention took records that were never read, and read a topic that was made anew from its "
        "beginning; needed for one start. `false`: both are fatal.",
    )

    @model_validator(mode="after")
    def _is_one_of_the_instances(self) -> Self:
        if self.instance >= self.instances:
            raise ValueError(
                f"INSTANCE is {self.instance} and INSTANCES is {self.instances}: expected INSTANCE from 0 to {self.instances - 1}"
            )
        return self

    @model_validator(mode="after")
    def _batches_hold_a_quorum(self) -> Self:
        if self.batch_max_samples < self.batch_min_users:
            raise ValueError(
                f"BATCH_MAX_SAMPLES is {self.batch_max_samples}: expected at least BATCH_MIN_USERS = {self.batch_min_users}, "
                "or no batch could hold the words of as many users as it was asked of"
            )
        return self

    def min_trainable(self) -> int:
        """How many pending negatives that can be trained on a run by count asks for."""
        if self.retrain_min_trainable is not None:
            return self.retrain_min_trainable
        return min(MIN_TRAINABLE, self.retrain_trigger_threshold)

    def shards(self, stage: str) -> int:
        """The number of shards of a stage, over all instances."""
        return self.stage1_shards if stage == "stage1" else self.stage2_shards

    def trigger_policy(self, baseline: Known = none_known) -> TriggerPolicy:
        """The trigger's knobs; `baseline` gives drift baselines by their sha256."""
        rates = RatesPolicy(
            baseline_events=self.drift_ratings_baseline,
            min_bucket_events=self.drift_min_bucket_events,
            shadow=self.drift_second_opinion,
            delta=self.drift_delta,
        )
        return TriggerPolicy(
            drift=DriftPolicy(baseline, window_days=self.data_drift_window_days, rates=rates),
            threshold=self.retrain_trigger_threshold,
            min_trainable=self.min_trainable(),
            max_per_user=self.batch_max_per_user,
            min_users=self.batch_min_users,
            future_s=round(self.future_tolerance_minutes * 60),
            schedule_interval_hours=self.retrain_schedule_interval_hours,
            cool_down_minutes=self.retrain_cool_down_minutes,
            retry_minutes=self.retrain_retry_minutes,
            run_max_hours=self.run_max_hours,
            max_samples=self.batch_max_samples,
            max_documents=self.batch_max_documents,
        )
