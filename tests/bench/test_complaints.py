"""The set that complaints are told from corrections by is as large and as mixed as it says."""

from __future__ import annotations

from collections import Counter

from bench.complaints.cases import half_of, read

LOOKS_LIKE_A_COMPLAINT = ("polar", "verdict_word", "leading_no", "pointer_answer")


def test_the_set_is_large_and_hard() -> None:
    """At least 1,200 cases; 30 % of the corrections look like complaints, 20 % of the complaints have an answer in them."""
    cases = read()
    corrections = [case for case in cases if case.label == "correction"]
    complaints = [case for case in cases if case.label == "complaint" or case.kind == "answer_in_complaint"]
    assert len(cases) >= 1_200
    assert sum(case.kind in LOOKS_LIKE_A_COMPLAINT for case in corrections) >= 0.3 * len(corrections)
    assert sum(case.kind == "answer_in_complaint" for case in complaints) >= 0.2 * len(complaints)
    assert all(case.answer is None or (case.kind == "answer_in_complaint" and case.answer in case.correction) for case in cases)


def test_no_case_is_in_it_twice() -> None:
    """No words of a complaint come twice, and no correction comes twice with one question."""
    cases = read()
    complaints = Counter(" ".join(case.correction.casefold().split()) for case in cases if case.label == "complaint")
    corrections = Counter((case.language, case.query, case.correction) for case in cases if case.label == "correction")
    assert max(complaints.values()) == max(corrections.values()) == 1


def test_each_half_has_each_language_and_label() -> None:
    """English, Hindi and Hindi in Latin letters have at least 100 complaints and 100 corrections in either half."""
    counted = Counter((half_of(case), case.stratum, case.label) for case in read() if case.stratum != "other")
    assert len(counted) == 12
    assert min(counted.values()) >= 100
