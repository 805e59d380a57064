"""`abhyas status` of a model in plain words."""

from __future__ import annotations

from typing import Any

from ops.commands.status import last_jobs, model_lines


def lines(**state: Any) -> list[str]:
    return [line.strip() for line in model_lines("m", state).splitlines()]


def test_drift_says_what_alarms_what_learns_and_what_documents_are_held_against() -> None:
    """A detector with its language, statistic and threshold; since when it alarms; a baseline that is gathered; the documents' baseline."""
    row = {"signal": "phi", "detector": "hotelling", "language": "hi", "statistic": 120.0, "threshold": 98.5, "alarm": True}
    row |= {"since": "2026-11-23T04:00:00+00:00", "learning": None}
    learns = row | {"signal": "negative_rate", "language": None, "alarm": False, "since": None, "learning": {"events": 340, "of": 2000}}
    found = lines(drift=[row, learns], drift_baseline={"sha256": "ab" * 32, "documents": 50_000, "because": None})
    assert "drift of phi in hi (hotelling): 120 of 98.5 ALARM since 2026-11-23T04:00:00+00:00" in found
    assert "drift of negative_rate: 340 of the 2000 ratings of its baseline" in found
    assert "documents are held against a baseline of 50,000 (abababababab)" in found


def test_documents_without_a_baseline_say_why() -> None:
    """And a state of an earlier release, which tells nothing of baselines, is shown all the same."""
    found = lines(drift_baseline={"sha256": None, "documents": None, "because": "too few documents"})
    assert "drift of documents is not watched: too few documents" in found
    old = {"signal": "negative_rate", "detector": "adwin", "statistic": 0.2, "threshold": 1.0, "alarm": False}
    assert "drift of negative_rate (adwin): 0.2 of 1" in lines(drift=[old])


def test_negatives_say_how_many_of_them_can_be_trained_on() -> None:
    """Beside what is needed and what was tried in vain; consumers of an earlier release are shown as they tell."""
    state = {"counted_negatives": 120, "threshold": 100, "distinct_users": 40, "min_users": 20, "pending_negatives": 130}
    state |= {"pending_documents": 2, "quarantined": 1}
    assert "negatives 120 of 100, by 40 of at least 20 users; waiting 130, documents 2, quarantined 1" in lines(**state)
    state |= {"trainable_negatives": 3, "min_trainable": 20, "trainable_users": 2, "tried_negatives": 7, "praised": 55}
    assert (
        "negatives 120 of 100, 3 of them can be trained on (20 are needed, 7 more were tried and taught nothing), by 2 "
        "of at least 20 users; waiting 130, documents 2, quarantined 1, praise 55"
    ) in lines(**state)


JOB = {
    "id": "cmd-7", "version": "v4", "attempt": 2, "outcome": "no_data", "retryable": False, "ended_at": "2026-11-23T10:05:00+00:00",
    "reasons": ["no_data: fewer than 1 new training rows are left (too_long 25)"],
}  # fmt: skip


def test_k12_the_last_job_its_end_and_its_reason() -> None:
    """Beside what holds the next one back."""
    found = model_lines("m", {"blocked_because": "25 more corrections are needed"}, last_jobs({"models": {"m": {"last_job": JOB}}}))
    lines_of = [line.strip() for line in found.splitlines()]
    assert "last job: v4 ended no_data at 2026-11-23T10:05:00+00:00 (cmd-7, attempt 2)" in lines_of
    assert "because: no_data: fewer than 1 new training rows are left (too_long 25)" in lines_of
    assert "blocked: 25 more corrections are needed" in lines_of
    failed = JOB | {"outcome": "failed", "attempt": 1, "retryable": True, "reasons": []}
    assert "(cmd-7, may be tried again)" in model_lines("m", {}, {"m": failed})


def test_k12_without_a_last_job_that_is_said() -> None:
    """None ended yet; the page does not answer; a page of an earlier release tells nothing, and nothing is made up."""
    assert "last job: none has ended yet" in model_lines("m", {}, {"m": None})
    assert "last job: unknown, the live page does not answer" in model_lines("m", {}, None)
    assert "last job" not in model_lines("m", {}, last_jobs({"models": {"m": {"job": None}}}))
    assert last_jobs({}) == {}
