"""Files that are cut or damaged anywhere: a good beginning is taken, and whatever is wrong is told as such, never a defect of ours."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gpu_runner.dataset.fields import DataError
from gpu_runner.dataset.formats.evaluation_file import evaluation_items
from gpu_runner.dataset.formats.training_file import dataset_rows
from gpu_runner.jobs.first_rows import FileStart, check_dataset, check_items

GOLDEN = Path(__file__).parent / "golden"
FILES = {path.name: path.read_bytes() for path in sorted(GOLDEN.iterdir()) if not path.name.endswith(".expected.json")}


@pytest.mark.parametrize("name", FILES)
def test_a_good_file_is_taken_wherever_its_beginning_ends(name: str) -> None:
    """A cut in a word, a number, an escape, a quote, a character or a compressed block is no mistake of the file's.

    But for the names of a CSV's columns: without them nothing says what the file is.
    """
    content = FILES[name]
    for at in range(2, len(content), 3):
        start = FileStart(name, content[:at], False)
        if name.endswith(".csv") and b"\n" not in start.unpacked().data:
            continue
        for check in (check_dataset, check_items):
            check(start)


def told(read: Callable[[], object]) -> str:
    """What is said of a file, nothing where it is read."""
    try:
        read()
    except DataError as error:
        return str(error)
    return ""


@given(
    st.sampled_from(sorted(FILES)),
    st.lists(st.tuples(st.floats(0, 1), st.sampled_from(["drop", "flip", "insert", "cut"]), st.binary(min_size=1, max_size=6)), max_size=4),
)
def test_a_damaged_file_is_read_or_refused(name: str, damages: list[tuple[float, str, bytes]]) -> None:
    """By a DataError that begins with the file's name; at the request too, in the same words."""
    content = FILES[name]
    for share, kind, more in damages:
        at = int(share * len(content))
        content = {
            "drop": content[:at] + content[at + len(more) :],
            "flip": content[:at] + bytes(byte ^ more[0] for byte in content[at : at + 1]) + content[at + 1 :],
            "insert": content[:at] + more + content[at:],
            "cut": content[:at],
        }[kind]
    for read, check in ((dataset_rows, check_dataset), (evaluation_items, check_items)):
        at_the_job = told(partial(read, io.BytesIO(content), "mine"))
        assert told(partial(check, FileStart("mine", content, True))) == at_the_job
        assert not at_the_job or re.match(r"mine(:\d+)?: ", at_the_job)
        assert len(at_the_job) < 1_000
