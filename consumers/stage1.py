"""Stage 1: feedback.submitted, document.ingested and user.erased → sample.collected and signal.summarised."""

from __future__ import annotations

from consumers.core.collector import Collector
from consumers.core.intake import IntakePolicy
from consumers.core.sketching import InForce, none_in_force
from consumers.settings import ConsumerSettings
from consumers.stage import Stage
from producers.redact import redact_together
from schemas import topics


def stage1(settings: ConsumerSettings, in_force: InForce = none_in_force) -> Stage:
    """The stage as the settings have it, with the drift baselines in force; raises ValueError where there is no holdout key."""
    policy = IntakePolicy(
        default_model=settings.default_model,
        holdout_key=settings.holdout_key_bytes(),
        holdout_percent=settings.holdout_percent,
        redact=redact_together,
        collect_feedback=settings.feedback_collection_enabled,
        lateness_s=round(settings.allowed_lateness_hours * 3600),
        future_s=round(settings.future_tolerance_minutes * 60),
    )
    return Stage(
        name="stage1",
        changelog=topics.STAGE1_CHANGELOG,
        keyed=(topics.FEEDBACK_SUBMITTED, topics.DOCUMENT_INGESTED, topics.USER_ERASED),
        whole=(),
        new_task=lambda partition: Collector(partition, policy, in_force),
    )
