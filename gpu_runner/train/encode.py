"""Rows as tokens: the chat template around each question, the loss on the answer alone, packed without contamination."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch

from gpu_runner.dataset.rows import EARLIER
from gpu_runner.model_folder.chat_tokens import ChatTokens
from gpu_runner.model_folder.token_limit import TokenLimit
from gpu_runner.train.schedule import interleaved, packed
from gpu_runner.train.spec import Item, Row, Spec, TrainingError, fresh_and_replay

IGNORED = -100


@dataclass(frozen=True, slots=True)
class EncodedRow:
    """Ids of the whole conversation, and how many of them are the prompt."""

    ids: tuple[int, ...]
    prompt: int


@dataclass(frozen=True, slots=True)
class EncodingPlan:
    """All packed sequences of all epochs in order, each a list of rows."""

    blocks: list[list[EncodedRow]]

    @property
    def trained_tokens(self) -> int:
        """How many answer tokens the whole plan learns."""
        return sum(len(row.ids) - row.prompt for block in self.blocks for row in block)

    def tokens_before(self, block: int) -> int:
        """How many tokens, prompts included, the blocks before this one hold."""
        return sum(len(row.ids) for rows in self.blocks[:block] for row in rows)


def encode(rows: Sequence[Row], chat: ChatTokens) -> list[EncodedRow | None]:
    """Each row as the conversation that the served model will see, up to the user's last turn, then the answer, which alone is learnt.

    None where the template takes no such conversation. What users wrote is plain text in it, control tokens of the template included.
    Raises TemplateMisfit.
    """
    pairs = chat.pairs([(row.asked, row.completion) for row in rows])
    return [None if pair is None else EncodedRow((*pair[0], *pair[1]), len(pair[0])) for pair in pairs]


@dataclass(frozen=True, slots=True)
class Fitted:
    """The rows as tokens, of those that the limit holds; the others as they came.

    `replay` keeps what the base knew, `earlier` what earlier rounds taught. `refused` are conversations that the chat template takes amiss.
    """

    fresh: list[EncodedRow]
    replay: list[EncodedRow]
    earlier: list[EncodedRow]
    fitting: list[Row]
    too_long: list[Row]
    refused: list[Row]


def fitted(rows: Sequence[Row], chat: ChatTokens, limit: TokenLimit) -> Fitted:
    """The rows that the limit holds, and those that are over it or that the template refuses."""
    found = Fitted([], [], [], [], [], [])
    fresh, known = fresh_and_replay(rows)
    parts = (fresh, [row for row in known if row.origin != EARLIER], [row for row in known if row.origin == EARLIER])
    for part, encoded in zip(parts, (found.fresh, found.replay, found.earlier), strict=True):
        for row, tokens in zip(part, encode(part, chat), strict=True):
            if tokens is None:
                found.refused.append(row)
            elif limit.holds(tokens.prompt, len(tokens.ids) - tokens.prompt):
                encoded.append(tokens)
                found.fitting.append(row)
            else:
                found.too_long.append(row)
    return found


def unasked(items: Sequence[Item], chat: ChatTokens, limit: TokenLimit) -> tuple[list[Item], list[Item]]:
    """The items whose question is too long to be asked, and those whose conversation the template refuses."""
    prompts = chat.prompts([item.asked for item in items])
    over = [item for item, prompt in zip(items, prompts, strict=True) if prompt is not None and not limit.holds(len(prompt))]
    return over, [item for item, prompt in zip(items, prompts, strict=True) if prompt is None]


def plan_of(rows: Fitted, spec: Spec) -> EncodingPlan:
    """The whole run's sequences. Raises TrainingError `no_data` where nothing would be learned."""
    capacity = spec.hyperparameters.max_seq_length
    if not rows.fresh:
        known, too_long = len(rows.replay) + len(rows.earlier), len(rows.too_long)
        told = f"no row to learn: {known} rows are replay, {too_long} are longer than max_seq_length {capacity}"
        if rows.refused:
            told += f", {len(rows.refused)} are conversations that the chat template refuses"
        raise TrainingError("no_data", told)
    epochs = spec.hyperparameters.epochs
    order = interleaved(rows.fresh, rows.replay, rows.earlier, share=spec.replay_share, epochs=epochs, seed=spec.seed)
    return EncodingPlan(packed(order, [len(row.ids) for row in order], capacity=capacity))


def collate(blocks: Sequence[dict[str, Any]], pad: int) -> dict[str, torch.Tensor]:
    """`input_ids`, `labels`, `position_ids`, each `(blocks, longest) int64`, without an attention mask.

    Positions start again at 0 with every row and every pad, from which transformers builds the block-diagonal mask; an
    all-ones attention mask would let rows see each other. The first label of a row is ignored: no row predicts it.
    """
    longest = max(sum(block["lengths"]) for block in blocks)
    ids = torch.full((len(blocks), longest), pad)
    labels = torch.full((len(blocks), longest), IGNORED)
    positions = torch.zeros((len(blocks), longest), dtype=torch.long)
    for number, block in enumerate(blocks):
        size = sum(block["lengths"])
        ids[number, :size] = torch.tensor(block["input_ids"])
        labels[number, :size] = torch.tensor(block["labels"])
        positions[number, :size] = torch.cat([torch.arange(length) for length in block["lengths"]])
    return {"input_ids": ids, "labels": labels, "position_ids": positions}


def block_row(block: Sequence[EncodedRow]) -> dict[str, list[int]]:
    """One packed sequence as the dataset row that `collate` takes."""
    return {
        "input_ids": [token for row in block for token in row.ids],
        "labels": [label for row in block for label in (*[IGNORED] * row.prompt, *row.ids[row.prompt :])],
        "lengths": [len(row.ids) for row in block],
    }
