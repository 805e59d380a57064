"""Conversations as token ids: the chat template's control tokens are the template's alone, users' words are always plain text.

A tokenizer reads `<|end|>` in a question as the token that ends a turn, whoever wrote it. So each control token in the words of a message
is taken out before the template is applied, and put back as the tokens of its letters. Words without any are tokenised as they always were.
A template's date is the one given, whatever the clock says. Torch-free.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from gpu_runner.model_folder.template_date import with_date
from gpu_runner.model_folder.template_messages import Asked, Messages, template_messages, with_words, without_system, words_of
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

    def prompts(self, asked: Sequence[Asked]) -> list[list[int] | None]:
        """Ids of each question or conversation, up to where the answer begins; None where the template takes no such conversation.

        What the system says goes before the first user's turn where the template knows no such role. Raises TemplateMisfit where it takes
        no bare question.
        """
        return self._all_ids([self._rendered(one) for one in asked])

    def pairs(self, pairs: Sequence[tuple[Asked, str]]) -> list[tuple[list[int], list[int]] | None]:
        """Ids of each prompt as `prompts` has them, and of its answer up to the token that ends the turn.

        The prompt is tokenised alone, as when it is asked, so no token spans its border with the answer. Where the template opens a
        thinking block, the answer begins with the block's end. Raises TemplateMisfit.
        """
        rendered = [self._rendered(asked, answer) for asked, answer in pairs]
        befores = self._all_ids([None if one is None else one[:1] for one in rendered])
        afters = self._all_ids([None if one is None else one[1:] for one in rendered])
        return [None if before is None or after is None else (before, after) for before, after in zip(befores, afters, strict=True)]

    def _rendered(self, asked: Asked, answer: str | None = None) -> tuple[_Conversation, ...] | None:
        """The prompt and, of an answer, what follows it; None where the template takes a role, or the order of roles, amiss."""
        messages = template_messages(asked)
        if isinstance(asked, str):
            return self._render(messages, answer)
        try:
            form = self._form(messages)
            if form is not None:
                return self._render(form, answer)
        except TemplateMisfit:
            pass
        self._render(template_messages("?"), None if answer is None else "?")  # raises what is wrong with any conversation
        return None

    def _form(self, messages: Messages) -> Messages | None:
        """The messages as they are, or without a system's where the template takes only those: the prompt alone decides."""
        for form in (messages, without_system(messages)):
            with suppress(TemplateMisfit):
                if form is not None:
                    self._render(form, None)
                    return form
        return None

    def _render(self, messages: Messages, answer: str | None) -> tuple[_Conversation, ...]:
        mark, taken, plain = self._taken_out(messages if answer is None else [*messages, {"role": "assistant", "content": answer}])
        prompt = self._apply(plain[: len(messages)], add_generation_prompt=True)
        if answer is None:
            return (_Conversation(prompt, mark, taken),)
        after = self._to_the_end(self._after(prompt, self._apply(plain)))
        return _Conversation(prompt, mark, taken), _Conversation(after, mark, taken)

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

    def _apply(self, messages: Messages, *, add_generation_prompt: bool = False) -> str:
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

    def _taken_out(self, messages: Messages) -> tuple[re.Pattern[str] | None, tuple[str, ...], Messages]:
        """The messages with a mark in the place of each control token, and the tokens by the mark's number."""
        words = words_of(messages)
        if not any(map(self._control.search, words)):
            return None, (), messages
        free = [char for char in map(chr, _PRIVATE_USE) if not any(char in text for text in words)][:2]
        if len(free) < 2:  # a text of all 6,400 of them
            return None, (), with_words(messages, lambda text: self._control.sub(" ", text))
        opening, closing = free
        taken: list[str] = []

        def take(found: re.Match[str]) -> str:
            taken.append(found.group())
            return f"{opening}{len(taken) - 1}{closing}"

        plain = with_words(messages, lambda text: self._control.sub(take, text))
        return re.compile(f"{opening}([0-9]+){closing}"), tuple(taken), plain

    def _all_ids(self, rendered: Sequence[tuple[_Conversation, ...] | None]) -> list[list[int] | None]:
        """The ids of each one's first text; those without marks in one call of the tokenizer."""
        texts = [None if one is None else one[0] for one in rendered]
        batch = iter(self._encode([one.text for one in texts if one is not None and one.mark is None]))
        return [None if one is None else next(batch) if one.mark is None else self._piecewise(one, one.mark) for one in texts]

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
