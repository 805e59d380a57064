"""The two stages: which topics each reads, which task does its work, and how that is made as the settings have it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from consumers import migrations
from consumers.collect.collector import Collector
from consumers.collect.daily_sketches import ActiveSketcher, no_active_sketcher
from consumers.collect.policy import IntakePolicy
from consumers.collect.worth.judge import weigh_correction
from consumers.decide.decider import Decider
from consumers.decide.model_drift import none_known
from consumers.decide.status import log_line
from consumers.drift.rates.e_detector import RateCount
from consumers.drift.rates.river_detectors import new_shadow
from consumers.engine.stage import Stage, Task
from consumers.settings import ConsumerSettings
from producers.redaction.redact import redact_together
from schemas import topics

if TYPE_CHECKING:
    from consumers.decide.document_drift import Known


def collecting(new_task: Callable[[int], Task]) -> Stage:
    """feedback.submitted, turn.completed, document.ingested and user.erased → sample.collected and signal.summarised."""
    return Stage(
        name="stage1",
        changelog=topics.STAGE1_CHANGELOG,
        keyed=(topics.FEEDBACK_SUBMITTED, topics.TURN_COMPLETED, topics.DOCUMENT_INGESTED, topics.USER_ERASED),
        whole=(),
        new_task=new_task,
        migrations=migrations.STAGE1,
        joins=True,
    )


def deciding(new_task: Callable[[int], Task]) -> Stage:
    """Samples, summaries and what people ask for → commands, drifts and the journal.

    training.state is keyed by job and user.erased by user, so each task reads all of them; the rest is keyed by model. Ticks may be lost:
    only the newest one matters.
    """
    return Stage(
        name="stage2",
        changelog=topics.STAGE2_CHANGELOG,
        keyed=(topics.SAMPLE_COLLECTED, topics.SIGNAL_SUMMARISED, topics.OPERATOR_REQUESTED, topics.MODEL_CURRENT),
        whole=(topics.TRAINING_STATE, topics.USER_ERASED, topics.CLOCK_TICKED),
        new_task=new_task,
        migrations=migrations.STAGE2,
        may_lose=frozenset({topics.CLOCK_TICKED}),
        log_line=log_line,
    )


def stage1(settings: ConsumerSettings, active_sketcher: ActiveSketcher = no_active_sketcher) -> Stage:
    """The collecting stage as the settings have it, with the active drift baselines; raises ValueError where there is no holdout key."""
    policy = IntakePolicy(
        default_model=settings.default_model,
        holdout_key=settings.holdout_key_bytes(),
        holdout_percent=settings.holdout_percent,
        redact=redact_together,
        collect_feedback=settings.feedback_collection_enabled,
        lateness_s=round(settings.allowed_lateness_hours * 3600),
        future_s=round(settings.future_tolerance_minutes * 60),
        weigh=weigh_correction,
    )
    return collecting(lambda partition: Collector(partition, policy, active_sketcher))


def stage2(settings: ConsumerSettings, baseline: Known = none_known) -> Stage:
    """The deciding stage as the settings have it; `baseline` gives drift baselines by their sha256."""
    policy = settings.trigger_policy(baseline)
    # Imports what it needs of river now, before records are read: a missing or changed river is told at the start.
    new_shadow(settings.drift_second_opinion, RateCount(1, 0), settings.drift_delta)
    return deciding(lambda partition: Decider(partition, policy))
