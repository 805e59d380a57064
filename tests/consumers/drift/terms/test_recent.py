"""The bounded record of recent documents."""

from __future__ import annotations

import random
import unicodedata
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from consumers.drift.terms.generation import (
    SAMPLED_DOCUMENTS,
    SAMPLED_OF_SOURCE,
    SNIPPET_CHARACTERS,
    Generation,
    Snippet,
    snippet,
)
from consumers.drift.terms.recent import (
    GENERATION_DAYS,
    GENERATION_DOCUMENTS,
    HIGHEST_LEVEL,
    KEPT_OF_LEVEL,
    OLDEST_DAYS,
    RecentTerms,
)
from consumers.drift.terms.table import TermTable, buckets, hashed
from consumers.drift.text.code_points import code_points

TABLE = TermTable.fit(["राम घर गया", "सीता घर आई", "the cat sat"] * 300)
DAY = 739_000
Documents = list[tuple[str, str, int]]


def drawn(seed: int, count: int, sources: int = 40) -> Documents:
    source = random.Random(seed)
    words = [f"w{at}" for at in range(300)] + ["घर", "राम", "the"]
    return [
        (" ".join(source.choices(words, k=source.randint(0, 12))), f"s{source.randrange(sources)}", DAY + source.randrange(3))
        for _ in range(count)
    ]


def taken(documents: Documents, cuts: list[int]) -> RecentTerms:
    """The record of documents in batches that end at `cuts`, restarted after each of them."""
    recent = RecentTerms(TABLE)
    bounds = [0, *sorted(cut % (len(documents) + 1) for cut in cuts), len(documents)]
    for first, beyond in pairwise(bounds):
        texts, sources, days = zip(*documents[first:beyond], strict=True) if beyond > first else ((), (), ())
        recent.take(texts, sources, days)
        stored = recent.save()
        recent = RecentTerms(TABLE)
        recent.load(stored)
    return recent


def count(recent: RecentTerms, word: str) -> int:
    return int(recent.newest().counts[buckets(hashed([word]))[0]])


@pytest.mark.process
@settings(max_examples=25, deadline=None)
@given(st.integers(0, 99), st.lists(st.integers(0, 5000), max_size=6))
def test_batches_and_restarts_change_nothing(seed: int, cuts: list[int]) -> None:
    """Any batching, with a restart between batches, gives the record of one batch, byte for byte."""
    documents = drawn(seed, 300)
    assert taken(documents, cuts).save() == taken(documents, []).save()


def test_documents_read_before_are_the_same_documents() -> None:
    """A batch of code points is taken as its texts are."""
    texts = [text for text, _, _ in drawn(6, 600)]
    plain, read = RecentTerms(TABLE), RecentTerms(TABLE)
    plain.take(texts, texts)
    read.take(code_points(texts), texts)
    assert read.save() == plain.save()


def test_a_turn_inside_a_batch_is_where_it_is_without_batches() -> None:
    """Generations turn at the same document whatever the batches."""
    documents = [(f"{text} n{at}", f"s{at}", day) for at, (text, _, day) in enumerate(drawn(5, 5 * GENERATION_DOCUMENTS + 100))]
    whole, cut = taken(documents, []), taken(documents, [1, 400, GENERATION_DOCUMENTS + 3])
    assert [one.documents // GENERATION_DOCUMENTS for one in whole.finished] == [1, 2, 2]
    assert whole.save() == cut.save()


def test_generations_are_merged_and_few() -> None:
    """However many documents come, the newest 5,200 to 8,100 stay, the newest of them in small generations."""
    recent = RecentTerms(TABLE)
    smallest, most = 2**31, 0
    for number in range(200):
        recent.take([f"text{number} w{at} v{number}" for at in range(100)], [f"s{number} {at}" for at in range(100)])
        sizes = [one.documents // GENERATION_DOCUMENTS for one in recent.finished]
        assert sizes == sorted(sizes)
        assert {*sizes} <= {1 << level for level in range(HIGHEST_LEVEL + 1)}
        assert all(sizes.count(size) <= KEPT_OF_LEVEL for size in sizes)
        if number > 100:
            smallest, most = min(smallest, recent.documents), max(most, recent.documents)
    assert 5_200 < smallest < most < 8_100
    for asked in (GENERATION_DOCUMENTS, 500, 1_000):
        assert asked <= recent.newest(asked).documents <= 2 * asked
    assert 98 <= count(recent, "text199") <= 100
    assert count(recent, "text1") == 0


def test_what_elder_documents_weigh_is_what_is_kept() -> None:
    """The running count of the merged generations is theirs, whatever was merged or dropped, and a restart finds their weights."""
    recent = RecentTerms(TABLE)
    for at, (text, _, _) in enumerate(drawn(8, 600)):
        recent.take([f"{text} x{at}"] * 8, [f"s{at} {copy}" for copy in range(8)], [DAY + at // 20] * 8)
        assert np.array_equal(recent._elder, sum((one.counts for one in recent.finished if one.level), recent._elder * 0))
        if at % 40 == 0:
            again = RecentTerms(TABLE)
            again.load(recent.save())
            assert np.array_equal(again._weights, recent._weights)


def test_old_documents_go() -> None:
    """Few documents a day: a generation ends after GENERATION_DAYS, and after OLDEST_DAYS it goes."""
    recent = RecentTerms(TABLE)
    for day in range(0, OLDEST_DAYS + 2 * GENERATION_DAYS + 1, GENERATION_DAYS):
        recent.take([f"day{day}"], ["s"], [DAY + day])
    assert count(recent, "day0") == 0
    assert count(recent, f"day{OLDEST_DAYS // GENERATION_DAYS * GENERATION_DAYS + GENERATION_DAYS}") == 1


def test_one_source_adds_a_bounded_share() -> None:
    """A flood of one source is a few percent of what is counted."""
    recent = RecentTerms(TABLE)
    flood = [(f"flood{at} offer", "flooder", DAY) for at in range(3000)]
    others = [(text, f"s{at}", DAY) for at, (text, _, _) in enumerate(drawn(1, 1000))]
    documents = flood + others
    random.Random(2).shuffle(documents)
    for first in range(0, len(documents), 500):
        texts, sources, days = zip(*documents[first : first + 500], strict=True)
        recent.take(texts, sources, days)
    assert 8 <= count(recent, "offer") <= 0.04 * recent.documents
    assert sum(kept.source == recent.open.sample[0].source for kept in recent.open.sample) <= SAMPLED_OF_SOURCE


def test_one_text_from_everywhere_adds_a_bounded_share() -> None:
    """The same text a thousand times, whatever its source, case and punctuation, counts a few times."""
    recent = RecentTerms(TABLE)
    recent.take([("Breaking NEWS!", "breaking, news")[at % 2] for at in range(1000)], [f"s{at}" for at in range(1000)])
    assert count(recent, "breaking") == 2


SNIPPETS = st.lists(st.builds(Snippet, st.integers(0, 400), st.integers(0, 60), st.sampled_from("ab")), max_size=600)


@settings(max_examples=60, deadline=None)
@given(SNIPPETS, st.integers(0, 600), st.randoms(use_true_random=False))
def test_sample_of_parts_is_the_sample_of_all(snippets: list[Snippet], cut: int, order: random.Random) -> None:
    """The sample is the lowest ranks, of each source and of all: parts merged are what one reader of all would keep, in any order."""

    def sample(found: list[Snippet]) -> Generation:
        generation = Generation(documents=1)
        for first in range(0, len(found), 7):
            generation.keep(sorted(found[first : first + 7]))
        return generation

    plain = sample(snippets)
    first, second = sample(snippets[:cut]), sample(snippets[cut:])
    second.merge(first)
    assert second.sample == plain.sample
    shuffled = snippets.copy()
    order.shuffle(shuffled)
    assert sample(shuffled).sample == plain.sample
    distinct = {(one.rank, one.source): one for one in sorted(snippets, reverse=True)}
    expected: list[Snippet] = []
    for one in sorted(distinct.values()):
        if sum(kept.source == one.source for kept in expected) < SAMPLED_OF_SOURCE:
            expected.append(one)
    assert plain.sample == expected[:SAMPLED_DOCUMENTS]


@pytest.mark.process
def test_record_is_bounded() -> None:
    """Full of long Hindi documents of ever new words the stored record stays under 1 MB; of usual text it is about 100 KB."""
    source = random.Random(3)
    letters = "कखगघचछजझटठडढतथदधनपफबभमयरलवशषसह"
    recent = RecentTerms(TABLE)
    for first in range(0, 10_240, 512):
        texts = [" ".join("".join(source.choices(letters, k=6)) for _ in range(60)) for _ in range(512)]
        recent.take(texts, [f"s{first + at}" for at in range(512)])
    assert recent.documents > 5_200
    assert len(recent.save()) < 1_000_000


@given(st.text(st.sampled_from("कि ा्स ab\n"), max_size=600), st.integers(0, 2**64 - 1))
def test_snippet_is_a_short_piece_of_the_text(text: str, number: int) -> None:
    """A snippet is a piece of the text, never longer than stated."""
    found = snippet(text, number)
    assert found in text
    assert len(found) <= SNIPPET_CHARACTERS


@given(st.integers(0, 2**64 - 1))
def test_snippet_cuts_no_word(number: int) -> None:
    """Text with spaces is cut at them, so that no word of an example loses a vowel sign."""
    text = unicodedata.normalize("NFC", "किताबें हिन्दी संस्कृति " * 40)
    assert set(snippet(text, number).split()) <= set(text.split())


def test_record_of_another_release_is_refused() -> None:
    """A stored record of another format is refused with what was expected."""
    import zlib

    import msgspec

    stored = msgspec.msgpack.decode(zlib.decompress(RecentTerms(TABLE).save()))
    stored[0] = 99
    with pytest.raises(ValueError, match="expected 3"):
        RecentTerms(TABLE).load(zlib.compress(msgspec.msgpack.encode(stored)))


def test_nothing_taken_is_nothing() -> None:
    """An empty batch changes nothing, and documents without a word count as documents."""
    recent = RecentTerms(TABLE)
    recent.take([], [])
    assert recent.documents == 0
    recent.take(["", "।"], ["a", "b"])
    assert recent.documents == 2
    assert np.count_nonzero(recent.newest().counts) == 0
