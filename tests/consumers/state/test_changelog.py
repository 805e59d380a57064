"""What a changelog partition holds."""

from __future__ import annotations

from typing import Any

import pytest

from consumers.core.collector import Collector
from consumers.core.decider import Decider
from consumers.stage import OwnedTask
from consumers.state.changelog import apply_changelog, changelog_records
from schemas import topics


def test_positions_travel_with_the_state(build: Any) -> None:
    """State and positions written together come back together; a tombstone of a position forgets it."""
    collector = Collector(0, build.intake_policy())
    effects = collector.process([build.record(build.feedback())])
    restored = OwnedTask(Collector(0, build.intake_policy()))
    for record in changelog_records(effects.changes, {(topics.FEEDBACK_SUBMITTED, 0): 1}):
        apply_changelog(restored, record.key, record.value)
    assert restored.next == {(topics.FEEDBACK_SUBMITTED, 0): 1}
    assert restored.task.state_keys == collector.state_keys
    apply_changelog(restored, f"p|{topics.FEEDBACK_SUBMITTED}|0".encode(), None)
    assert restored.next == {}


def test_foreign_records_are_refused(build: Any) -> None:
    """A record without a key, or with a key of another stage, is refused instead of being skipped."""
    owned = OwnedTask(Decider(0, build.trigger_policy()))
    with pytest.raises(ValueError, match="no key"):
        apply_changelog(owned, None, b"1")
    with pytest.raises(ValueError, match="stage 2"):
        apply_changelog(owned, b"s|abc", b"1")
