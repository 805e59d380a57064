"""The monitor: quiet where nothing moved, an alarm and a fire where the documents did, no fire by one source."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from consumers.drift.baseline import Baseline, BaselineTooSmall, Document, fit_baseline
from consumers.drift.monitor import Finding, Monitor, since
from consumers.drift.sketch import group_of, sketched
from tests.consumers.drift.conftest import made_documents


def watched(baseline: Baseline, documents: Sequence[Document], *, cool_down: int = 0) -> list[Finding]:
    monitor = Monitor(baseline, cool_down_documents=cool_down)
    rows = baseline.featuriser.rows([document.text for document in documents])
    groups = np.array([group_of(document.source) for document in documents])
    size = baseline.bucket_documents
    found: list[Finding] = []
    for first in range(0, len(documents) - size + 1, size):
        found += monitor.push(sketched(rows[first : first + size], groups[first : first + size]))
    return found


def test_quiet_stays_quiet(small_baseline: Baseline) -> None:
    """20,000 further documents of the same kind fire nothing."""
    assert [finding for finding in watched(small_baseline, made_documents(20_000, 2)) if finding.fired] == []


def test_a_novel_topic_alarms_and_fires(small_baseline: Baseline) -> None:
    """A topic in a third of the documents alarms within a few hundred, and fires once a window behind the alarm confirms it."""
    stream = made_documents(3_000, 3) + made_documents(3_000, 4, novel=0.3)
    found = [finding for finding in watched(small_baseline, stream) if finding.n > 3_000]
    alarms = [finding for finding in found if not finding.fired]
    fires = [finding for finding in found if finding.fired]
    assert alarms[0].n <= 3_600
    assert alarms[0].statistic >= alarms[0].threshold
    assert fires[0].n > alarms[0].n
    assert since(fires[0]) >= alarms[0].n
    assert fires[0].effect > 0.05


def test_one_source_may_alarm_and_never_fires(small_baseline: Baseline) -> None:
    """A flood of one source moves one group of sources: without it nothing is left to confirm."""
    flood = [Document(document.text, "the-flood", document.day) for document in made_documents(4_000, 5, novel=1.0)]
    calm = made_documents(4_000, 6)
    mixed = [document for pair in zip(calm, flood, strict=True) for document in pair]
    found = watched(small_baseline, mixed)
    assert found
    assert [finding for finding in found if finding.fired] == []


def test_after_a_fire_it_is_quiet_for_the_cool_down(small_baseline: Baseline) -> None:
    """Within the cool-down further confirmations fire nothing."""
    stream = made_documents(6_000, 4, novel=0.4)
    fired = [finding for finding in watched(small_baseline, stream) if finding.fired]
    cooled = [finding for finding in watched(small_baseline, stream, cool_down=100_000) if finding.fired]
    assert len(fired) > 1
    assert len(cooled) == 1


def test_a_baseline_of_too_few_documents_says_so() -> None:
    """The message says how many there are and how many are needed."""
    with pytest.raises(BaselineTooSmall, match="10 documents: expected at least 2000"):
        fit_baseline(made_documents(10, 1))
