"""Greedy answers from a model folder, in batches: the one way in which this project asks a model."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import torch

from gpu_runner.evaluate.engine.protocol import LogProbability
from gpu_runner.model_folder.chat_tokens import ChatTokens
from gpu_runner.model_folder.load import load_model, load_tokenizer, require_finite
from gpu_runner.model_folder.template_messages import Asked
from gpu_runner.model_folder.thinking import answer_of
from gpu_runner.model_folder.token_limit import TokenLimit, run_by_tokens

# Rows times (longest prompt + new tokens) of a batch: 1 GB of keys and values for a model of 8B in bf16.
TOKENS_AT_ONCE: Final = 8192
# Rows times tokens whose logits are held at once: 1 GB in fp32 for a vocabulary of 128,000.
LOGITS_AT_ONCE: Final = 2048


class TooLong(ValueError):
    """A question is longer than the limit; it is not asked cut."""


class TemplateRefusal(ValueError):
    """A conversation with roles, or an order of roles, that the model's chat template does not take."""


@dataclass(frozen=True, slots=True)
class GeneratedAnswer:
    """The text without special tokens and thinking, the number of generated tokens (end token and thinking included), the latency, and
    whether it was cut.

    `cut`: the model had not ended when it had generated the most tokens that it might, or it ended within its thinking: then the text is
    empty.

    The latency is when this answer was complete: the batch's time, times its own tokens over those of the longest answer.
    On a CPU it is CPU time, in milliseconds; on a GPU it is the wall clock's.
    """

    text: str
    tokens: int
    latency_ms: float
    cut: bool


class Generator:
    """A loaded model that answers questions greedily: the same folder, questions and date give the same answers.

    `date` is what a chat template with a date shows (None: the clock's), `limit` the longest conversation that is asked.
    Raises ModelFault or TemplateMisfit where the folder is no causal language model that can be asked.
    """

    def __init__(
        self,
        model_folder: Path,
        *,
        date: datetime | None = None,
        limit: TokenLimit | None = None,
        clock: Callable[[], float] | None = None,
    ) -> None:
        self.tokenizer: Any = load_tokenizer(model_folder, padding_side="left")
        self._chat = ChatTokens(self.tokenizer, date)
        self._limit = limit
        gpu = torch.cuda.is_available()
        self.model = load_model(model_folder, dtype=torch.bfloat16 if gpu else torch.float32).to("cuda" if gpu else "cpu").eval()
        ends = self.model.generation_config.eos_token_id
        # On a CPU the process's own time: on the wall clock, another process would make one of two models look slower.
        self._clock = clock or (time.perf_counter if gpu else time.process_time)
        self._ends = {self.tokenizer.eos_token_id, *(ends if isinstance(ends, list) else [ends])} - {None}
        # Special tokens are no words, but the marks of a thinking block have to be seen to be taken out.
        marks = {mark for block in self._chat.blocks for mark in (block.opening, block.closing)}
        added = self.tokenizer.added_tokens_decoder.items()
        self._dropped = {number for number, token in added if token.special and token.content not in marks}
        self._require_finite(model_folder)

    def unasked(self, asked: Sequence[Asked]) -> tuple[list[int], list[int]]:
        """Places of what is over the limit, and of the conversations that the template refuses: `answer` asks neither."""
        prompts = self._chat.prompts(asked)
        over = [
            place for place, ids in enumerate(prompts) if ids is not None and self._limit is not None and not self._limit.holds(len(ids))
        ]
        return over, [place for place, ids in enumerate(prompts) if ids is None]

    def lengths(self, asked: Sequence[Asked]) -> list[int]:
        """The tokens of each prompt; 0 for a conversation that the template refuses."""
        return [0 if ids is None else len(ids) for ids in self._chat.prompts(asked)]

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """The tokens of each text by itself, without any of the template's."""
        return [len(ids) for ids in self.tokenizer(list(texts), add_special_tokens=False)["input_ids"]] if texts else []

    def answer(self, asked: Sequence[Asked], *, max_new_tokens: int | Sequence[int] = 32, batch_size: int = 32) -> list[GeneratedAnswer]:
        """One answer for each question or conversation, in their order, of at most `max_new_tokens` (one number for all, or one for each).

        Words are plain text, whatever they hold. Questions of similar length share a batch of at most `batch_size`, which saves padding;
        padding is on the left. Out of memory makes the batches smaller. Raises TooLong or TemplateRefusal before any is asked, and
        DoesNotFit.
        """
        ids = self._prompts(asked)
        most = [max_new_tokens] * len(ids) if isinstance(max_new_tokens, int) else list(max_new_tokens)
        for place, prompt in enumerate(ids):
            if self._limit is not None and not self._limit.holds(len(prompt)):
                raise TooLong(f"question {place} has {len(prompt)} tokens: expected fewer than max_seq_length {self._limit.tokens}")
        return run_by_tokens(
            [len(prompt) + limit for prompt, limit in zip(ids, most, strict=True)],
            lambda batch: self._generate([ids[place] for place in batch], [most[place] for place in batch]),
            budget=TOKENS_AT_ONCE,
            most=batch_size,
        )

    def _prompts(self, asked: Sequence[Asked]) -> list[list[int]]:
        found = []
        for place, ids in enumerate(self._chat.prompts(asked)):
            if ids is None:
                raise TemplateRefusal(
                    f"question {place}: the chat template takes no such conversation: expected roles in an order that it knows"
                )
            found.append(ids)
        return found

    def log_probabilities(self, pairs: Sequence[tuple[Asked, str]], *, batch_size: int = 32) -> list[LogProbability | None]:
        """Of each answer after what is asked, the end of its turn included; None for one over the limit or that the template refuses.

        Raises DoesNotFit.
        """
        found = [
            None if pair is None or (self._limit is not None and not self._limit.holds(*map(len, pair))) else pair
            for pair in self._chat.pairs(pairs)
        ]
        known = [pair for pair in found if pair is not None]
        scored = iter(
            run_by_tokens(
                [len(prompt) + len(answer) for prompt, answer in known],
                lambda batch: self._log_probabilities([known[place] for place in batch]),
                budget=LOGITS_AT_ONCE,
                most=batch_size,
            )
        )
        return [None if pair is None else next(scored) for pair in found]

    def _log_probabilities(self, pairs: list[tuple[list[int], list[int]]]) -> list[LogProbability]:
        batch = self.tokenizer.pad({"input_ids": [[*prompt, *answer] for prompt, answer in pairs]}, return_tensors="pt").to(
            self.model.device
        )
        mask = batch["attention_mask"]
        longest = max(len(answer) for _, answer in pairs)
        with torch.inference_mode():
            logits = self.model(
                input_ids=batch["input_ids"],
                attention_mask=mask,
                position_ids=(mask.cumsum(1) - 1).clamp(min=0),  # padding is on the left
                logits_to_keep=longest + 1,
            ).logits
            every = torch.log_softmax(logits[:, -longest - 1 : -1].float(), -1)
            each = every.gather(-1, batch["input_ids"][:, -longest:, None])[..., 0].double()
        return [LogProbability(float(row[-len(answer) :].sum()), len(answer)) for row, (_, answer) in zip(each, pairs, strict=True)]

    def time_ms(self, asked: Sequence[Asked], *, new_tokens: int) -> float:
        """How long one batch of these questions takes with exactly so many new tokens each, in ms of the clock of answers."""
        ids = self._prompts(asked)
        began = self._clock()
        run_by_tokens(
            [len(prompt) + new_tokens for prompt in ids],
            lambda batch: self._exactly([ids[place] for place in batch], new_tokens),
            budget=TOKENS_AT_ONCE,
            most=len(ids),
        )
        return (self._clock() - began) * 1000

    def _exactly(self, prompts: list[list[int]], new_tokens: int) -> list[int]:
        new = self._new_tokens(prompts, min_new_tokens=new_tokens, max_new_tokens=new_tokens)
        return [len(row) for row in new.cpu()]  # waits for the device: work that was only queued has taken no time yet

    def _generate(self, prompts: list[list[int]], most: list[int]) -> list[GeneratedAnswer]:
        began = self._clock()
        new = self._new_tokens(prompts, max_new_tokens=max(most))
        batch_ms = (self._clock() - began) * 1000
        ended = []
        for whole, limit in zip(new.tolist(), most, strict=True):
            row = whole[:limit]  # another of the batch may have had room for more
            stop = next((place for place, token in enumerate(row) if token in self._ends), len(row))
            text, thinking = self._words(row[:stop])
            ended.append((text, min(stop + 1, len(row)), thinking or stop == len(row)))
        longest = max(tokens for _, tokens, _ in ended)
        return [GeneratedAnswer(text=text, tokens=tokens, latency_ms=batch_ms * tokens / longest, cut=cut) for text, tokens, cut in ended]

    def _new_tokens(self, prompts: list[list[int]], **lengths: int) -> torch.Tensor:
        """What the model adds to each prompt, greedily; shape (prompts, longest addition), padded behind an end."""
        batch = self.tokenizer.pad({"input_ids": prompts}, return_tensors="pt").to(self.model.device)
        with torch.inference_mode():
            output: torch.Tensor = self.model.generate(
                input_ids=batch["input_ids"],
                attention_mask=batch["attention_mask"],
                do_sample=False,
                eos_token_id=sorted(self._ends),
                pad_token_id=self.tokenizer.pad_token_id,
                **lengths,
            )
        return output[:, batch["input_ids"].size(1) :]

    def _words(self, ids: list[int]) -> tuple[str, bool]:
        """The answer in generated tokens, and whether it ends within a thinking block."""
        kept = [token for token in ids if token not in self._dropped]
        text = self.tokenizer.decode(kept, skip_special_tokens=False, clean_up_tokenization_spaces=False)
        return answer_of(text, opened=self._chat.thinking, known=self._chat.blocks)

    def _require_finite(self, folder: Path) -> None:
        ids = torch.tensor(self._prompts(["?"]), device=self.model.device)
        with torch.inference_mode():
            require_finite(folder, self.model(input_ids=ids).logits)
