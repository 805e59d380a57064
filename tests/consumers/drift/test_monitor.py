"""The monitor: quiet where nothing moved, an alarm and a fire where the documents did, no fire by one source."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from consumers.drift.baseline.fit import Baseline, BaselineDocument, BaselineTooSmall, fit_baseline
from consumers.drift.features.sketch import group_of, sketched, total
from consumers.drift.monitor import Finding, Monitor, since
from consumers.drift.windows.windows import Bucket
from tests.consumers.drift.conftest import made_documents


def watched(baseline: Baseline, documents: Sequence[BaselineDocument], *, cool_down: int = 0) -> list[Finding]:
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
    flood = [BaselineDocument(document.text, "the-flood", document.day) for document in made_documents(4_000, 5, novel=1.0)]
    calm = made_documents(4_000, 6)
    mixed = [document for pair in zip(calm, flood, strict=True) for document in pair]
    found = watched(small_baseline, mixed)
    assert found
    assert [finding for finding in found if finding.fired] == []


def test_what_is_left_without_a_group_has_to_alarm_by_itself(small_baseline: Baseline) -> None:
    """A flood alarms hundreds of times a week: what the other sources show beside it fires from the alarm's threshold on, not below."""
    monitor, level = Monitor(small_baseline), 3
    stat = next(stat for stat in small_baseline.window_statistics if stat.key == "phi")
    calm, novel = made_documents(1_600, 31), made_documents(1_600, 32, novel=1.0)
    places = {False: [group_of(document.source) for document in calm], True: [0] * 400 + [at % 4 for at in range(1_200)]}
    rows = {new: small_baseline.featuriser.rows([document.text for document in found]) for new, found in ((False, calm), (True, novel))}
    alarm, confirm = small_baseline.limits("phi", level, 1_600)
    answers = set()
    for shared in range(0, 1_200, 4):
        # Group 0 is flooded with 400 documents; so many more of the topic are of all groups.
        taken = 400 + shared
        kept = 1_600 - taken
        window = Bucket(
            sketched(rows[True][:taken], np.array(places[True][:taken])) + sketched(rows[False][:kept], np.array(places[False][:kept])),
            1_600,
            0,
        )
        left = stat.without_one_group(window.sums)
        answers.add("alarms" if left >= alarm else "confirms" if left >= confirm else "quiet")
        assert monitor._is_worth_it(stat, level, window, stat.effect(total(window.sums))) == (left >= alarm)
    assert answers == {"alarms", "confirms", "quiet"}


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


@pytest.mark.parametrize("seed", range(6))
def test_loaded_between_any_two_buckets_it_decides_the_same(small_baseline: Baseline, seed: int) -> None:
    """Buckets of any size, a topic from the middle on, restarts at random: findings, standing and parts are the same to the last bit,
    and the most parts stay as they were from one bucket to the next."""
    rng = np.random.default_rng(seed)
    stream = made_documents(3_000, seed) + made_documents(3_000, seed + 100, novel=0.2)
    rows = small_baseline.featuriser.rows([document.text for document in stream])
    groups = np.array([group_of(document.source) for document in stream])
    stayed, restarted = (Monitor(small_baseline, cool_down_documents=1_000) for _ in range(2))
    at, before, same, every, found = 0, dict[str, bytes](), 0, 0, 0
    while at < len(stream):
        count = int(rng.choice([50, 57, 400, 1_000], p=[0.6, 0.2, 0.15, 0.05]))
        day = stream[at].day.toordinal() - int(rng.integers(3))
        bucket = sketched(rows[at : at + count], groups[at : at + count])
        if rng.random() < 0.3:
            parts = restarted.save()
            restarted = Monitor(small_baseline, cool_down_documents=1_000)
            restarted.load(parts)
        findings = [list(monitor.push(bucket, day)) for monitor in (stayed, restarted)]
        for monitor in (stayed, restarted):
            monitor.forget(day - 20)
        assert list(map(told, findings[0])) == list(map(told, findings[1]))
        assert stayed.statuses() == restarted.statuses()
        parts = stayed.save()
        assert parts == restarted.save()
        same += sum(parts[name] == before.get(name) for name in parts)
        every += len(parts)
        before, at, found = parts, at + count, found + len(findings[0])
    assert found > 1
    assert same > every / 2


def told(finding: Finding) -> tuple[object, ...]:
    window = b"" if finding.window is None else finding.window.tobytes()
    return (*(getattr(finding, name) for name in Finding.__slots__ if name != "window"), window)


def test_a_finding_says_since_when_and_shows_its_window(small_baseline: Baseline) -> None:
    """The earliest event-day of the window and its sketch, for a rate too; forgotten days are in no later window."""
    monitor, today = Monitor(small_baseline), 739_000
    documents = made_documents(12_000, 4, novel=0.4)
    rows = small_baseline.featuriser.rows([document.text for document in documents])
    groups = np.array([group_of(document.source) for document in documents])
    kinds = set()
    for first in range(0, len(documents), 50):
        today += first % 500 == 0
        monitor.forget(today - 3)
        for finding in monitor.push(sketched(rows[first : first + 50], groups[first : first + 50]), today):
            kinds.add(finding.level is None)
            assert finding.since_day >= today - 3
            assert finding.since_day <= today - (finding.documents - 1) // 500 + 1
            if finding.level is not None:
                assert finding.window is not None
                assert total(finding.window)[0] == finding.documents
    assert kinds == {True, False}


def test_a_fire_reaches_back_to_its_alarm(small_baseline: Baseline) -> None:
    """What a fire confirms began with its alarm's window, of a test statistic or a rate; an alarm's own window is all that it has."""
    found = watched(small_baseline, made_documents(3_000, 3) + made_documents(6_000, 4, novel=0.3))
    alarms: dict[tuple[str, str | None], Finding] = {}
    reached = set()
    for finding in found:
        if finding.fired:
            alarm = alarms[finding.signal, finding.language]
            begun = alarm.n - alarm.documents
            # A rate counts its language's documents: their number among all is an estimate.
            assert abs(finding.since_warning - (finding.n - begun)) <= (0 if finding.level is not None else 2)
            assert finding.since_warning > finding.documents
            reached.add(finding.level is None)
        else:
            assert finding.since_warning == finding.documents
            alarms[finding.signal, finding.language] = finding
    assert reached == {True, False}


def test_it_stands_in_alarm_until_it_is_confirmed(small_baseline: Baseline) -> None:
    """Before a document each rate stands at nothing; in a flood test statistics are above their thresholds and in alarm."""
    monitor = Monitor(small_baseline)
    assert {statuses.statistic for statuses in monitor.statuses()} == {0.0}
    flood = [BaselineDocument(document.text, "the-flood", document.day) for document in made_documents(1_000, 5, novel=1.0)]
    rows = small_baseline.featuriser.rows([document.text for document in flood])
    for first in range(0, len(flood), 50):
        list(monitor.push(sketched(rows[first : first + 50], np.full(50, group_of("the-flood")))))
    statuses = {one.signal: one for one in monitor.statuses() if one.language is None}
    assert statuses["phi"].warned
    assert statuses["phi"].statistic > statuses["phi"].threshold
    assert not statuses["mojibake"].warned


@pytest.fixture(scope="module")
def bilingual_baseline() -> Baseline:
    """Enough documents of Hindi and English for detectors of their own."""
    return fit_baseline(made_documents(12_000, 21, english=0.45), seed=2, streams=20, documents_a_day=2_000)


def test_a_topic_of_one_language_is_told_with_it(bilingual_baseline: Baseline) -> None:
    """What moved in the English documents alone is found in them, and in the Hindi ones nothing; it fires, as all groups have it."""
    stream = [
        new if number >= 3_000 and number % 5 == 0 and "।" not in old.text else old
        for number, (old, new) in enumerate(
            zip(made_documents(12_000, 22, english=0.45), made_documents(12_000, 23, novel=1.0), strict=True)
        )
    ]
    found = watched(bilingual_baseline, stream)
    assert {finding.language for finding in found} == {None, "en"}
    assert {finding.signal for finding in found if finding.language == "en"} >= {"unknown_word", "phi"}
    assert any(finding.fired and finding.language == "en" for finding in found)
    assert {statuses.language for statuses in Monitor(bilingual_baseline).statuses()} == {None, "hi", "en"}


def test_one_source_of_one_language_never_fires_there(bilingual_baseline: Baseline) -> None:
    """A language has no groups of its own: its alarms fire only with what the whole shows without any one group."""
    flood = [BaselineDocument(document.text, "the-flood", document.day) for document in made_documents(6_000, 24, novel=1.0)]
    calm = made_documents(6_000, 25, english=0.45)
    found = watched(bilingual_baseline, [document for pair in zip(calm, flood, strict=True) for document in pair])
    assert [finding for finding in found if finding.language == "en"]
    assert [finding for finding in found if finding.fired] == []


@pytest.mark.parametrize("bucket", [73, 120, 1_000])
def test_buckets_of_any_size_are_quiet_and_find_a_topic(bilingual_baseline: Baseline, bucket: int) -> None:
    """On the stream a bucket closes at a tick and holds what came: thresholds for exact buckets hold for it."""

    def told_of(documents: Sequence[BaselineDocument]) -> list[Finding]:
        monitor = Monitor(bilingual_baseline)
        rows = bilingual_baseline.featuriser.rows([document.text for document in documents])
        groups = np.array([group_of(document.source) for document in documents])
        return [
            finding
            for first in range(0, len(documents), bucket)
            for finding in monitor.push(sketched(rows[first : first + bucket], groups[first : first + bucket]))
        ]

    assert told_of(made_documents(15_000, 31, english=0.45)) == []
    assert any(finding.fired for finding in told_of(made_documents(6_000, 32, novel=0.3, english=0.3)))
