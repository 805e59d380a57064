"""What befalls a stream."""

from __future__ import annotations

import numpy as np
import pytest

from bench.drift.streams.planted import PoolTerms, precision
from bench.drift.streams.pools import EN, FORMS, HI, HINGLISH, Pool
from bench.drift.streams.population import MIX, PER_DAY, Stream
from bench.drift.streams.scenarios import Scenario, scenario
from bench.drift.streams.shifts import BASELINE_DAYS, FLOOD, RAMP, Shift, choose_topic, topic
from consumers.drift.text.words import words

BEFORE, AFTER = 20_000, 60_000


@pytest.fixture(scope="module")
def plan(pool: Pool) -> Scenario:
    """One scenario of the whole pool."""
    return scenario(pool, np.random.default_rng(0))


@pytest.fixture(scope="module")
def terms(pool: Pool) -> PoolTerms:
    """The words of the whole pool."""
    return PoolTerms.of(pool)


def drawn(plan: Scenario, name: str) -> tuple[Shift, Stream]:
    """The shift of this name and a stream of it."""
    shift = next(shift for shift in plan.shifts if shift.name == name)
    return shift, shift.draw(np.random.default_rng(1), BEFORE, AFTER)


def share(found: np.ndarray) -> tuple[float, float]:
    """The share before the shift and after it."""
    return float(found[:BEFORE].mean()), float(found[BEFORE:].mean())


def test_a_seed_gives_a_stream(plan: Scenario) -> None:
    """Every shift draws the same stream for a seed, as long as asked, on the days after the baseline's."""
    for shift in plan.shifts:
        one, same = (shift.draw(np.random.default_rng(4), 2_000, 8_000) for _ in range(2))
        assert len(one) == 10_000
        assert (one.documents == same.documents).all()
        assert (one.sources == same.sources).all()
        assert one.days[0] == BASELINE_DAYS
        assert (np.diff(one.seconds) > 0).all()


@pytest.mark.parametrize("percent", [30, 10, 3])
def test_a_novel_topic_is_absent_before(pool: Pool, plan: Scenario, percent: int) -> None:
    """Baseline and stream hold no document of the topic before the shift; after it the topic has its share, in the usual languages."""
    _, stream = drawn(plan, f"novel topic {percent} %")
    ours = np.isin(pool.group, [*plan.novel])
    assert not ours[plan.world.baseline(np.random.default_rng(2)).documents].any()
    before, after = share(ours[stream.documents])
    assert before == 0
    assert after == pytest.approx(percent / 100, abs=0.01)
    languages = pool.language[stream.documents[BEFORE:]]
    assert np.bincount(languages) / len(languages) == pytest.approx(MIX, abs=0.015)


def test_a_genre_is_novel_within_its_language(pool: Pool) -> None:
    """A genre there is in English alone takes its share from the other English documents, and more than English has is refused."""
    genre = {*pool.groups_named("genre/weblog")}
    plan = scenario(pool, np.random.default_rng(0), novel=genre)
    assert [shift.name for shift in plan.shifts if shift.name.startswith("novel")] == [
        "novel topic 10 %", "novel topic 3 %", "novel topic rising",
    ]  # fmt: skip
    _, stream = drawn(plan, "novel topic 10 %")
    assert share(np.isin(pool.group[stream.documents], [*genre])) == (0, pytest.approx(0.1, abs=0.01))
    languages = pool.language[stream.documents[BEFORE:]]
    assert np.bincount(languages) / len(languages) == pytest.approx(MIX, abs=0.015)
    with pytest.raises(ValueError, match="language mix"):
        topic("t", plan.world, genre, 0.3)


def test_a_known_topic_grows(pool: Pool, plan: Scenario) -> None:
    """A known topic is there before, and has 20 points more after."""
    _, stream = drawn(plan, "known topic 20 %")
    before, after = share(np.isin(pool.group[stream.documents], [*plan.known]))
    assert 0.005 < before < 0.1
    assert after == pytest.approx(before * 0.8 + 0.2, abs=0.015)


def test_languages_move_by_their_points(pool: Pool, plan: Scenario) -> None:
    """Hindi gives ten points to English, and five to Hinglish; the third language stays."""
    for name, language, points in (("Hindi to English 10 points", EN, 0.10), ("Hinglish +5 points", HINGLISH, 0.05)):
        _, stream = drawn(plan, name)
        found = pool.language[stream.documents]
        for each, moved in ((HI, -points), (language, points), (EN + HINGLISH - language, 0.0)):
            before, after = share(found == each)
            assert before == pytest.approx(MIX[each], abs=0.02)
            assert after == pytest.approx(MIX[each] + moved, abs=0.015)


def test_damage_strikes_after_the_shift_alone(pool: Pool, plan: Scenario) -> None:
    """One document in a hundred is mojibake, every Hindi one has lost its 2 % of matras, and not one before the shift."""
    _, stream = drawn(plan, "mojibake 1 %")
    before, after = share(pool.form[stream.documents] == FORMS.index("mojibake"))
    assert before == 0
    assert after == pytest.approx(0.01, abs=0.002)
    _, stream = drawn(plan, "all matras of 2 % of documents")
    before, after = share(pool.form[stream.documents] == FORMS.index("all matras lost"))
    assert before == 0
    assert after == pytest.approx(0.02, abs=0.003)
    _, stream = drawn(plan, "matra loss 2 %")
    assert not pool.form[stream.documents[:BEFORE]].any()
    whole = pool.in_form("some matras lost")[stream.documents] == stream.documents
    lengths = np.array([len(text) for text in pool.texts])
    hindi = stream.documents[BEFORE:][pool.language[stream.documents[BEFORE:]] == HI]
    lost = 1 - lengths[hindi].sum() / lengths[pool.original[hindi]].sum()
    assert whole[BEFORE:].all()
    assert 0.002 < lost < 0.01  # matras are a quarter of the letters


def test_a_gradual_shift_rises(pool: Pool, plan: Scenario) -> None:
    """The novel topic's share grows evenly from nothing to 30 % over ten days and stays there."""
    _, stream = drawn(plan, "novel topic rising")
    ours = np.isin(pool.group[stream.documents[BEFORE:]], [*plan.novel])
    for part in range(5):
        assert ours[part * RAMP // 5 : (part + 1) * RAMP // 5].mean() == pytest.approx(0.3 * (part + 0.5) / 5, abs=0.02)
    assert ours[RAMP:].mean() == pytest.approx(0.3, abs=0.02)


def test_a_flood_has_one_source(pool: Pool, plan: Scenario) -> None:
    """Two documents in five come from one source that never published before."""
    shift, stream = drawn(plan, "one-source flood")
    assert not shift.fires
    before, after = share(stream.sources == len(pool.sources))
    assert before == 0
    assert after == pytest.approx(FLOOD, abs=0.01)
    ours = np.isin(pool.group[stream.documents], [*plan.novel])
    assert (ours == (stream.sources == len(pool.sources))).all()


def test_duplicates_are_recent_and_by_their_own_source(pool: Pool, plan: Scenario) -> None:
    """A fifth more of the documents than usual were published within the last 5,000, and source and document still belong together."""
    shift, stream = drawn(plan, "duplicates 20 %")
    assert not shift.fires
    assert (pool.source[stream.documents] == stream.sources).all()
    last: dict[int, int] = {}
    again = np.zeros(len(stream))
    for place, document in enumerate(stream.documents.tolist()):
        again[place] = place - last.get(document, -PER_DAY - 1) <= PER_DAY
        last[document] = place
    before, after = share(again)
    assert after == pytest.approx(0.2 + 0.8 * before, abs=0.02)


def test_few_documents_make_up_their_share(pool: Pool, plan: Scenario) -> None:
    """Twenty documents are a fifth of the stream."""
    _, stream = drawn(plan, "few documents repeated 20 %")
    most = np.sort(np.bincount(stream.documents[BEFORE:]))[-20:].sum() / AFTER
    assert most == pytest.approx(0.2, abs=0.01)


def test_nuisances_and_shifts_are_told_apart(plan: Scenario) -> None:
    """The weekly cycle, the flood and both kinds of repeats must not fire; the other ten must."""
    assert [shift.name for shift in plan.shifts if not shift.fires] == [
        "weekly cycle", "one-source flood", "duplicates 20 %", "few documents repeated 20 %",
    ]  # fmt: skip
    assert sum(shift.fires for shift in plan.shifts) == 10


def test_planted_terms_are_those_of_the_shift(terms: PoolTerms, plan: Scenario) -> None:
    """Hinglish plants romanised words, mojibake its sequences, matra loss broken words; the common words of before are not planted."""
    by_name = {shift.name: shift for shift in plan.shifts}
    hinglish = by_name["Hinglish +5 points"].planted(terms)
    assert {"hai", "nahi", "mein", "nahin"} <= hinglish
    assert not {"है", "the", "in"} & hinglish
    assert {"the", "which", "of"} <= by_name["Hindi to English 10 points"].planted(terms)
    broken = by_name["mojibake 1 %"].planted(terms)
    assert any(term.startswith("à¤") for term in broken)
    assert sum(term.isascii() for term in broken) < len(broken) / 1_000  # “Ólafur” leaves an ASCII “lafur”
    lost = by_name["matra loss 2 %"].planted(terms)
    assert not {"है", "में", "नहीं"} & lost
    assert len(lost) > 1_000
    assert by_name["duplicates 20 %"].planted(terms) == frozenset()


def test_an_explanation_of_a_topic_can_be_right_or_wrong(pool: Pool, terms: PoolTerms, plan: Scenario) -> None:
    """The words that the topic's documents have most above their usual share are planted; the commonest words of the language are not."""
    planted = plan.shifts[0].planted(terms)
    ours = np.flatnonzero(np.isin(pool.group, [*plan.novel]) & (pool.form == 0) & (pool.language == HI))
    counts: dict[str, int] = {}
    for document in ours.tolist():
        for word in {*words(pool.texts[document])}:
            counts[word] = counts.get(word, 0) + 1
    rising = sorted(planted & counts.keys(), key=lambda word: -counts[word])
    assert counts[rising[19]] >= 10
    assert precision(rising, planted) == 1
    assert precision(["है", "के", "और", "को", "यह"] * 4, planted) == 0


def test_a_topic_is_whole_articles_of_every_language(small: Pool) -> None:
    """A topic is so many articles of those it may choose from, and can be drawn in all three languages."""
    among = {*small.groups_named("article/")[:8]}
    chosen = choose_topic(small, np.random.default_rng(0), 3, among)
    assert len(chosen) == 3
    assert chosen <= among
    world = scenario(small, np.random.default_rng(0)).world
    stream = topic("t", world, chosen, 1.0).draw(np.random.default_rng(0), 0, 5_000)
    assert {*small.group[stream.documents].tolist()} == chosen
    assert {*small.language[stream.documents].tolist()} == {HI, EN, HINGLISH}
