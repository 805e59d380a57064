"""The page of a version: what it tells of each kind of decision, whose words it holds, and what it does with hostile ones."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from gpu_runner.dataset.rows import TrainingRow
from ops.lineage.explain.facts import ItemWords, VersionFacts, gather, withdrawn_samples
from ops.lineage.explain.page import render
from ops.lineage.records import StoredRecord, read_model
from ops.lineage.timeline import ServingPeriod
from runtime.artifacts.local import LocalStore
from tests.written_before.read import BEFORE, FORMER, unpack_runner

NOW = datetime(2026, 12, 1, 3, 0, tzinfo=UTC)
AT = "2026-11-16T06:30:00+00:00"


class _Texts(HTMLParser):
    """The text of each language, as the reader's choice shows it."""

    def __init__(self, shown: str) -> None:
        super().__init__()
        self.hidden = {"en": "hi", "hi": "en"}[shown]
        self.text: list[str] = []
        self._skipped = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if self._skipped or tag in ("style", "script") or dict(attrs).get("class") == self.hidden:
            self._skipped += 1

    def handle_endtag(self, tag: str) -> None:
        self._skipped -= bool(self._skipped)

    def handle_data(self, data: str) -> None:
        if not self._skipped:
            self.text.append(data)


def shown(page: str, language: str) -> str:
    """What stands on the page in a language."""
    texts = _Texts(language)
    texts.feed(re.sub(r"<(meta|br)[^>]*>", "", page))
    return " ".join(" ".join(texts.text).split())


def guard(name: str, state: str, change: float | None = 0.0, **more: Any) -> dict[str, Any]:
    """One guard of a record."""
    return {"name": name, "state": state, "change": change, "p_harm": 0.5, "margin": 0.05, "items": 120, **more}


def record(**changes: Any) -> dict[str, Any]:
    """A candidate's record by this release's rules."""
    primary = {
        "gain": 0.4, "low": 0.3, "high": 0.5, "p_value": 0.0001, "items": 60, "groups": 30, "baseline": 0.1, "candidate": 0.5,
        "significant": True,
    }  # fmt: skip
    gate = {"primary": primary, "guards": [guard("holdout", "satisfied")], "detectable_effect": 0.12, "false_promotions_a_year": 2.6}
    return {
        "model": "tiny", "version": "v2", "verdict": "promote", "applied": True, "gate_verdict": "promote", "gate_rules": "r",
        "actor": "gate", "quarantined": [{"sample_id": "x"}], "sample_ids": ["s1", "s2"],
        "reasons": ["an English sentence"], "decided_at": AT, "baseline": {"version": "v1"}, "artifact": {"sha256": "a" * 64},
        "counts": {"new_training_rows": 12, "replay_rows": 30}, "training": {"steps": 9, "seconds": {"training": 600.0}},
        "dropped": {"rating_only": 3, "correction_contradicts_old_fact": 1},
        "said": {"feedback": 7, "documents": 0, "kinds": {"correction": 4, "bare": 3}, "languages": {"hi": 7}, "reasons": {"outdated": 2},
                 "left_out": {"complaint": 1}},
        "gate": gate, **changes,
    }  # fmt: skip


def facts(**changes: Any) -> VersionFacts:
    """The facts of `record`; `v1` served before."""
    own = changes.pop("record", None) or record()
    periods = (
        ServingPeriod("v1", "2026-11-02T06:30:00+00:00", AT, "b" * 64, "bootstrap", "meera", "", None, True, "d0", "k0"),
        ServingPeriod("v2", AT, None, "a" * 64, "gate", "gate", "", "v1", True, "d1", "k1"),
    )
    base = VersionFacts("tiny", "v2", False, own, "finetuned/tiny/v2/decision.json", (), (), periods[: 1 + bool(own["applied"])])
    return replace(base, **changes)


def with_gate(verdict: str, **gate: Any) -> dict[str, Any]:
    """A record whose gate said something else."""
    known = record()
    return record(verdict=verdict, applied=False, gate_verdict=verdict, gate=known["gate"] | gate)


def test_a_promoted_version_is_told_whole_in_both_languages() -> None:
    """Every heading, what users said, what was trained and left out, why, and what to do; figures are the same in both."""
    page = render(facts(), now=NOW)
    english, hindi = shown(page, "en"), shown(page, "hi")
    for told in (
        "v2 is in service since 16 November 2026, 06:30 UTC", "said what the right answer is 4", "of these: wrote a complaint", "Hindi (7)",
        "out of date (2)", "12 new rows", "9 steps in 10 minutes", "a rating without a correction", "against what is known to be right",
        "Of 60 questions", "10 of 100 were answered right before, and 50 of 100 now", "less than once in 1,000 tests",
        "Everything that must not get worse was kept", "up to 2.6 times a year", "service goes back to v1 by itself",
        "1 correction waits for a person's decision", "abhyas verify v2 --model tiny",
    ):  # fmt: skip
        assert told in english, told
    for told in ("सेवा में है", "उपयोगकर्ताओं ने क्या कहा", "बताया कि सही उत्तर क्या है 4", "60 बार पूछे गए", "आगे क्या करें"):
        assert told in hindi, told
    figures = re.compile(r"\d[\d,.]*\d|\d")
    assert set(figures.findall(hindi)) == set(figures.findall(english))
    assert not re.search("[\u0900-\u097f]", english.replace("हिंदी", "").replace("भाषा", ""))


IN_HINDI = {
    "guard": "language hi",
    "slice": {"dimension": "language", "value": "hi", "worse": 9, "items": 40, "share_worse_elsewhere": 0.01},
}
REFUSED: dict[str, tuple[dict[str, Any], tuple[str, ...]]] = {
    "harm": (
        with_gate("reject", guards=[guard("language hi", "harmed", -0.2)], driver=IN_HINDI),
        ("refused it", "answers in Hindi: measurably worse, by −20 of 100", "above all in questions in Hindi: 9 of 40",
         "Don't put it into service by hand", "v1 still serves"),
    ),
    "a bound": (
        with_gate("inconclusive", guards=[guard("holdout", "below_margin", -0.02, bound=-0.08)], items_needed_of={"holdout": 400}),
        ("left it undecided", "chance may hide a change of −8 of 100", "set-aside questions: about 400 questions would settle it",
         "lost a little, within what chance can do"),
    ),
    "too few": (
        with_gate("inconclusive", guards=[guard("script", "too_few", None)]),
        ("too few questions to compare", "with more evaluation questions"),
    ),
    "no primary": (with_gate("inconclusive", primary=None), ("could not be tested: too few", "Wait for more corrections")),
    "broken": (
        with_gate("inconclusive", broken=True, guards=[guard("holdout", "missing", None)]),
        ("The test itself was not whole", "its questions, which have to be there, are missing", "abhyas verify v2"),
    ),
    "void": (with_gate("void"), ("Its test does not count", "compared with v1, which no longer served", "Start the training again")),
    "rolled back before": (
        record(verdict="reject", applied=False), ("only a person can bring it back", "had been taken out of service before"),
    ),
}  # fmt: skip


@pytest.mark.parametrize(("own", "told"), REFUSED.values(), ids=REFUSED)
def test_a_refusal_is_told_by_its_figures(own: dict[str, Any], told: tuple[str, ...]) -> None:
    """What refused, by how much, where it lies, and what to do about it; never by the record's sentences alone."""
    english = shown(render(facts(record=own), now=NOW), "en")
    assert "It has never been in service" in english
    for sentence in told:
        assert sentence in english, sentence


def test_a_record_before_named_rules_calls_too_few_items_missing() -> None:
    """It is not taken for a broken test."""
    own = with_gate("inconclusive", guards=[guard("holdout", "missing", None)])
    del own["gate_rules"]
    english = shown(render(facts(record=own), now=NOW), "en")
    assert "set-aside questions: too few questions to compare" in english


def test_what_persons_and_rollbacks_did_is_told_in_order_of_time() -> None:
    """Taken out by the watch over ratings, brought back by a person; each with its reason."""
    back = StoredRecord("r", {"version": "v2", "verdict": "rollback", "applied": True, "actor": "stage2", "reason": "rated worse",
                              "decided_at": "2026-11-17T00:00:00+00:00"})  # fmt: skip
    forth = StoredRecord("p", {"version": "v2", "verdict": "operator", "applied": True, "actor": "asha", "reasons": ["asha promoted v2"],
                               "decided_at": "2026-11-18T00:00:00+00:00"})  # fmt: skip
    page = render(facts(later=(back, forth)), now=NOW)
    assert re.search(r"taken out of service again, by the watch over users' ratings: rated worse.*asha put it into service by hand: "
                     "no reason was given", shown(page, "en"))  # fmt: skip
    assert "उपयोगकर्ताओं की रेटिंग की निगरानी" in shown(page, "hi")


def test_one_that_was_taken_out_says_what_to_find_out_first() -> None:
    """While another serves; what served when has both periods."""
    back = StoredRecord("r", {"version": "v2", "verdict": "rollback", "applied": True, "actor": "stage2", "reason": "rated worse",
                              "decided_at": "2026-11-17T00:00:00+00:00"})  # fmt: skip
    left, again = facts().periods[1], facts().periods[0]
    left = replace(left, until="2026-11-17T00:00:00+00:00")
    again = replace(
        again, since="2026-11-17T00:00:00+00:00", until=None, way="rollback", actor="stage2", reason="rated worse", previous="v2"
    )
    periods = (*facts().periods[:1], left, again)
    english = shown(render(facts(later=(back,), periods=periods), now=NOW), "en")
    assert "v2 was in service from 16 November 2026, 06:30 UTC to 17 November 2026, 00:00 UTC" in english
    assert "Find out what users complained of" in english
    assert "Nothing: v1 serves now." in english
    assert (
        "v1, from 17 November 2026, 00:00 UTC until now: service went back to it, by the watch over users' ratings (rated worse)" in english
    )


def test_of_many_periods_the_last_are_shown_and_a_gap_is_told() -> None:
    """How many were left out, and that the records don't fit together."""
    periods = tuple(replace(facts().periods[0], version=f"v{n}", follows=n != 3) for n in range(20))
    english = shown(render(facts(periods=periods), now=NOW), "en")
    assert "8 earlier changes left out here" in english
    assert "The records have a gap" in english
    assert "v7, from" not in english
    assert "v8, from" in english


def test_a_bootstrap_and_a_registered_version_have_pages_too() -> None:
    """Neither was trained or compared here; each says what to do."""
    own = record(version="v0", verdict="bootstrap", base_model="org/tiny", reason="a new portal",
                 guards=[{"name": "holdout", "items": 12, "groups": 3, "least": 20}])  # fmt: skip
    english = shown(render(facts(version="v0", record=own), now=NOW), "en")
    assert all(
        told in english for told in ("It is the beginning", "base model org/tiny", "set-aside questions: 12 questions", "a new portal")
    )
    assert "Few questions were set aside" in english
    own = {"model": "tiny", "version": "x", "actor": "ravi", "artifact": {"sha256": "c" * 64}, "base_model": None, "applied": False}
    english = shown(render(facts(version="x", registered=True, record=own), now=NOW), "en")
    assert all(told in english for told in ("put into the store by ravi", "Base model named with it: none", "Ask for an evaluation"))


def test_words_are_escaped_and_named_where_they_turn_the_line() -> None:
    """Markup of a user stands as text, in his own direction and language."""
    hostile = "</dd><script>alert(1)</script> \u202eabc"
    row = TrainingRow("1", hostile, hostile, "hi", "correction", "g", "s1")
    page = render(facts(rows=(row,)), now=NOW)
    assert page.count("<script>") == 1
    assert "&lt;script&gt;alert(1)&lt;/script&gt; [U+202E]abc" in page
    assert '<dd dir="auto" lang="hi">' in page
    assert "This file holds words of users" in shown(page, "en")
    assert "This file holds words" not in shown(render(facts(), now=NOW), "en")


def test_nothing_may_be_loaded_or_run_but_its_own() -> None:
    """The page names no other address, and its policy allows its style and script by their hashes alone."""
    page = render(facts(), now=NOW)
    assert "default-src 'none'" in page
    assert not re.search(r"""(?:src|href)="(?!#)|url\(|@import|https?://""", page)


def test_equal_facts_give_equal_bytes() -> None:
    """Nothing of the moment but the time that is passed."""
    assert render(facts(), now=NOW) == render(facts(), now=NOW)


@pytest.mark.parametrize("revision", [FORMER, BEFORE])
def test_versions_of_former_releases_are_explained(revision: str, tmp_path: Path) -> None:
    """With the words that they kept, and without counts that they did not keep."""
    unpack_runner(revision, tmp_path)
    store = LocalStore(tmp_path / "store")
    records = read_model(store, "tiny")
    found = gather(store, records, records.versions["v1"])
    english = shown(render(found, now=NOW), "en")
    assert "kept no count of what users said" in english
    assert "Of 60 questions" in english
    assert "what users corrected, in other words 60 0 100" in english
    assert len(found.rows) == 120
    assert re.search(r"संग्रहालय \d+ कब बना था", english)
    assert "It is the beginning" in shown(render(gather(store, records, records.versions["v0"]), now=NOW), "en")


def taken_back(store: LocalStore, names: list[str]) -> None:
    """What the sweep writes down before it takes words out of anything."""
    memo = {"format": 1, "model": "tiny", "version": "v1", "samples": {name: {"reason": "erased", "trained": True} for name in names}}
    store.write_bytes("finetuned/tiny/v1/taken_back.json", json.dumps(memo).encode())


def test_words_that_were_taken_back_are_on_no_page(tmp_path: Path) -> None:
    """From the moment that the sweep wrote it down, though rows and reports still lie there; the page says how many are gone."""
    unpack_runner(BEFORE, tmp_path)
    store = LocalStore(tmp_path / "store")
    records = read_model(store, "tiny")
    before = gather(store, records, records.versions["v1"])
    gone = sorted(before.samples)[:5]
    texts = {row.completion for row in before.rows if row.sample_id in gone}
    taken_back(store, gone)
    found = gather(store, records, records.versions["v1"])
    assert found.samples == before.samples - set(gone)
    assert withdrawn_samples(store, "tiny", found.record) == set(gone)
    page = render(found, now=NOW)
    assert not any(re.search(rf"\b{re.escape(text)}\b", page) for text in texts)
    assert "5 of the samples that it was trained on were taken back since" in shown(page, "en")


def test_without_words_no_text_of_anybody_is_gathered(tmp_path: Path) -> None:
    """Figures stay."""
    unpack_runner(BEFORE, tmp_path)
    store = LocalStore(tmp_path / "store")
    records = read_model(store, "tiny")
    found = gather(store, records, records.versions["v1"], words=False)
    assert (found.rows, dict(found.words), found.samples) == ((), {}, frozenset())
    assert "what users corrected, in other words 60 0 100" in shown(render(found, now=NOW), "en")


def scored(items: list[dict[str, Any]]) -> dict[str, Any]:
    """Scores of items, with the one figure that the page reads."""
    share = {side: sum(item[side]["em"] for item in items) / len(items) for side in ("baseline", "candidate")}
    return {"items": items, "aggregates": {side: {"all": {"all": {"items": len(items), "fixed": value}}} for side, value in share.items()}}


@pytest.fixture
def item() -> Callable[..., dict[str, Any]]:
    """Makes a scored item."""

    def make(number: int, before: float, after: float) -> dict[str, Any]:
        sides = {side: {"em": value, "fixed": bool(value)} for side, value in (("baseline", before), ("candidate", after))}
        return {"item_id": f"i{number}", "set": "holdout", "language": "en", "group": f"g{number}", **sides}

    return make


def test_items_that_got_worse_are_listed_those_of_the_driver_first(item: Callable[..., dict[str, Any]]) -> None:
    """With their words where they are kept, else counted; an empty answer is said to be one."""
    scores = scored([item(number, 1.0, 0.0 if number < 8 else 1.0) for number in range(20)])
    words = {f"i{number}": ItemWords(f"Question {number}?", ("right",), {"baseline": "right", "candidate": ""}, None) for number in (1, 2)}
    own = with_gate("reject", driver={"slice": None, "failing_ids": ["i2"]})
    english = shown(render(facts(record=own, scores=scores, words=words), now=NOW), "en")
    assert english.index("Question 2?") < english.index("Question 1?")
    assert "6 more, whose words are not kept" in english
    assert "(no answer)" in english
    assert "0 questions that had been answered wrong are right now, and 8 that had been right are wrong now; 12 stayed" in english
    assert "everything that was asked 20 100 60 worse: −60 to" in english


def test_a_change_of_a_few_groups_is_not_called_clear(item: Callable[..., dict[str, Any]]) -> None:
    """Four groups that changed alike are one toss in sixteen, whatever resampling says; eight are clear."""
    for changed, told in ((4, "no clear change: +"), (8, "better: +")):
        scores = scored([item(number, float(number >= changed), 1.0) for number in range(20)])
        english = shown(render(facts(scores=scores), now=NOW), "en")
        assert told in english


def test_a_gain_that_is_not_shown_says_how_often_chance_makes_it() -> None:
    """Beside what the policy accepts; where the test itself was passed, the noise of the version in service is the reason."""
    primary = record()["gate"]["primary"] | {"significant": False}
    own = with_gate("inconclusive", primary=primary | {"p_value": 0.0625})
    english = shown(render(facts(record=own | {"policy": {"alpha": 0.04}}), now=NOW), "en")
    assert "by chance alone about 6.2 times in 100 tests, and about 4.0 times in 100 tests is the most that is accepted" in english
    own = with_gate("inconclusive", primary=primary | {"p_value": 0.01}, noise_floor=0.3)
    english = shown(render(facts(record=own), now=NOW), "en")
    assert "asked twice, moves by as much itself" in english
    assert "answered 30 of 100 of these questions otherwise" in english


def test_a_driver_of_what_was_kept_is_not_told() -> None:
    """One item of sixteen that got worse explains no refusal."""
    own = with_gate("inconclusive", driver={**IN_HINDI, "guard": "holdout"})
    assert "above all in" not in shown(render(facts(record=own), now=NOW), "en")


def test_scores_that_are_gone_or_damaged_are_said(tmp_path: Path) -> None:
    """The rest of the page stands."""
    unpack_runner(BEFORE, tmp_path)
    store = LocalStore(tmp_path / "store")
    store.write_bytes("finetuned/tiny/v1/scores.json", b"{half")
    records = read_model(store, "tiny")
    assert "No scores are kept of it" in shown(render(gather(store, records, records.versions["v1"]), now=NOW), "en")
