"""The Prometheus configuration and rules, against promtool and against the metrics that the services have."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from consumers.metrics import ConsumerMetrics
from gpu_runner.metrics import RunnerMetrics
from producers.gateway.metrics import GatewayMetrics

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "deploy" / "prometheus"


def rules() -> list[dict[str, Any]]:
    groups = yaml.safe_load((FOLDER / "rules.yml").read_text(encoding="utf-8"))["groups"]
    return [rule for group in groups for rule in group["rules"]]


def known_metrics() -> set[str]:
    """The names in the exposition text of every service, histogram parts included, and Prometheus's own."""
    exposed = ConsumerMetrics().render().decode() + RunnerMetrics().text().decode()
    names = set(re.findall(r"^# TYPE (\S+)", exposed, re.MULTILINE))
    registry = GatewayMetrics(lambda: 0.0).registry
    names |= {sample.name for family in registry.collect() for sample in family.samples}
    names |= {f"{family.name}_total" for family in registry.collect() if family.type == "counter"}
    names |= {f"{name}_bucket" for name in names}
    dashboard = (ROOT / "ops" / "dashboard" / "app.py").read_text(encoding="utf-8")
    return names | set(re.findall(r'Gauge\(\s*"(\w+)"', dashboard)) | {"up"}


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule["alert"])
def test_every_rule_asks_for_metrics_that_exist(rule: dict[str, Any]) -> None:
    """A renamed metric would leave its alarm silent for ever."""
    asked = set(re.findall(r"\b((?:abhyas|gateway|training|evaluation|gpu)_\w+|up)\b", re.sub(r'"[^"]*"', "", rule["expr"])))
    assert asked
    assert asked <= known_metrics()


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule["alert"])
def test_every_rule_says_what_to_do(rule: dict[str, Any]) -> None:
    """Summary, action and runbook are there, and the runbook is a page of this repository."""
    assert {"summary", "action", "runbook_url"} <= rule["annotations"].keys()
    assert (ROOT / rule["annotations"]["runbook_url"]).is_file()
    assert rule["labels"]["severity"] in ("critical", "warning", "info")


def test_every_rule_has_a_firing_case() -> None:
    """A rule that no test makes fire may be one that cannot."""
    tests = yaml.safe_load((FOLDER / "rules_test.yml").read_text(encoding="utf-8"))["tests"]
    fired = set(re.findall(r'alertname="(\w+)"', str(tests[0]["promql_expr_test"])))
    assert fired == {rule["alert"] for rule in rules()}
    assert tests[1]["promql_expr_test"][0]["exp_samples"] == []


def test_k12_repeated_runs_without_data_are_an_alert() -> None:
    """One may be a batch that taught nothing; two in three days are a person's to look at, and say where."""
    (rule,) = [rule for rule in rules() if 'status="no_data"' in rule["expr"]]
    assert "abhyas status" in rule["annotations"]["action"]
    assert 'training_jobs_total{status="no_data"} 0.0' in RunnerMetrics().text().decode()


@pytest.mark.process
def test_promtool_accepts_configuration_and_rules() -> None:
    """Configuration and rules are well formed, every rule fires where it should and is quiet where it should."""
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool is not on PATH: install Debian's prometheus package")
    for arguments in (("check", "config", "prometheus.yml"), ("test", "rules", "rules_test.yml")):
        done = subprocess.run([promtool, *arguments], cwd=FOLDER, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
