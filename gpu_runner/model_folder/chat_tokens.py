"""Conversations as token ids: the chat template's control tokens are the template's alone, users' words are always plain text.

A tokenizer reads `<|end|>` in a question as the token that ends a turn, whoever wrote it. So each control token in the words is taken out
before the template is applied, and put back as the tokens of its letters. Words without any are tokenised as they always were. A template's
date is the one given, whatever the clock says. Torch-free.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from gpu_runner.model_folder.template_date import with_date
from gpu_runner.model_folder.thinking import EMPTY_END, known_blocks, opened_by

_PRIVATE_USE: Final = range(0xE000, 0xF900)
_NEVER: Final = re.compile(r"(?!)")


class TemplateMisfit(ValueError):
    """The chat template can't be used: it raises, or does not put the answer after the generation prompt."""


@dataclass(frozen=True)
class _Conversation:
    """A text of the template around words; `taken` are the control tokens that the words held, each where `mark` finds its number."""

    text: str
    mark: re.Pattern[str] | None = None
    taken: tuple[str, ...] = ()


class ChatTokens:
    """Asks and answers under one tokenizer that has a chat template.

    `date` is what a template with a date in its header is told as now; None is the clock's. `thinking` is the thinking block that the
    template opens for the answer, `blocks` are those that the model may open itself. Raises TemplateMisfit.
    """

    def __init__(self, tokenizer: Any, date: datetime | None = None) -> None:
        self._tokenizer = tokenizer
        self._template = None if date is None else with_date(tokenizer.get_chat_template(), date)
        control = control_tokens(tokenizer)
        self.control_ids = frozenset(control.values())
        longest_first = sorted(control, key=lambda name: (-len(name), name))
        self._control = re.compile("|".join(map(re.escape, longest_first))) if control else _NEVER
        self.blocks = known_blocks(tokenizer)
        self.thinking = opened_by(self._apply([{"role": "user", "content": "?"}], add_generation_prompt=True))

    def prompts(self, questions: Sequence[str]) -> list[list[int]]:
        """Ids of each question as it is asked, up to where the answer begins."""
        return self._ids([self._render((question,))[0] for question in questions])

    def pairs(self, pairs: Sequence[tuple[str, str]]) -> list[tuple[list[int], list[int]]]:
        """Ids of each question as it is asked, and of its answer up to the token that ends the turn.

        The prompt is tokenised alone, as when it is asked, so no token spans its border with the answer. Where the template opens a
        thinking block, the answer begins with the block's end. Raises TemplateMisfit.
        """
        rendered = [self._render(pair) for pair in pairs]
        befores, afters = self._ids([prompt for prompt, _ in rendered]), self._ids([answer for _, answer in rendered])
        return list(zip(befores, afters, strict=True))

    def _render(self, words: tuple[str, ...]) -> tuple[_Conversation, _Conversation]:
        """The prompt of a question, and what follows it where its answer is there."""
        mark, taken, plain = self._taken_out(words)
        question = [{"role": "user", "content": plain[0]}]
        prompt = self._apply(question, add_generation_prompt=True)
        if len(plain) == 1:
            return _Conversation(prompt, mark, taken), _Conversation("")
        whole = self._apply([*question, {"role": "assistant", "content": plain[1]}])
        return _Conversation(prompt, mark, taken), _Conversation(self._to_the_end(self._after(prompt, whole)), mark, taken)

    def _after(self, prompt: str, whole: str) -> str:
        """What follows the prompt in the whole conversation."""
        if whole.startswith(prompt):
            return whole[len(prompt) :]
        if self.thinking is not None:  # many templates take the block out of answers that are there
            before = prompt[: prompt.rindex(self.thinking.opening)]
            if whole.startswith(before):
                return EMPTY_END.format(closing=self.thinking.closing) + whole[len(before) :]
        raise TemplateMisfit(f"{self._place()} does not put the answer after its generation prompt: fix the template")

    def _to_the_end(self, answer: str) -> str:
        """Without white space after the token that ends the turn: the model stops there, and never has to write it."""
        ends = [found.end() for found in self._control.finditer(answer)]
        return answer[: ends[-1]] if ends and not answer[ends[-1] :].strip() else answer

    def _apply(self, messages: list[dict[str, str]], *, add_generation_prompt: bool = False) -> str:
        try:
            return str(
                self._tokenizer.apply_chat_template(
                    messages, chat_template=self._template, tokenize=False, add_generation_prompt=add_generation_prompt
                )
            )
        except Exception as error:  # a template is a program: any error of jinja's or of Python's may come out of it
            roles = " and ".join(message["role"] for message in messages)
            raise TemplateMisfit(
                f"{self._place()} raises {type(error).__name__}: {error}; expected a template that takes messages of {roles}"
            ) from error

    def _place(self) -> str:
        folder = Path(str(self._tokenizer.name_or_path))
        name = "chat_template.jinja" if (folder / "chat_template.jinja").is_file() else "tokenizer_config.json"
        return f"the chat template in {folder / name}"

    def _taken_out(self, words: tuple[str, ...]) -> tuple[re.Pattern[str] | None, tuple[str, ...], tuple[str, ...]]:
        if not any(map(self._control.search, words)):
            return None, (), words
        free = [char for char in map(chr, _PRIVATE_USE) if not any(char in text for text in words)][:2]
        if len(free) < 2:  # a text of all 6,400 of them
            return None, (), tuple(self._control.sub(" ", text) for text in words)
        opening, closing = free
        taken: list[str] = []

        def take(found: re.Match[str]) -> str:
            taken.append(found.group())
            return f"{opening}{len(taken) - 1}{closing}"

        plain = tuple(self._control.sub(take, text) for text in words)
        return re.compile(f"{opening}([0-9]+){closing}"), tuple(taken), plain

    def _ids(self, conversations: Sequence[_Conversation]) -> list[list[int]]:
        untouched = [one.text for one in conversations if one.mark is None]
        batch = iter(self._encode(untouched))
        return [next(batch) if one.mark is None else self._piecewise(one, one.mark) for one in conversations]

    def _piecewise(self, conversation: _Conversation, mark: re.Pattern[str]) -> list[int]:
        ids: list[int] = []
        for place, piece in enumerate(mark.split(conversation.text)):
            if place % 2:
                ids += self._spelled(conversation.taken[int(piece)])
            elif piece:
                ids += self._encode([piece])[0]
        return ids

    def _spelled(self, name: str) -> list[int]:
        """The letters of a control token as ordinary tokens."""
        ids: list[int] = self._tokenizer(name, add_special_tokens=False, split_special_tokens=True)["input_ids"]
        if self.control_ids.isdisjoint(ids):
            return ids
        # An added token that isn't special is found all the same, but not in halves.
        for cut in range(1, len(name)):
            ids = [*self._encode([name[:cut]])[0], *self._encode([name[cut:]])[0]]
            if self.control_ids.isdisjoint(ids):
                return ids
        return [token for token in ids if token not in self.control_ids]

    def _encode(self, texts: Sequence[str]) -> list[list[int]]:
        return list(self._tokenizer(list(texts), add_special_tokens=False)["input_ids"]) if texts else []


def control_tokens(tokenizer: Any) -> dict[str, int]:
    """The tokens that mean something to the model beside their letters: special ones, and added ones that the chat template names.

    Not every added token: some vocabularies add runs of line ends or tags of HTML, which are words like any other.
    """
    template = str(tokenizer.chat_template)
    return {
        token.content: number
        for number, token in tokenizer.added_tokens_decoder.items()
        if token.content and (token.special or (token.content.strip() and token.content in template))
    }
