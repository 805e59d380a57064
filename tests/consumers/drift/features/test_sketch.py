"""Sketches: exact sums, the same for every history."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumers.drift.baseline.fit import Baseline
from consumers.drift.features.layout import BLOCKS, MOSTLY_DEVANAGARI
from consumers.drift.features.sketch import (
    GROUPS,
    documents,
    empty,
    group_of,
    of_language,
    packed,
    packed_row,
    sketched,
    total,
    unpacked,
    unpacked_row,
    without_each_group,
)
from tests.consumers.drift.conftest import made_documents


@given(st.lists(st.integers(-(2**40), 2**40), max_size=empty().size))
def test_packing_keeps_every_number(numbers: list[int]) -> None:
    """What is packed is unpacked, negative numbers too; other bytes are refused."""
    sums = empty()
    sums.ravel()[: len(numbers)] = numbers
    assert np.array_equal(unpacked(packed(sums)), sums)
    with pytest.raises(ValueError, match="expected"):
        unpacked(packed(sums)[:-1])


def test_a_row_comes_back_from_its_bytes(small_baseline: Baseline) -> None:
    """Row and group of any document, in at most 150 bytes; bytes of another length or with a bin that is not there are refused."""
    texts = [document.text for document in made_documents(200, 6, novel=0.2)] + ["", "👍🏽", "à¤•à¤¿", "किि", "x" * 5_000]
    for number, row in enumerate(small_baseline.featuriser.rows(texts)):
        value = packed_row(row, number % GROUPS)
        assert len(value) <= 150
        restored, group = unpacked_row(value)
        assert np.array_equal(restored, row)
        assert group == number % GROUPS
    with pytest.raises(ValueError, match="expected 137"):
        unpacked_row(value + b"0")
    with pytest.raises(ValueError, match="bin"):
        unpacked_row(value[:128] + b"\x08" + value[129:])


def test_a_sketch_knows_its_documents_by_group_and_language(small_baseline: Baseline) -> None:
    """Total, rest without a group and each language are the sums of their documents' rows."""
    made = made_documents(300, 8)
    rows = small_baseline.featuriser.rows([document.text for document in made])
    groups = np.array([group_of(document.source) for document in made])
    sums, hindi = sketched(rows, groups), np.array(["।" in document.text for document in made])
    assert documents(sums) == len(made)
    assert np.array_equal(total(sums), rows.sum(axis=0))
    assert np.array_equal(of_language(sums, None), total(sums))
    assert np.array_equal(of_language(sums, "hi"), rows[hindi].sum(axis=0))
    assert np.array_equal(of_language(sums, "en"), rows[~hindi].sum(axis=0))
    for group, rest in enumerate(without_each_group(sums)):
        assert np.array_equal(rest, rows[groups != group].sum(axis=0))
    assert total(sums)[BLOCKS[MOSTLY_DEVANAGARI].first] == hindi.sum()


def test_a_day_of_a_partition_is_small(small_baseline: Baseline) -> None:
    """A partition's share of 5,000 documents a day takes at most 2 KB."""
    made = made_documents(5_000 // 8, 7)
    rows = small_baseline.featuriser.rows([document.text for document in made])
    assert len(packed(sketched(rows, np.array([group_of(document.source) for document in made])))) <= 2048
