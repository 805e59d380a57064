"""What users said, in counts."""

from __future__ import annotations

from runner_fakes import correction, document

from gpu_runner.jobs.leased_samples import said
from schemas.conversation import GivenReason


def test_feedback_is_counted_by_kind_language_and_reason_without_a_word() -> None:
    """Of this release by what each is worth, of one before by whether it corrects; complaints in the place of corrections by themselves."""
    first = correction(0)
    samples = [
        first,
        correction(1).model_copy(update={"negative_class": "correction", "language": "hi-IN"}),
        correction(2).model_copy(
            update={"correction": None, "negative_class": "bare", "left_out": "complaint", "reasons": (GivenReason(code="outdated"),) * 2}
        ),
        correction(3).model_copy(update={"correction": None, "language": None}),
        correction(4).model_copy(update={"correction": None, "negative": False}),
        document(5),
    ]
    assert said(samples) == {
        "feedback": 5, "documents": 1, "kinds": {"bare": 1, "correction": 2, "negative": 1, "none": 1}, "languages": {"hi": 4, "und": 1},
        "reasons": {"outdated": 2}, "left_out": {"complaint": 1},
    }  # fmt: skip
    assert str(first.query) not in str(said(samples))


def test_nothing_is_counted_as_nothing() -> None:
    """A run without a batch."""
    assert said(()) == {"feedback": 0, "documents": 0, "kinds": {}, "languages": {}, "reasons": {}, "left_out": {}}
