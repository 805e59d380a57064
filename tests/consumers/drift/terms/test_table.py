"""The baseline's term frequencies."""

from __future__ import annotations

import json
import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from consumers.drift.terms.table import (
    BUCKETS,
    HASHED,
    MAX_NAME_CHARACTERS,
    NAMES,
    TermTable,
    UnreadableTermTable,
    hashed,
)

VOCABULARY = ["हिन्दी", "किताबें", "है", "nahi", "nahin", "the", "taj", "mahal", "2024"]
TEXTS = st.lists(st.lists(st.sampled_from(VOCABULARY), max_size=6).map(" ".join), max_size=20)


def same(one: TermTable, other: TermTable) -> bool:
    return one.documents == other.documents and np.array_equal(one.counts, other.counts) and one.names == other.names


@given(TEXTS)
def test_counts_documents_not_occurrences(texts: list[str]) -> None:
    """A word's count is the number of documents that have it."""
    table = TermTable.fit(texts)
    assert table.count(hashed(VOCABULARY)).tolist() == [sum(word in text.split() for text in texts) for word in VOCABULARY]


@settings(max_examples=40)
@given(st.lists(TEXTS, min_size=1, max_size=5), st.randoms(use_true_random=False))
def test_merge_is_the_table_of_all(parts: list[list[str]], order: random.Random) -> None:
    """Tables of parts, merged in any order and grouping, are the table of all texts, name by name."""
    whole = TermTable.fit([text for part in parts for text in part])
    tables = [TermTable.fit(part) for part in parts]
    order.shuffle(tables)
    merged, one_by_one = TermTable.merged(tables), tables[0]
    for table in tables[1:]:
        one_by_one = TermTable.merged([one_by_one, table])
    assert same(one_by_one, merged)
    assert (merged.documents, merged.names) == (whole.documents, whole.names)
    assert np.array_equal(merged.counts[:HASHED], whole.counts[:HASHED])
    assert (merged.counts[HASHED:] >= whole.counts[HASHED:]).all()


def test_unseen_is_what_only_one_run_has() -> None:
    """Words of a single run of one source count for their shape, however often the run says them; words of two runs do not."""
    texts = ["क ख", "क", "क", "गी"]
    by_run = TermTable.fit(texts, ["a", "a", "a", "b"]).counts[HASHED:]
    assert sorted(by_run[by_run > 0].tolist()) == [1, 3]
    again = TermTable.fit(texts, ["a", "b", "a", "b"]).counts[HASHED:]
    assert sorted(again[again > 0].tolist()) == [1, 1]


@given(TEXTS)
def test_artifact_gives_the_table_back(texts: list[str]) -> None:
    """Arrays and JSON facts hold the whole table."""
    table = TermTable.fit(texts)
    assert same(TermTable.from_arrays(table.to_arrays(), json.loads(json.dumps(table.to_facts()))), table)


def test_artifact_is_bounded() -> None:
    """However many and long the words, the arrays stay under their stated size."""
    texts = [" ".join(f"{chr(0x20000 + at)}{'ऩ' * (at % 40)}{at}" for at in range(first, first + 50)) for first in range(0, 6000, 50)]
    arrays = TermTable.fit(texts).to_arrays()
    assert arrays["term_counts"].nbytes == 4 * BUCKETS
    assert arrays["term_names"].nbytes <= NAMES * (4 * MAX_NAME_CHARACTERS + 1)


def test_unreadable_artifacts_say_what_was_expected() -> None:
    """Another format or shape is refused with what was expected."""
    table = TermTable.fit(["one two"])
    with pytest.raises(UnreadableTermTable, match="expected 1"):
        TermTable.from_arrays(table.to_arrays(), table.to_facts() | {"terms_format": 7})
    with pytest.raises(UnreadableTermTable, match="int32"):
        TermTable.from_arrays(table.to_arrays() | {"term_counts": np.zeros(8, np.int32)}, table.to_facts())


def test_only_single_words_have_a_hash() -> None:
    """A name of two words is refused instead of shifting the others."""
    with pytest.raises(ValueError, match="single words"):
        hashed(["one", "two three"])
