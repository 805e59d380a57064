"""The stream processor's Prometheus metrics; labels are bounded: topics, outcomes, reasons, and bootstrapped models."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from consumers.engine.watch.topic_watch import KINDS, Kind
from consumers.records import Effects
from schemas.events.drift_detected import DriftDetected
from schemas.events.retrain_requested import RetrainRequested

# A model becomes a label when it serves, so only those that a person bootstrapped; this many at most.
MAX_MODEL_LABELS = 100


class ConsumerMetrics:
    """Counted after the commit, so that a metric never tells of something that was aborted."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._events = Counter(
            "abhyas_consumer_events_total", "Records processed, by outcome", ["stage", "topic", "outcome"], registry=self.registry
        )
        self._dead_letters = Counter(
            "abhyas_consumer_dead_letters_total", "Records sent to dead letters", ["stage", "topic", "reason"], registry=self.registry
        )
        self._redactions = Counter("abhyas_consumer_redactions_total", "Identity numbers taken out", registry=self.registry)
        self._joins = Counter(
            "abhyas_consumer_joins_total", "Feedback that named a turn: joined with it, or not any more", ["result"], registry=self.registry
        )
        self._notices = Counter("abhyas_trigger_notices_total", "What the trigger has to say", ["level", "kind"], registry=self.registry)
        self._commands = Counter("abhyas_trigger_commands_total", "Commands published, retries included", registry=self.registry)
        self._drifts = Counter("abhyas_trigger_drifts_total", "Drifts detected", registry=self.registry)
        self._commit = Histogram(
            "abhyas_consumer_commit_seconds",
            "Seconds a transaction took",
            ["stage"],
            buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5),
            registry=self.registry,
        )
        self._lag = Gauge("abhyas_consumer_lag_records", "Records not processed yet", ["stage"], registry=self.registry)
        self._lag_seconds = Gauge(
            "abhyas_consumer_lag_seconds", "Age of the last processed record while others wait", ["stage"], registry=self.registry
        )
        self._changed_topics = Gauge(
            "abhyas_consumer_changed_topics",
            "Inputs and changelogs that are not what they were at the start: made_anew, missing, added_partitions that hold records",
            ["kind"],
            registry=self.registry,
        )
        self._open_transaction = Gauge(
            "abhyas_consumer_open_transaction_seconds",
            "How long another producer's open transaction has held records back, the oldest",
            registry=self.registry,
        )
        self._state_keys = Gauge("abhyas_consumer_state_keys", "Keys held in memory", ["stage"], registry=self.registry)
        # By what the status of a model calls it.
        self._buffers = {
            name: Gauge(f"abhyas_buffer_{metric}", what, ["model"], registry=self.registry)
            for name, metric, what in (
                ("pending_negatives", "pending_negatives", "Negatives that no batch has leased"),
                ("counted_negatives", "counted_negatives", "Pending negatives that count towards the threshold"),
                ("trainable_negatives", "trainable_negatives", "Counted negatives that can be trained on and were not tried"),
                ("min_trainable", "min_trainable", "Negatives that can be trained on that a run by count asks for"),
                ("praised", "praise", "Praised answers that are kept"),
                ("distinct_users", "users", "Users, else conversations, of pending negatives"),
                ("min_users", "min_users", "Users that a run by count asks for"),
                ("threshold", "threshold", "Negatives that make a run due"),
            )
        }
        self._tick = Gauge("abhyas_ticker_last_tick_timestamp_seconds", "The newest tick written", registry=self.registry)

    def committed(self, stage: str, effects: Iterable[Effects], seconds: float) -> None:
        """One transaction of a stage is committed."""
        self._commit.labels(stage).observe(seconds)
        for effect in effects:
            for (topic, outcome), count in effect.outcomes.items():
                self._events.labels(stage, topic, outcome).inc(count)
            for letter in effect.dead_letters:
                self._dead_letters.labels(stage, letter.topic, letter.reason).inc()
            for notice in effect.notices:
                self._notices.labels(notice.level, notice.kind).inc()
            self._redactions.inc(effect.redactions)
            if effect.joined or effect.unjoined:
                self._joins.labels("joined").inc(effect.joined)
                self._joins.labels("unjoined").inc(effect.unjoined)
            self._commands.inc(sum(isinstance(emitted.event, RetrainRequested) for emitted in effect.events))
            self._drifts.inc(sum(isinstance(emitted.event, DriftDetected) for emitted in effect.events))

    def progress(self, stage: str, *, lag_records: int, lag_seconds: float, state_keys: int) -> None:
        """How far a stage is."""
        self._lag.labels(stage).set(lag_records)
        self._lag_seconds.labels(stage).set(lag_seconds)
        self._state_keys.labels(stage).set(state_keys)

    def inputs(self, changes: Sequence[Kind], open_transaction_s: float) -> None:
        """What has become of the topics, and of the transactions of others in them."""
        for kind in KINDS:
            self._changed_topics.labels(kind).set(changes.count(kind))
        self._open_transaction.set(open_transaction_s)

    def buffers(self, models: Mapping[str, Mapping[str, Any]]) -> None:
        """How full the buffers are, by the status of each model."""
        serving = sorted(model for model, status in models.items() if status["serving_version"])
        for model in serving[:MAX_MODEL_LABELS]:
            for name, gauge in self._buffers.items():
                gauge.labels(model).set(models[model][name])

    def ticked(self, now_s: float) -> None:
        """A tick was written."""
        self._tick.set(now_s)

    def render(self) -> bytes:
        """The exposition text."""
        return bytes(generate_latest(self.registry))
