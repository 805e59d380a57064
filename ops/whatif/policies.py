"""The policies of `abhyas whatif --policy FILE`: named tables of JSON or TOML, each a difference from the active policy.

A field has the name that `TriggerPolicy` gives it or that of its environment variable (`threshold`,
`RETRAIN_TRIGGER_THRESHOLD`), and the variable's bounds. What a policy does not name is as the environment sets it.
"""

from __future__ import annotations

import dataclasses
import reprlib
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, get_args

from pydantic import ValidationError

from consumers.decide.document_drift import Known
from consumers.decide.model_drift import none_known
from consumers.decide.trigger_state import TriggerPolicy
from consumers.decide.whatif import RECORDED, Scenario
from consumers.settings import ConsumerSettings
from ops.errors import OperationFailed, settings_trouble
from schemas.events.training_state import Outcome
from schemas.reading.json_text import strict_json

RUN_MINUTES: Final = "run_minutes"
RUN_OUTCOME: Final = "run_outcome"
OUTCOMES: Final = (*get_args(Outcome), RECORDED)
# Above any knob by far, and below what no float can hold.
_LARGEST: Final = 1e18
# What ConsumerSettings puts before a name of TriggerPolicy.
_PREFIXES: Final = ("", "retrain_", "retrain_trigger_", "batch_")
# Of the drift detectors, which TriggerPolicy holds as one field; a shadow detector decides nothing.
_DRIFT: Final = ("drift_ratings_baseline", "drift_min_bucket_events", "data_drift_window_days")


def settings_names() -> dict[str, str]:
    """The setting of each field that a policy may name, by the field's name.

    >>> settings_names()["threshold"], settings_names()["cool_down_minutes"]
    ('retrain_trigger_threshold', 'retrain_cool_down_minutes')
    """
    known = ConsumerSettings.model_fields
    found = {name: name for name in _DRIFT}
    for field in dataclasses.fields(TriggerPolicy):
        for setting in (prefix + field.name for prefix in _PREFIXES):
            if setting in known:
                found[field.name] = setting
    return found


def active_policy(baseline: Known = none_known) -> TriggerPolicy:
    """The policy that the environment sets, as the consumers read it; raises OperationFailed."""
    try:
        return ConsumerSettings().trigger_policy(baseline)
    except ValueError as error:
        raise settings_trouble(error) from None


def read_policies(path: Path, baseline: Known = none_known) -> list[Scenario]:
    """The scenarios of a file (`.toml`: TOML, else JSON); raises OperationFailed that names policy, field and what was expected.

    `baseline` gives drift baselines by their sha256: without one the drift of documents is left out.
    """
    active_policy()
    form = "TOML" if path.suffix.lower() == ".toml" else "JSON"
    try:
        raw = path.read_bytes()
        tables = tomllib.loads(raw.decode("utf-8-sig")) if form == "TOML" else strict_json(raw)
    except OSError as error:
        raise OperationFailed(f"{path} can't be read ({error.strerror}): expected a JSON object or TOML of named policies") from None
    except RecursionError:
        raise OperationFailed(f"{path} is not {form}: nested too deeply") from None
    except ValueError as error:
        raise OperationFailed(f"{path} is not {form}: {error}") from None
    if not isinstance(tables, dict) or not tables or not all(isinstance(table, dict) for table in tables.values()):
        raise OperationFailed(f'{path}: expected named policies, as {{"eager": {{"threshold": 50}}}} or a TOML table [eager]')
    return [_scenario(name, table, baseline) for name, table in tables.items()]


def _scenario(name: str, table: Mapping[str, Any], baseline: Known) -> Scenario:
    settings = settings_names()
    by_setting = {setting: field for field, setting in settings.items()}
    overrides: dict[str, Any] = {}
    assumed: dict[str, Any] = {}
    for given, value in table.items():
        field = by_setting.get(given.lower(), given)
        if field == RUN_MINUTES:
            assumed[field] = _minutes(name, value)
        elif field == RUN_OUTCOME:
            assumed[field] = _outcome(name, value)
        elif field not in settings:
            expected = ", ".join(sorted([*settings, RUN_MINUTES, RUN_OUTCOME]))
            raise OperationFailed(f"policy {name!r}: field {given!r} is unknown: expected one of {expected}")
        elif settings[field] in overrides:
            raise OperationFailed(f"policy {name!r}: field {field!r} is given twice, as {given!r} too")
        else:
            overrides[settings[field]] = _number(name, given, value)
    try:
        policy = ConsumerSettings(**overrides).trigger_policy(baseline)
    except ValidationError as error:
        wrong = [(by_setting.get(str(item["loc"][0]), str(item["loc"][0])), item) for item in error.errors(include_url=False)]
        details = "; ".join(f"field {field!r} is {item['input']!r}: {item['msg'].lower()}" for field, item in wrong)
        raise OperationFailed(f"policy {name!r}: {details}") from None
    return Scenario(name, policy, **assumed)


def _number(policy: str, field: str, value: object) -> int | float:
    # A bool is an int to Python, and pydantic would take "50" for 50.
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < _LARGEST:
        raise OperationFailed(f"policy {policy!r}: field {field!r} is {reprlib.repr(value)}: expected a number")
    return value


def _minutes(policy: str, value: object) -> float:
    minutes = _number(policy, RUN_MINUTES, value)
    if minutes <= 0:
        raise OperationFailed(f"policy {policy!r}: field {RUN_MINUTES!r} is {value!r}: expected minutes greater than 0")
    return float(minutes)


def _outcome(policy: str, value: object) -> object:
    if not isinstance(value, str) or value not in OUTCOMES:
        raise OperationFailed(f"policy {policy!r}: field {RUN_OUTCOME!r} is {reprlib.repr(value)}: expected one of {', '.join(OUTCOMES)}")
    return value
