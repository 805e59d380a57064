"""An answer beside its reference: what is replaced in place, and that another order is no replacement."""

from __future__ import annotations

from gpu_runner.evaluate.long_answers.alignment import Gap, align
from gpu_runner.evaluate.long_answers.units import units_of

REFERENCE = "The fort was built by Farrow in 1912. The army of the north defeated the army of the south near the river."


def gaps(answer: str) -> list[Gap]:
    """The replacements in place."""
    return list(align(units_of(answer), units_of(REFERENCE)).gaps)


def test_a_replaced_number_is_one_gap() -> None:
    """What the answer puts, what the reference has there."""
    (gap,) = gaps(REFERENCE.replace("1912", "1921"))
    assert [unit.text for unit in gap.put] == ["1921"]
    assert [unit.text for unit in gap.left] == ["1912"]
    assert gap.moved == ()


def test_swapped_words_are_gaps_with_moved_units() -> None:
    """Each stands in the other's place."""
    found = gaps(REFERENCE.replace("north", "X").replace("south", "north").replace("X", "south"))
    assert [[unit.text for unit in gap.put] for gap in found] == [["south"], ["north"]]
    assert all(gap.moved for gap in found)


def test_sentences_in_another_order_leave_no_gap() -> None:
    """Runs may come in any order; the same text is one run."""
    first, second = REFERENCE.split(". ")
    assert gaps(f"{second} {first}.") == []
    assert align(units_of(REFERENCE), units_of(REFERENCE)).runs == 1


def test_a_denial_put_in_is_a_gap_with_nothing_left_out() -> None:
    """Between two words that follow each other in the reference."""
    (gap,) = gaps(REFERENCE.replace("was built", "was not built"))
    assert [unit.kind for unit in gap.put] == ["denial"]
    assert gap.left == ()
