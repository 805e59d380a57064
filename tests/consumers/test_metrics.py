"""The metrics."""

from __future__ import annotations

from typing import Any

from consumers.decide.decider import Decider
from consumers.metrics import MAX_MODEL_LABELS, ConsumerMetrics
from consumers.records import InputRecord
from schemas import topics


def test_only_serving_models_become_labels(build: Any) -> None:
    """A model name that somebody makes up in an event is no label; bootstrapped ones are, up to a bound."""
    decider = Decider(0, build.trigger_policy())
    made_up = [build.record(build.sample(f"s{number}", model=f"made-up-{number}"), offset=number) for number in range(5)]
    serving = [build.record(build.serving(model=f"m{number:03}"), offset=number) for number in range(MAX_MODEL_LABELS + 5)]
    decider.process([*made_up, *serving])
    metrics = ConsumerMetrics()
    metrics.buffers(decider.status())
    text = metrics.render().decode()
    assert "made-up" not in text
    assert text.count("abhyas_buffer_threshold{") == MAX_MODEL_LABELS


def test_committed_effects_are_counted(build: Any) -> None:
    """Outcomes, dead letters by reason, notices and commands of a committed step show in the exposition."""
    decider = Decider(0, build.trigger_policy(threshold=1))
    effects = decider.process([build.record(event) for event in (build.serving(), build.tick(), build.sample("a"))])
    metrics = ConsumerMetrics()
    metrics.committed("stage2", [effects, decider.process([build.record(build.tick(1), offset=1)])], 0.004)
    text = metrics.render().decode()
    assert 'abhyas_consumer_events_total{outcome="applied",stage="stage2",topic="clock.ticked.v1"} 2.0' in text
    assert "abhyas_trigger_commands_total 1.0" in text
    ended = decider.process([build.record(build.job(decider.triggers[build.model].command().command_id, outcome="failed"))])
    poison = InputRecord(topics.SAMPLE_COLLECTED, 0, 9, None, b"{", (), 0)
    metrics.committed("stage2", [ended, decider.process([poison])], 0.004)
    text = metrics.render().decode()
    assert 'abhyas_trigger_notices_total{kind="run_failed",level="alert"} 1.0' in text
    assert 'abhyas_consumer_dead_letters_total{reason="malformed",stage="stage2",topic="sample.collected.v1"} 1.0' in text
    assert 'abhyas_consumer_commit_seconds_count{stage="stage2"} 2.0' in text
