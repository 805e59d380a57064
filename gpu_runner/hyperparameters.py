"""Knobs resolve once, when a job is accepted: request, then `TRAINING_*`, then the seed's default."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from gpu_runner.settings import RunnerSettings
from schemas.fields import Hyperparameters

Source = Literal["request", "environment", "default"]

# docs/requirements.md.
SEED_DEFAULTS: Final[dict[str, int | float]] = {
    "lora_rank": 16,
    "lora_alpha": 32,
    "learning_rate": 2e-4,
    "epochs": 3,
    "batch_size": 4,
    "max_seq_length": 2048,
}


@dataclass(frozen=True, slots=True)
class Knobs:
    """Every hyperparameter of a run with where its value came from."""

    values: dict[str, int | float]
    sources: dict[str, Source]


def resolve(request: Hyperparameters, settings: RunnerSettings) -> Knobs:
    """The knobs of a run; each name of `SEED_DEFAULTS` is present in both maps."""
    values: dict[str, int | float] = {}
    sources: dict[str, Source] = {}
    for name, default in SEED_DEFAULTS.items():
        asked = getattr(request, name)
        environment = getattr(settings, f"training_{name}")
        if asked is not None:
            values[name], sources[name] = asked, "request"
        elif environment is not None:
            values[name], sources[name] = environment, "environment"
        else:
            values[name], sources[name] = default, "default"
    return Knobs(values, sources)
