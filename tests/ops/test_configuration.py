"""The configuration page says what the settings classes read."""

from __future__ import annotations

import pytest

from ops import configuration


def test_the_page_is_what_the_settings_classes_say() -> None:
    """Every variable with its default is on the page; a changed default or a new variable shows here."""
    assert configuration.PAGE.read_text(encoding="utf-8") == configuration.render()


def test_a_variable_without_a_meaning_is_named() -> None:
    """A setting that nobody explained keeps the page from being made."""
    fewer = {title: dict(group) for title, group in configuration.MEANINGS.items()}
    del fewer["Kafka"]["KAFKA_CA_FILE"]
    with pytest.raises(ValueError, match="no meaning is written for KAFKA_CA_FILE"):
        configuration.render(fewer)


def test_the_seeds_variables_are_there() -> None:
    """Every variable that docs/requirements.md lists is read by a service."""
    seed = (
        "TRAINING_LORA_RANK TRAINING_LORA_ALPHA TRAINING_LEARNING_RATE TRAINING_EPOCHS TRAINING_BATCH_SIZE TRAINING_MAX_SEQ_LENGTH "
        "LLM_MODEL_STANDARD LLM_MODEL_LONGCTX MINIO_ENDPOINT MINIO_ACCESS_KEY MINIO_SECRET_KEY FEEDBACK_COLLECTION_ENABLED "
        "RETRAIN_TRIGGER_THRESHOLD DATA_DRIFT_WINDOW_DAYS RETRAIN_SCHEDULE_INTERVAL_HOURS APP_DEBUG APP_LOG_LEVEL"
    )
    assert set(seed.split()) <= configuration.variables().keys()
