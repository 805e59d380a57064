"""Stage 2: samples, counts, requests, job ends and ticks → drift.detected, retrain.requested, the trigger's journal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from consumers.core.decider import Decider
from consumers.core.drift import none_known
from consumers.core.second_opinion import new_opinion
from consumers.drift.e_detector import RateCount
from consumers.settings import ConsumerSettings
from consumers.stage import Stage
from schemas import topics

if TYPE_CHECKING:
    from consumers.core.document_drift import Known


def stage2(settings: ConsumerSettings, baseline: Known = none_known) -> Stage:
    """The stage as the settings have it; `baseline` gives drift baselines by their sha256.

    training.state is keyed by job and user.erased by user, so each task reads all of them; the rest is keyed by model.
    """
    policy = settings.trigger_policy(baseline)
    # Imports what it needs of river now, before records are read: a missing or changed river is told at the start.
    new_opinion(settings.drift_second_opinion, RateCount(1, 0), settings.drift_delta)
    return Stage(
        name="stage2",
        changelog=topics.STAGE2_CHANGELOG,
        keyed=(topics.SAMPLE_COLLECTED, topics.SIGNAL_SUMMARISED, topics.OPERATOR_REQUESTED, topics.MODEL_CURRENT),
        whole=(topics.TRAINING_STATE, topics.USER_ERASED, topics.CLOCK_TICKED),
        new_task=lambda partition: Decider(partition, policy),
    )
