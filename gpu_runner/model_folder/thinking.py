"""Thinking blocks: what a model writes to itself before it answers is no part of the answer. Torch-free."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Final


@dataclass(frozen=True, slots=True)
class ThinkingBlock:
    """The two marks of one family of models."""

    opening: str
    closing: str


BLOCKS: Final = (
    ThinkingBlock("<think>", "</think>"),  # DeepSeek R1, Qwen 3, QwQ, GLM, SmolLM 3, Phi-4 reasoning
    ThinkingBlock("<thinking>", "</thinking>"),
    ThinkingBlock("<seed:think>", "</seed:think>"),
    ThinkingBlock("[THINK]", "[/THINK]"),  # Magistral
    ThinkingBlock("◁think▷", "◁/think▷"),  # Kimi
)
# An empty block as these models write one: with it the answer is trained where the template opens a block for it.
EMPTY_END: Final = "\n{closing}\n\n"


def known_blocks(tokenizer: Any) -> tuple[ThinkingBlock, ...]:
    """The blocks of which the chat template or the vocabulary speaks; other marks are words like any other."""
    words, template = tokenizer.get_added_vocab(), str(tokenizer.chat_template)
    return tuple(block for block in BLOCKS if any(mark in words or mark in template for mark in (block.opening, block.closing)))


def opened_by(prompt: str) -> ThinkingBlock | None:
    """The block that a generation prompt leaves open at its end.

    >>> opened_by("<|assistant|><think>\\n").closing, opened_by("<|assistant|><think>\\n\\n</think>\\n\\n")
    ('</think>', None)
    """
    return next((block for block in BLOCKS if prompt.rstrip().endswith(block.opening)), None)


def answer_of(text: str, *, opened: ThinkingBlock | None = None, known: Collection[ThinkingBlock] = ()) -> tuple[str, bool]:
    """The text without thinking blocks, and whether it ends within one: what is cut there is an empty answer.

    `opened` is the block that the prompt left open, `known` those of the model. A block that a text begins with is one for every model.

    >>> answer_of("<think>Agra? Yes.</think>\\n\\nAgra"), answer_of("It is Agra, I thi", opened=BLOCKS[0])
    (('Agra', False), ('', True))
    """
    text = f"{opened.opening}{text}" if opened else text
    inside = False
    for block in BLOCKS:
        if block in known or text.lstrip().startswith(block.opening):
            text, unclosed = _cut_out(text, block)
            inside = inside or unclosed
    return text.strip(), inside


def _cut_out(text: str, block: ThinkingBlock) -> tuple[str, bool]:
    if block.closing in text and block.opening not in text.partition(block.closing)[0]:
        text = block.opening + text
    kept = []
    while True:
        before, opening, rest = text.partition(block.opening)
        kept.append(before)
        if not opening:
            return "".join(kept), False
        _, closing, text = rest.partition(block.closing)
        if not closing:
            return "".join(kept), True
