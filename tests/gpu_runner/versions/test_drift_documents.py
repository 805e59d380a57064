"""The documents of a baseline: where they come from, what is taken out of them, how many are kept."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from runner_fakes import correction, document

from consumers.drift.baseline.fit import BaselineDocument
from consumers.drift.text.code_points import LONGEST
from gpu_runner.dataset.fields import DataError
from gpu_runner.versions.drift_documents import (
    DOCUMENTS_A_DAY,
    MOST,
    NEWEST,
    capped,
    leased_rows,
    read_documents,
    requested_documents,
    write_documents,
    write_rows,
)


def written(path: Path, *rows: dict[str, Any]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def test_a_documents_source_is_its_publisher_else_its_group_else_its_id(tmp_path: Path) -> None:
    """A row that names nothing is a source of its own, by its line."""
    path = written(
        tmp_path / "d.jsonl",
        {"text": "a", "publisher": "p", "source_group": "g", "doc_id": "d"},
        {"text": "b", "source_group": "g", "doc_id": "d"},
        {"text": "c", "doc_id": 7},
        {"text": "d"},
    )
    assert [one.source for one in requested_documents(path)] == ["p", "g", "7", "line 4"]


def test_days_are_those_of_the_rows_else_of_their_number(tmp_path: Path) -> None:
    """A time counts in UTC; rows without one are so many a day."""
    timed = written(tmp_path / "t.jsonl", {"text": "a", "occurred_at": "2026-11-25T02:00:00+05:30"})
    assert [one.day for one in requested_documents(timed)] == [date(2026, 11, 24)]
    untimed = written(tmp_path / "u.jsonl", *({"text": "a"} for _ in range(DOCUMENTS_A_DAY + 1)))
    days = [one.day for one in requested_documents(untimed)]
    assert (days[0], days[-2], days[-1]) == (date(1970, 1, 1), date(1970, 1, 1), date(1970, 1, 2))


def test_identity_numbers_are_taken_out(tmp_path: Path) -> None:
    """As stage 1 does, of the source's name too."""
    path = written(tmp_path / "d.jsonl", {"text": "call +91 98765-43210", "publisher": "desk +91 98765-43210"})
    assert [(one.text, one.source) for one in requested_documents(path)] == [("call [PHONE]", "desk [PHONE]")]


@pytest.mark.parametrize(
    ("row", "told"),
    [({"text": " "}, "line 2: field 'text'"), ({"text": "a", "occurred_at": "soon"}, "line 2: field 'occurred_at'")],
)
def test_a_row_that_can_not_be_used_is_named(tmp_path: Path, row: dict[str, Any], told: str) -> None:
    """By line and field."""
    with pytest.raises(DataError, match=told):
        requested_documents(written(tmp_path / "d.jsonl", {"text": "good"}, row))


def test_of_a_batch_only_documents_are_taken(tmp_path: Path) -> None:
    """No word of a user gets into a baseline; a document whose text lies elsewhere is not watched either."""
    elsewhere = document(1).model_copy(update={"text": None, "uri": "s3://models/d1"})
    rows = leased_rows([correction(0), document(0), elsewhere])
    assert [row["text"] for row in rows] == ["Tower 0 was built in 1500."]
    write_rows(tmp_path / "leased.jsonl", rows)
    assert list(read_documents(tmp_path / "leased.jsonl")) == [
        BaselineDocument("Tower 0 was built in 1500.", "gazette 0", date(2026, 11, 23))
    ]


def test_documents_are_kept_up_to_the_length_that_is_looked_at(tmp_path: Path) -> None:
    """A baseline of what was kept is the baseline of the whole texts."""
    write_documents(tmp_path / "d.jsonl", [BaselineDocument("अ" * (LONGEST + 5), "s", date(2026, 11, 23))])
    (kept,) = read_documents(tmp_path / "d.jsonl")
    assert len(kept.text) == LONGEST


def test_the_newest_and_an_even_sample_of_whole_runs_are_kept() -> None:
    """Of the older documents every run is whole or absent, and each part of them has its share."""
    documents = [BaselineDocument("t", f"s{number // 4}", date(2026, 11, 23)) for number in range(3 * NEWEST)]
    kept = list(capped(documents))
    older = kept[:-NEWEST]
    assert len(kept) <= MOST
    assert kept[-NEWEST:] == documents[-NEWEST:]
    assert len(older) > MOST - NEWEST - 8
    runs = {one.source for one in older}
    assert len(older) == 4 * len(runs)
    first_half = sum(int(source[1:]) < NEWEST // 4 for source in runs)
    assert abs(first_half - len(runs) / 2) < 3
    assert capped(documents[:MOST]) == documents[:MOST]
