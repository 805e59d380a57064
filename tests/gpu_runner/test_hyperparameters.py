"""Knobs resolve in one order, and say where each value came from."""

from __future__ import annotations

from gpu_runner.hyperparameters import resolve
from gpu_runner.settings import RunnerSettings
from gpu_runner.train.spec import TrainingHyperparameters
from schemas.fields import Hyperparameters


def test_the_seeds_defaults_apply_where_nothing_else_is_set(settings: RunnerSettings) -> None:
    """Rank 16, alpha 32, learning rate 2e-4, 3 epochs, batch 4, 2,048 tokens."""
    hyperparameters = resolve(Hyperparameters(), settings)
    assert hyperparameters.values == {
        "lora_rank": 16,
        "lora_alpha": 32,
        "learning_rate": 2e-4,
        "epochs": 3,
        "batch_size": 4,
        "max_seq_length": 2048,
    }
    assert set(hyperparameters.sources.values()) == {"default"}


def test_a_request_wins_over_the_environment_and_that_over_the_default(settings: RunnerSettings) -> None:
    """Each hyperparameter is resolved by itself, and its source is kept."""
    changed = settings.model_copy(update={"training_epochs": 5, "training_lora_rank": 8})
    hyperparameters = resolve(Hyperparameters(epochs=1), changed)
    assert (hyperparameters.values["epochs"], hyperparameters.sources["epochs"]) == (1, "request")
    assert (hyperparameters.values["lora_rank"], hyperparameters.sources["lora_rank"]) == (8, "environment")
    assert (hyperparameters.values["batch_size"], hyperparameters.sources["batch_size"]) == (4, "default")


def test_every_hyperparameter_of_a_request_is_a_knob() -> None:
    """No field of a request can be set without effect: each has an environment variable, and the child takes it."""
    assert all(f"training_{name}" in RunnerSettings.model_fields for name in Hyperparameters.model_fields)
    assert set(Hyperparameters.model_fields) == set(TrainingHyperparameters.__struct_fields__)
