"""Stage 2: samples, counts, requests, job ends and ticks → drift.detected, retrain.requested, the trigger's journal."""

from __future__ import annotations

from consumers.core.decider import Decider
from consumers.settings import ConsumerSettings
from consumers.stage import Stage
from schemas import topics


def stage2(settings: ConsumerSettings) -> Stage:
    """The stage as the settings have it.

    training.state is keyed by job and user.erased by user, so each task reads all of them; the rest is keyed by model.
    """
    policy = settings.trigger_policy()
    # Imports river now, before records are read: at the first model's first detector it would hold everything up.
    policy.drift.new_detector()
    return Stage(
        name="stage2",
        changelog=topics.STAGE2_CHANGELOG,
        keyed=(topics.SAMPLE_COLLECTED, topics.SIGNAL_SUMMARISED, topics.OPERATOR_REQUESTED, topics.MODEL_CURRENT),
        whole=(topics.TRAINING_STATE, topics.USER_ERASED, topics.CLOCK_TICKED),
        new_task=lambda partition: Decider(partition, policy),
    )
