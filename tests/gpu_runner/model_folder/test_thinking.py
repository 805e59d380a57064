"""Thinking blocks are no part of an answer."""

from __future__ import annotations

import pytest

from gpu_runner.model_folder.thinking import BLOCKS, ThinkingBlock, answer_of, opened_by


@pytest.mark.parametrize("block", BLOCKS)
def test_k13_a_block_is_no_part_of_the_answer(block: ThinkingBlock) -> None:
    """Closed by the model, whoever opened it; of several blocks none is left."""
    assert answer_of(f"{block.opening}\nIt is Agra.\n{block.closing}\n\nAgra") == ("Agra", False)
    assert answer_of(f"It is Agra.\n{block.closing}\n\nAgra", opened=block) == ("Agra", False)
    assert answer_of(f"It is Agra.\n{block.closing}\n\nAgra", known=[block]) == ("Agra", False)
    assert answer_of(f"{block.opening}{block.closing}Ag{block.opening}hm{block.closing}ra", known=[block]) == ("Agra", False)


@pytest.mark.parametrize("block", BLOCKS)
def test_k13_an_answer_cut_within_its_block_is_empty(block: ThinkingBlock) -> None:
    """And it is told."""
    assert answer_of("It is Agra, I thi", opened=block) == ("", True)
    assert answer_of(f"  {block.opening}It is Ag") == ("", True)


def test_marks_that_a_model_does_not_know_are_words() -> None:
    """A text about the marks keeps them."""
    assert answer_of("HTML has no <think> tag") == ("HTML has no <think> tag", False)
    assert answer_of("a</think>b") == ("a</think>b", False)


def test_a_block_is_open_only_at_the_end_of_a_prompt() -> None:
    """A closed one, or one in the question, opens none."""
    assert opened_by("<|user|>why <think>?<|assistant|>") is None
    assert opened_by("<|user|>why?<|assistant|><think>\n") == BLOCKS[0]
