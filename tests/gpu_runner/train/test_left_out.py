"""What is too long to train on: rows, samples, and the items that ask for it."""

from __future__ import annotations

from typing import Any

from gpu_runner.train.left_out import LeftOut, left_out, row_name
from gpu_runner.train.spec import Item, Row


def row(number: int, sample: str | None, completion: str, **fields: Any) -> Row:
    """A row that was made of a sample."""
    return Row(
        **({"id": f"r{number}", "prompt": f"q{number}", "completion": completion, "origin": "correction", "sample_id": sample} | fields)
    )


def item(name: str, sample: str | None, answer: str, **fields: Any) -> Item:
    """A repair item of a sample."""
    return Item(**({"id": name, "question": "?", "set": "repair", "answers": (answer,), "sample_id": sample} | fields))


def test_k4_a_sample_of_which_every_row_is_too_long_is_untrained_and_its_items_are_not_asked() -> None:
    """With every sample that says the same; a sample with one row that fits is trained, and its items are asked."""
    long = [row(1, "a", "A"), row(2, "a", "A"), row(3, "b", "B")]
    items = [item("i-a", "a", "A"), item("i-b", "b", "B"), item("i-old", "a", "A", set="earlier_repair")]
    found = left_out(long, [row(4, "b", "B")], items, {"a": ("a", "a2"), "b": ("b", "b2")})
    assert found == LeftOut(tuple(sorted(row_name(one.id, one.prompt) for one in long)), ("a", "a2"), ("i-a",))


def test_k4_of_a_document_only_the_items_of_the_long_rows_are_left_out() -> None:
    """The document is trained by its other rows; of rows without a sample the group tells them apart."""
    long = [row(1, "d", "long answer", origin="document"), row(2, None, "Yes", origin="dataset", group="g1")]
    fits = [row(3, "d", "short", origin="document"), row(4, None, "Yes", origin="dataset", group="g2")]
    items = [
        item("i1", "d", "long answer"),
        item("i3", "d", "short"),
        item("i2", None, "Yes", group="g1"),
        item("i4", None, "Yes", group="g2"),
    ]
    found = left_out(long, fits, items, {})
    assert (found.samples, found.items) == ((), ("i1", "i2"))


def test_k4_replay_rows_that_are_too_long_are_counted_and_make_no_sample_untrained() -> None:
    """What an earlier version learnt was learnt then; and replay that fits does not stand in for what is new."""
    found = left_out(
        [row(1, "old", "A", origin="replay"), row(2, "new", "B")], [row(3, "new", "B", origin="replay")], [item("i", "new", "B")], {}
    )
    assert (len(found.rows), found.samples, found.items) == (2, ("new",), ("i",))
