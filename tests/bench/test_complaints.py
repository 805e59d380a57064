"""The sets that complaints are told from corrections by are as large and as mixed as they say, and the rule as good as recorded."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from bench.complaints import fit
from bench.complaints.__main__ import REVIEWED
from bench.complaints.cases import BY_OTHERS, MORE, SET, LabelledCase, half_of, of_half, read
from bench.complaints.junk import junk, trained
from bench.complaints.junk import measure as measure_junk
from bench.complaints.measure import cuts, measure
from bench.drift.streams.pools import DataAbsent
from consumers.collect.worth.doubt import score, weights

RESULTS = Path(__file__).parents[2] / "bench" / "results"
# Of cases that were fitted on, and of the final half as it is: above the goals of 2 % and 5 %.
MOST_TRAINED = {"own": 0.11, "tuning": 0.13, "final": 0.22}
MOST_REVIEWED = {"own": REVIEWED, "tuning": REVIEWED, "final": 0.095}
LOOKS_LIKE_A_COMPLAINT = (
    "polar", "verdict_word", "leading_no", "pointer_answer", "short_negative", "neg_phrase", "none_word",
)  # fmt: skip


def cases_of(name: str) -> list[LabelledCase]:
    return read(SET) if name == "own" else of_half(read(BY_OTHERS), "final" if name == "final" else "tuning")


@pytest.mark.parametrize("path", [SET, BY_OTHERS])
def test_the_sets_are_large_and_hard(path: Path) -> None:
    """At least 1,200 cases; 30 % of the corrections look like complaints, 20 % of the complaints have an answer in them."""
    cases = read(path)
    corrections = [case for case in cases if case.label == "correction"]
    complaints = [case for case in cases if case.label == "complaint" or case.kind == "answer_in_complaint"]
    assert len(cases) >= 1_200
    assert sum(case.kind in LOOKS_LIKE_A_COMPLAINT for case in corrections) >= 0.3 * len(corrections)
    assert sum(case.kind == "answer_in_complaint" for case in complaints) >= 0.2 * len(complaints)
    assert all(case.answer is None or (case.kind == "answer_in_complaint" and case.answer in case.correction) for case in cases)


def test_no_case_is_in_them_twice() -> None:
    """No words of a complaint come twice in the measured sets, and no correction comes twice with one question."""
    cases = [*read(SET), *read(BY_OTHERS)]
    complaints = Counter(" ".join(case.correction.casefold().split()) for case in cases if case.label == "complaint")
    corrections = Counter((case.language, case.query, case.correction) for case in cases if case.label == "correction")
    assert max(complaints.values()) == max(corrections.values()) == 1


def test_what_is_fitted_on_has_nothing_of_the_final_half() -> None:
    """No complaint of the final half has its words in what the weights are fitted on, no correction its question and words."""

    def said(case: LabelledCase) -> tuple[str, str]:
        return (case.label if case.label == "complaint" else case.query, " ".join(case.correction.casefold().split()))

    final = {said(case) for case in cases_of("final")}
    assert not [case for case in (*cases_of("own"), *cases_of("tuning"), *read(MORE)) if said(case) in final]


def test_each_half_has_each_language_and_label() -> None:
    """English, Hindi and Hindi in Latin letters have at least 100 complaints and 100 corrections in either half of the set by others."""
    counted = Counter((half_of(case), case.stratum, case.label) for case in read(BY_OTHERS))
    assert len(counted) == 12
    assert min(counted.values()) >= 100


@pytest.mark.parametrize("name", ["own", "tuning", "final"])
def test_the_rule_is_as_good_as_recorded(name: str) -> None:
    """The recorded figures of each set are those of this rule: why corrections are left out, and what is trained of those that are not."""
    recorded = json.loads((RESULTS / "complaints.json").read_text(encoding="utf-8"))
    cases = cases_of(name)
    strata = measure(cases)
    assert {stratum: counts.as_json() for stratum, counts in strata.items()} == recorded[name]
    assert cuts(cases) == recorded["answers"][name]
    assert max(stratum.reviewed_share for stratum in strata.values()) <= MOST_REVIEWED[name]
    assert max(stratum.trained_share for stratum in strata.values()) <= MOST_TRAINED[name]


def test_the_weights_are_of_these_files() -> None:
    """The committed weights say which files they were fitted on, and at most 4 % of corrections not fitted on are above a limit."""
    recorded = json.loads((RESULTS / "complaints-fit.json").read_text(encoding="utf-8"))
    assert fit.fitted_on() == weights.FITTED_ON
    assert recorded["allowed"] == weights.ALLOWED
    told = (*recorded["not_fitted_on"].values(), *recorded["factoids_not_fitted_on"].values())
    assert max(stratum["corrections_reviewed_share"] for stratum in told) <= fit.REVIEWED


@pytest.mark.process
def test_fitting_again_gives_the_committed_weights() -> None:
    """On the traits as they are now the fit decides as the committed weights do, but for one case in two hundred."""
    try:
        found = fit.material()
    except DataAbsent as absent:
        pytest.skip(str(absent))
    again = fit.fitted(*found.part(range(len(found.cases))))
    scores = np.array([(again.score(traits), score.doubt(traits)) for traits in found.traits])
    limit = min(weights.ALLOWED.values())
    assert np.mean((scores[:, 0] > limit) == (scores[:, 1] > limit)) >= 0.995
    assert fit.module(again, weights.ALLOWED).count("\n") <= 400


def test_a_rule_that_takes_all_is_told() -> None:
    """Without a rule every complaint is trained and no correction is reviewed; one that takes none reviews all."""
    cases = cases_of("tuning")
    assert {stratum.trained_share for stratum in measure(cases, lambda case: None).values() if stratum.complaints} == {1.0}
    assert {stratum.reviewed_share for stratum in measure(cases, lambda case: "complaint").values()} == {1.0}


def test_junk_is_the_same_for_a_seed_and_hardly_trained() -> None:
    """The same seed sends the same junk of all eight forms; what is no complaint is never trained; the whole is as recorded."""
    cases = cases_of("final")
    assert junk(3, cases) == junk(3, cases) != junk(4, cases)
    assert len({one.form for one in junk(3, cases)}) == 8
    assert {one.form for seed in range(5) for one in trained(junk(seed, cases))} <= {"complaint"}
    assert measure_junk() == json.loads((RESULTS / "complaints-junk.json").read_text(encoding="utf-8"))
