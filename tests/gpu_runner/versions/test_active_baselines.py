"""Which baseline is active on which day, after bootstraps, promotions and rollbacks."""

from __future__ import annotations

from datetime import date, timedelta

from gpu_runner.versions.active_baselines import KEPT_DAYS, StoredBaseline, active_after, first_active

TODAY = date(2026, 11, 23)


def stored(number: int) -> StoredBaseline:
    return StoredBaseline(f"drift/tiny/v{number}/baseline", f"{number:064x}", 2_000 + number)


def test_a_bootstraps_baseline_is_of_every_day() -> None:
    """Documents may be older than the installation."""
    (first,) = first_active(stored(0))
    assert (first.from_day, first.documents) == (date.min, 2_000)
    assert first_active(None) == ()


def test_a_promotions_baseline_begins_tomorrow() -> None:
    """Today has one already in some partition; the one before stays for the days that are its own."""
    found = active_after(first_active(stored(0)), stored(1), TODAY)
    assert [(one.uri, one.from_day) for one in found] == [
        ("drift/tiny/v0/baseline", date.min),
        ("drift/tiny/v1/baseline", TODAY + timedelta(days=1)),
    ]


def test_no_new_baseline_changes_nothing() -> None:
    """A promotion without documents, and one to a version whose baseline is active already."""
    known = active_after(first_active(stored(0)), stored(1), TODAY)
    later = TODAY + timedelta(days=3)
    assert active_after(known, None, later) == known
    assert active_after(known, stored(1), later) == known


def test_the_last_change_of_a_day_counts() -> None:
    """A promotion and its rollback on one day: tomorrow begins with the baseline that it would have had anyway."""
    known = first_active(stored(0))
    assert active_after(active_after(known, stored(1), TODAY), stored(0), TODAY) == known
    assert [one.documents for one in active_after(active_after(known, stored(1), TODAY), stored(2), TODAY)] == [2_000, 2_002]


def test_a_rollback_brings_the_old_baseline_back() -> None:
    """The same folder comes twice, for days before and after those of the other one."""
    found = active_after(active_after(first_active(stored(0)), stored(1), TODAY), stored(0), TODAY + timedelta(days=5))
    assert [one.documents for one in found] == [2_000, 2_001, 2_000]
    assert found[-1].from_day == TODAY + timedelta(days=6)


def test_a_baseline_leaves_with_its_last_day() -> None:
    """It is named as long as a day that it was active on can be in a window."""
    known = active_after(first_active(stored(0)), stored(1), TODAY)
    kept = active_after(known, stored(2), TODAY + timedelta(days=KEPT_DAYS))
    assert [one.documents for one in kept] == [2_000, 2_001, 2_002]
    left = active_after(known, stored(2), TODAY + timedelta(days=KEPT_DAYS + 1))
    assert [one.documents for one in left] == [2_001, 2_002]
