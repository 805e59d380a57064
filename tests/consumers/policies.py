"""Policies of the core as an environment that sets nothing has them, with what a test says otherwise."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from consumers.collect.policy import IntakePolicy
from consumers.decide.feedback_rate import RatesPolicy
from consumers.decide.model_drift import DriftPolicy
from consumers.decide.trigger_state import TriggerPolicy
from consumers.settings import ConsumerSettings
from producers.redaction.redact import redact_together

UNSET = ConsumerSettings.model_construct()


def trigger_policy(**fields: Any) -> TriggerPolicy:
    """What the trigger of a model decides by."""
    return replace(UNSET.trigger_policy(), **fields)


def drift_policy(**fields: Any) -> DriftPolicy:
    """What the drift of a model is watched by."""
    return replace(trigger_policy().drift, **fields)


def rates_policy(**fields: Any) -> RatesPolicy:
    """What a rate of the feedback is watched by."""
    return replace(drift_policy().rates, **fields)


def intake_policy(**fields: Any) -> IntakePolicy:
    """What stage 1 takes by; nothing is held out."""
    given: dict[str, Any] = {
        "default_model": UNSET.default_model,
        "holdout_key": b"a key",
        "holdout_percent": 0,
        "redact": redact_together,
        "collect_feedback": UNSET.feedback_collection_enabled,
        "lateness_s": round(UNSET.allowed_lateness_hours * 3600),
        "future_s": round(UNSET.future_tolerance_minutes * 60),
    }
    return IntakePolicy(**(given | fields))
