"""The six metrics of docs/requirements.md, with every label bounded.

training_jobs_total{status: accepted or an outcome}, training_duration_seconds, training_loss_current,
evaluation_jobs_total{status}, evaluation_metric_value{metric, language: hi, en or all}, gpu_memory_utilization_percent{device}.
And what an operator is to look at: abhyas_runner_child_silent_seconds{child: training or evaluation}, 0 where the child speaks;
abhyas_runner_disk_missing_bytes{place: DATA_DIR or ARTIFACTS_DIR}, 0 where the last job had room; abhyas_runner_gate_broken_total, the
decisions whose scores, items or baseline were missing, corrupt or another.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from gpu_runner.evaluate.score import KNOWN_METRICS
from gpu_runner.gpu_probe import Gpu
from schemas.events.training_state import TrainingState

LANGUAGES: Final = frozenset({"hi", "en", "all"})
# A demo's run takes half a minute, the seed's 4 to 8 hours.
_DURATIONS: Final = (10, 30, 60, 300, 900, 3600, 2 * 3600, 4 * 3600, 8 * 3600, 16 * 3600, 24 * 3600)


class RunnerMetrics:
    """Counts since this process started; one registry each, so that two services in one process don't collide."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._jobs = Counter("training_jobs", "Training jobs by status", ["status"], registry=self._registry)
        self._duration = Histogram("training_duration_seconds", "Training job duration", buckets=_DURATIONS, registry=self._registry)
        self._loss = Gauge("training_loss_current", "Training loss of the last logged step", registry=self._registry)
        self._evaluations = Counter("evaluation_jobs", "Evaluations by status", ["status"], registry=self._registry)
        self._values = Gauge("evaluation_metric_value", "Metrics of the last evaluation", ["metric", "language"], registry=self._registry)
        self._gpu = Gauge("gpu_memory_utilization_percent", "GPU memory in use", ["device"], registry=self._registry)
        self._silent = Gauge(
            "abhyas_runner_child_silent_seconds", "Silence of the child at its last notice", ["child"], registry=self._registry
        )
        for child in ("training", "evaluation"):
            self._silent.labels(child)
        self._missing = Gauge("abhyas_runner_disk_missing_bytes", "What the last job lacked of disk", ["place"], registry=self._registry)
        for place in ("DATA_DIR", "ARTIFACTS_DIR"):
            self._missing.labels(place)
        self._broken = Counter("abhyas_runner_gate_broken", "Decisions without usable scores, items or baseline", registry=self._registry)
        for status in ("accepted", "promoted", "rejected", "inconclusive", "void", "no_data", "failed", "cancelled"):
            self._jobs.labels(status)
        for status in ("completed", "failed", "cancelled"):
            self._evaluations.labels(status)

    def job_accepted(self) -> None:
        """A command became a job."""
        self._jobs.labels("accepted").inc()

    def job_ended(self, state: TrainingState, duration_s: float) -> None:
        """A job reached an outcome; one that was given back did not."""
        if state.outcome is not None:
            self._jobs.labels(state.outcome).inc()
            self._duration.observe(duration_s)

    def silence(self, child: str, silent_s: float | None) -> None:
        """A child, `training` or `evaluation`, says nothing for so long; None once it speaks or is gone."""
        self._silent.labels(child).set(silent_s or 0.0)

    def disk_missing(self, place: str, missing_bytes: int) -> None:
        """What a job that was to start lacks at DATA_DIR or ARTIFACTS_DIR; 0 where there is room."""
        self._missing.labels(place).set(missing_bytes)

    def loss(self, value: float) -> None:
        """The newest training loss."""
        self._loss.set(value)

    def evaluated(self, scores: Mapping[str, Any]) -> None:
        """A candidate was evaluated for the gate: the candidate's figures over all items become the newest values."""
        self._evaluations.labels("completed").inc()
        for language, metrics in scores.get("aggregates", {}).get("candidate", {}).get("all", {}).items():
            self._set_values(metrics, language)

    def gate_broken(self) -> None:
        """A decision found scores, items or a baseline missing, corrupt or another."""
        self._broken.inc()

    def evaluation_ended(self, status: str, metrics: Mapping[str, float], by_language: Mapping[str, Mapping[str, float]]) -> None:
        """An evaluation that a person asked for ended, `completed`, `failed` or `cancelled`."""
        self._evaluations.labels(status).inc()
        self._set_values(metrics, "all")
        for language, values in by_language.items():
            self._set_values(values, language)

    def gpus(self, gpus: tuple[Gpu, ...]) -> None:
        """Memory in use of each device."""
        for gpu in gpus:
            self._gpu.labels(str(gpu.index)).set(gpu.memory_percent)

    def text(self) -> bytes:
        """The Prometheus text format."""
        return bytes(generate_latest(self._registry))

    def _set_values(self, metrics: Mapping[str, Any], language: str) -> None:
        if language not in LANGUAGES:
            return
        for name, value in metrics.items():
            if name in KNOWN_METRICS and isinstance(value, int | float):
                self._values.labels(name, language).set(value)
