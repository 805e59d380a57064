"""The settings of the stream processor, from environment variables of the same names in upper case."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from pydantic import Field, model_validator

from consumers.decide.feedback_rate import RatesPolicy
from consumers.decide.model_drift import DriftPolicy, none_known
from consumers.decide.trigger_state import TriggerPolicy
from consumers.drift.rates.river_detectors import SecondOpinion
from runtime.settings import StoreSettings

if TYPE_CHECKING:
    from consumers.decide.document_drift import Known


class ConsumerSettings(StoreSettings):
    """What the two stages and the ticker are set by; the shared ones are in `ServiceSettings` and `StoreSettings`.

    | variable | default | meaning |
    |---|---|---|
    | RETRAIN_TRIGGER_THRESHOLD | 100 | negatives that make a run due |
    | RETRAIN_SCHEDULE_INTERVAL_HOURS | 168 | a run is due this long after the bootstrap or the last run, where there is something new |
    | RETRAIN_COOL_DOWN_MINUTES | 60 | no automatic run this long after one ended |
    | RETRAIN_RETRY_MINUTES | 5 | first wait after an infrastructure failure; doubles, at most 3 attempts |
    | RUN_MAX_HOURS | 24 | a run older than this is cancelled |
    | BATCH_MAX_PER_USER | 5 | most pending negatives of one user, else conversation, that count and go into one batch |
    | BATCH_MIN_USERS | 20 | fewest users, else conversations, whose negatives make a run due by their number |
    | ALLOWED_LATENESS_HOURS | 168 | an event this much older than the newest of its partition is refused; ids are remembered as long |
    | FUTURE_TOLERANCE_MINUTES | 10 | an event dated this much ahead of the broker's clock is refused |
    | BATCH_MAX_SAMPLES, BATCH_MAX_DOCUMENTS | 2000, 500 | largest batch |
    | FEEDBACK_COLLECTION_ENABLED | true | false: feedback is counted and not collected; retractions still count |
    | DATA_DRIFT_WINDOW_DAYS | 30 | event-days older than this do not enter the drift signals |
    | DRIFT_RATINGS_BASELINE | 2000 | ratings since a version serves that later ones are held against |
    | DRIFT_MIN_BUCKET_EVENTS | 20 | ratings in a bucket before it closes |
    | DRIFT_SECOND_OPINION, DRIFT_DELTA | adwin, 0.002 | `adwin`, `page_hinkley` or `none` beside the drift of ratings; ADWIN's confidence |
    | TICK_INTERVAL_S | 10 | seconds between ticks |
    | STAGE1_SHARDS, STAGE2_SHARDS | 4, 2 | groups of partitions, each with its own transactional id; changed by `abhyas shards` |
    | INSTANCE, INSTANCES | 0, 1 | this process runs shard s of each stage where s modulo INSTANCES is INSTANCE |
    | TRANSACTION_TIMEOUT_S | 60 | the broker aborts a transaction left open this long |
    | BATCH_MAX_RECORDS | 2000 | most records in a transaction |
    | SNAPSHOT_EVERY_MINUTES | 10 | minutes between snapshots of the state in DATA_DIR, one more at a stop; 0: none; Kafka only |
    | CHANGELOG_WRITE_EVERY_HOURS | 3 | an idle changelog partition is written to this often, so that Kafka compacts it |
    | STALL_SECONDS | 60 | records waiting this long without a commit, or for another's transaction: not ready |
    | SKIP_LOST_RECORDS | false | true: go on from the log's start where records left unread, or the topic was made anew |
    | HOST, CONSUMERS_PORT | 127.0.0.1, 8010 | where /health, /ready, /metrics and /state answer |
    """

    host: str = "127.0.0.1"
    consumers_port: int = Field(default=8010, ge=0, le=65535)
    retrain_trigger_threshold: int = Field(default=100, ge=1)
    retrain_schedule_interval_hours: float = Field(default=168, gt=0)
    retrain_cool_down_minutes: float = Field(default=60, ge=0)
    retrain_retry_minutes: float = Field(default=5, ge=0)
    run_max_hours: float = Field(default=24, gt=0)
    # A reference takes about 150 bytes of the command, which stays under the broker's 1 MiB with room to spare.
    batch_max_samples: int = Field(default=2000, ge=1, le=4000)
    batch_max_documents: int = Field(default=500, ge=0, le=2000)
    batch_max_per_user: int = Field(default=5, ge=1)
    batch_min_users: int = Field(default=20, ge=1)
    # The ring of event-days is 30 days long: what is older has no day to be counted in.
    allowed_lateness_hours: float = Field(default=168, ge=0, le=29 * 24)
    future_tolerance_minutes: float = Field(default=10, ge=0)
    feedback_collection_enabled: bool = True
    data_drift_window_days: int = Field(default=30, ge=1)
    drift_ratings_baseline: int = Field(default=2000, ge=1)
    drift_min_bucket_events: int = Field(default=20, ge=1)
    drift_second_opinion: SecondOpinion = "adwin"
    drift_delta: float = Field(default=0.002, gt=0, lt=1)
    tick_interval_s: float = Field(default=10, gt=0)
    stage1_shards: int = Field(default=4, ge=1)
    stage2_shards: int = Field(default=2, ge=1)
    instance: int = Field(default=0, ge=0)
    instances: int = Field(default=1, ge=1)
    # Kafka's own limit is 15 minutes (transaction.max.timeout.ms); until then an orphan holds up readers of committed records.
    transaction_timeout_s: float = Field(default=60, gt=0, le=900)
    batch_max_records: int = Field(default=2000, ge=1)
    snapshot_every_minutes: float = Field(default=10, ge=0)
    # An erased key is gone within 24 h: Kafka compacts at the first write 12 h after the tombstone, see ops/topic_contract.py.
    changelog_write_every_hours: float = Field(default=3, gt=0, le=6)
    stall_seconds: float = Field(default=60, gt=0)
    skip_lost_records: bool = False

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

    def shards(self, stage: str) -> int:
        """The number of shards of a stage, over all instances."""
        return self.stage1_shards if stage == "stage1" else self.stage2_shards

    def trigger_policy(self, baseline: Known = none_known) -> TriggerPolicy:
        """The trigger's knobs; `baseline` gives drift baselines by their sha256."""
        rates = RatesPolicy(
            baseline_events=self.drift_ratings_baseline,
            min_bucket_events=self.drift_min_bucket_events,
            opinion=self.drift_second_opinion,
            delta=self.drift_delta,
        )
        return TriggerPolicy(
            drift=DriftPolicy(baseline, window_days=self.data_drift_window_days, rates=rates),
            threshold=self.retrain_trigger_threshold,
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
