"""Knobs resolve once, when a job is accepted: request, then `TRAINING_*`, then the default of that setting."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from gpu_runner.settings import RunnerSettings
from schemas.fields import Hyperparameters

Source = Literal["request", "environment", "default"]


@dataclass(frozen=True, slots=True)
class ResolvedHyperparameters:
    """Every hyperparameter of a run with where its value came from."""

    values: dict[str, int | float]
    sources: dict[str, Source]


def resolve(request: Hyperparameters, settings: RunnerSettings) -> ResolvedHyperparameters:
    """The hyperparameters of a run; each field of a request is present in both maps."""
    values: dict[str, int | float] = {}
    sources: dict[str, Source] = {}
    for name in Hyperparameters.model_fields:
        asked, variable = getattr(request, name), f"training_{name}"
        if asked is not None:
            values[name], sources[name] = asked, "request"
        else:
            values[name], sources[name] = getattr(settings, variable), "environment" if variable in settings.model_fields_set else "default"
    return ResolvedHyperparameters(values, sources)
