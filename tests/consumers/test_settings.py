"""Settings from the environment."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from consumers.settings import ConsumerSettings


def test_the_seeds_variables_are_honoured(monkeypatch: pytest.MonkeyPatch) -> None:
    """The seed's names set the trigger's policy."""
    monkeypatch.setenv("RETRAIN_TRIGGER_THRESHOLD", "7")
    monkeypatch.setenv("DATA_DRIFT_WINDOW_DAYS", "3")
    monkeypatch.setenv("RETRAIN_SCHEDULE_INTERVAL_HOURS", "24")
    monkeypatch.setenv("FEEDBACK_COLLECTION_ENABLED", "false")
    settings = ConsumerSettings()
    policy = settings.trigger_policy()
    assert (policy.threshold, policy.drift.window_days, policy.schedule_interval_hours) == (7, 3, 24)
    assert settings.feedback_collection_enabled is False


def test_what_can_be_trained_on_is_asked_for_by_twenty_or_the_threshold(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever sets a threshold of five trains at five; what is set is taken as it is, above the threshold too."""
    assert ConsumerSettings().trigger_policy().min_trainable == 20
    monkeypatch.setenv("RETRAIN_TRIGGER_THRESHOLD", "5")
    assert ConsumerSettings().trigger_policy().min_trainable == 5
    monkeypatch.setenv("RETRAIN_MIN_TRAINABLE", "8")
    assert ConsumerSettings().trigger_policy().min_trainable == 8
    monkeypatch.setenv("RETRAIN_MIN_TRAINABLE", "0")
    with pytest.raises(ValidationError, match="retrain_min_trainable"):
        ConsumerSettings()


def test_an_instance_is_one_of_the_instances(monkeypatch: pytest.MonkeyPatch) -> None:
    """An instance past the last is refused with the range that is expected."""
    monkeypatch.setenv("INSTANCES", "3")
    for number in range(3):
        monkeypatch.setenv("INSTANCE", str(number))
        assert ConsumerSettings().instance == number
    monkeypatch.setenv("INSTANCE", "3")
    with pytest.raises(ValidationError, match="INSTANCE from 0 to 2"):
        ConsumerSettings()


def test_wrong_values_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """A threshold of zero is refused by its field."""
    monkeypatch.setenv("RETRAIN_TRIGGER_THRESHOLD", "0")
    with pytest.raises(ValidationError, match="retrain_trigger_threshold"):
        ConsumerSettings()


def test_a_batch_holds_the_quorum_that_it_asks_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """A largest batch of fewer samples than the quorum has users is refused, with the number expected."""
    monkeypatch.setenv("BATCH_MAX_SAMPLES", "19")
    with pytest.raises(ValidationError, match="expected at least BATCH_MIN_USERS = 20"):
        ConsumerSettings()
    monkeypatch.setenv("BATCH_MAX_SAMPLES", "20")
    assert ConsumerSettings().trigger_policy().max_samples == 20
