"""The file of policies: what it may say, and what is said of everything else."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest

from consumers.decide.trigger_state import TriggerPolicy
from ops.errors import OperationFailed
from ops.whatif.policies import active_policy, read_policies, settings_names


def write(folder: Path, text: str, name: str = "p.json") -> Path:
    path = folder / name
    path.write_text(text)
    return path


def test_every_knob_of_the_trigger_can_be_named() -> None:
    """Each field of TriggerPolicy has its setting, but the detectors' one, whose settings have names of their own."""
    fields = {field.name for field in dataclasses.fields(TriggerPolicy)}
    # A sample's days in the buffer follow from how long its topic keeps it, the recipe is the release's: those are no settings. What is
    # dated ahead is in no journal.
    assert fields - settings_names().keys() == {"drift", "sample_days", "future_s", "recipe"}


def test_toml_and_json_say_the_same(tmp_path: Path) -> None:
    """Named policies, fields by the trigger's name or the variable's; what is not named is as the environment has it."""
    toml = write(
        tmp_path, '[eager]\nthreshold = 50\nRETRAIN_COOL_DOWN_MINUTES = 0\nrun_minutes = 30\n[lazy]\nrun_outcome = "recorded"', "p.toml"
    )
    content = {"eager": {"RETRAIN_TRIGGER_THRESHOLD": 50, "cool_down_minutes": 0, "run_minutes": 30}, "lazy": {"run_outcome": "recorded"}}
    eager, lazy = read_policies(toml)
    assert [shown(eager), shown(lazy)] == [shown(scenario) for scenario in read_policies(write(tmp_path, json.dumps(content)))]
    assert (eager.name, eager.policy.threshold, eager.policy.cool_down_minutes, eager.policy.max_samples) == ("eager", 50, 0, 2000)
    assert (eager.run_minutes, eager.run_outcome, lazy.run_minutes, lazy.run_outcome) == (30, None, None, "recorded")


def shown(scenario: object) -> str:
    # Two detectors' policies compare by the functions that make them, which are made anew.
    return repr(scenario)


def test_the_environment_is_the_policy_in_force(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the consumers are set to is what a policy differs from."""
    monkeypatch.setenv("RETRAIN_TRIGGER_THRESHOLD", "7")
    monkeypatch.setenv("RUN_MAX_HOURS", "3")
    (scenario,) = read_policies(write(tmp_path, '{"x": {"threshold": 9}}'))
    assert (active_policy().threshold, scenario.policy.threshold, scenario.policy.run_max_hours) == (7, 9, 3)
    monkeypatch.setenv("RETRAIN_TRIGGER_THRESHOLD", "many")
    with pytest.raises(OperationFailed, match="the environment is not right: RETRAIN_TRIGGER_THRESHOLD"):
        read_policies(write(tmp_path, '{"x": {}}'))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "is not JSON"),
        ("[]", "expected named policies"),
        ("{}", "expected named policies"),
        ('{"threshold": 50}', "expected named policies"),
        ('{"x": {"treshold": 50}}', "policy 'x': field 'treshold' is unknown: expected one of cool_down_minutes, data_drift"),
        ('{"x": {"stage1_shards": 2}}', "field 'stage1_shards' is unknown"),
        ('{"x": {"threshold": "50"}}', "policy 'x': field 'threshold' is '50': expected a number"),
        ('{"x": {"threshold": true}}', "field 'threshold' is True: expected a number"),
        ('{"x": {"schedule_interval_hours": Infinity}}', "x.schedule_interval_hours: an infinite number: expected a number"),
        ('{"x": {"threshold": 1' + "0" * 4_000 + "}}", "field 'threshold' is 1000.*: expected a number"),
        ('{"x": {"threshold": 1' + "0" * 5_000 + "}}", "x.threshold: a number of too many digits"),
        ('{"x": ' + "[" * 100_000 + "]" * 100_000 + "}", "x.*: nested too deeply"),
        ('{"x": {"run_outcome": ["promoted"]}}', r"field 'run_outcome' is \['promoted'\]: expected one of"),
        (r'{"\ud800": {}}', "a field's name holds half of a surrogate pair"),
        ('{"x": {"threshold": 0}}', "policy 'x': field 'threshold' is 0: input should be greater than or equal to 1"),
        ('{"x": {"threshold": 1.5}}', "field 'threshold' is 1.5: input should be a valid integer"),
        ('{"x": {"max_samples": 5000}}', "field 'max_samples' is 5000: input should be less than or equal to 4000"),
        ('{"x": {"threshold": 5, "retrain_trigger_threshold": 6}}', "field 'threshold' is given twice, as 'retrain_trigger_threshold' too"),
        ('{"x": {"run_minutes": 0}}', "field 'run_minutes' is 0: expected minutes greater than 0"),
        ('{"x": {"run_outcome": "won"}}', "field 'run_outcome' is 'won': expected one of promoted, rejected, .*recorded"),
    ],
)
def test_what_is_wrong_is_named(text: str, words: str, tmp_path: Path) -> None:
    """The policy, the field, what it holds and what was expected."""
    with pytest.raises(OperationFailed, match=words):
        read_policies(write(tmp_path, text))


def test_a_file_that_is_none(tmp_path: Path) -> None:
    """A file that is not there, or not TOML although it is called so, is one line."""
    with pytest.raises(OperationFailed, match=r"p\.toml can't be read"):
        read_policies(tmp_path / "p.toml")
    with pytest.raises(OperationFailed, match="is not TOML"):
        read_policies(write(tmp_path, "{", "p.toml"))
    with pytest.raises(OperationFailed, match="is not TOML: nested too deeply"):
        read_policies(write(tmp_path, "a = " + "[" * 100_000, "p.toml"))
    with pytest.raises(OperationFailed, match="field 'threshold' is inf"):
        read_policies(write(tmp_path, "[x]\nthreshold = inf", "p.toml"))


def test_k6_a_bom_is_passed_over_and_utf_16_is_named(tmp_path: Path) -> None:
    """A file saved with a mark at its start is read, in JSON and in TOML; one in UTF-16 is called that."""
    path = tmp_path / "p.json"
    path.write_bytes(b'\xef\xbb\xbf{"x": {"threshold": 9}}')
    assert read_policies(path)[0].policy.threshold == 9
    path.write_bytes('{"x": {"threshold": 9}}'.encode("utf-16"))
    with pytest.raises(OperationFailed, match="is UTF-16"):
        read_policies(path)
    path = tmp_path / "p.toml"
    path.write_bytes(b"\xef\xbb\xbf[x]\nthreshold = 9")
    assert read_policies(path)[0].policy.threshold == 9
