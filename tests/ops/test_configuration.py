"""The configuration page says what the settings classes read."""

from __future__ import annotations

import pytest
from pydantic import Field

from ops import configuration
from ops.command_settings import CommandSettings


def test_the_page_is_what_the_settings_classes_say() -> None:
    """Every variable with its default is on the page; a changed default or a new variable shows here."""
    assert configuration.PAGE.read_text(encoding="utf-8") == configuration.render()


def test_a_variable_without_a_meaning_is_named() -> None:
    """A setting that nobody explained keeps the page from being made."""

    class Unexplained(CommandSettings):
        kafka_hat: str = ""

    with pytest.raises(ValueError, match="no meaning is written for KAFKA_HAT"):
        configuration.render(configuration.SERVICES | {"commands": Unexplained})


def test_a_variable_of_a_class_in_no_table_is_named() -> None:
    """A new settings class has to be given its place on the page."""

    class New(CommandSettings):
        kafka_hat: str = Field("", description="Its hat.")

    with pytest.raises(ValueError, match="no table shows KAFKA_HAT"):
        configuration.render(configuration.SERVICES | {"commands": New})


def test_a_variable_that_two_classes_define_is_named() -> None:
    """One variable has one definition: its text and its default cannot differ from service to service."""

    class Again(CommandSettings):
        gateway_port: int = Field(1, description="Another port.")

    with pytest.raises(ValueError, match="GATEWAY_PORT is defined by GatewaySettings and Again"):
        configuration.render(configuration.SERVICES | {"commands": Again})


def test_the_seeds_variables_are_there() -> None:
    """Every variable that docs/requirements.md lists is read by a service."""
    seed = (
        "TRAINING_LORA_RANK TRAINING_LORA_ALPHA TRAINING_LEARNING_RATE TRAINING_EPOCHS TRAINING_BATCH_SIZE TRAINING_MAX_SEQ_LENGTH "
        "LLM_MODEL_STANDARD LLM_MODEL_LONGCTX MINIO_ENDPOINT MINIO_ACCESS_KEY MINIO_SECRET_KEY FEEDBACK_COLLECTION_ENABLED "
        "RETRAIN_TRIGGER_THRESHOLD DATA_DRIFT_WINDOW_DAYS RETRAIN_SCHEDULE_INTERVAL_HOURS APP_DEBUG APP_LOG_LEVEL"
    )
    assert set(seed.split()) <= configuration.variables().keys()
