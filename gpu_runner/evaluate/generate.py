"""Greedy answers from a model folder, in batches: the one way in which this project asks a model."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from transformers import AutoTokenizer, PreTrainedTokenizerBase
from transformers.models.auto.modeling_auto import AutoModelForCausalLM

from gpu_runner.train.chat_tokens import ChatTokens


@dataclass(frozen=True, slots=True)
class GeneratedAnswer:
    """The text without special tokens, the number of generated tokens (end token included), the latency, and whether it was cut.

    `cut`: the model had not ended when it had generated `max_new_tokens`.

    The latency is when this answer was complete: the batch's time, times its own tokens over those of the longest answer.
    On a CPU it is CPU time, in milliseconds; on a GPU it is the wall clock's.
    """

    text: str
    tokens: int
    latency_ms: float
    cut: bool


class Generator:
    """A loaded model that answers questions greedily: the same folder and questions give the same answers.

    Raises OSError or ValueError of transformers where the folder is no causal language model with a chat template.
    """

    def __init__(self, model_folder: Path, *, clock: Callable[[], float] | None = None) -> None:
        self.tokenizer: PreTrainedTokenizerBase = AutoTokenizer.from_pretrained(model_folder, padding_side="left", local_files_only=True)
        if self.tokenizer.chat_template is None:
            raise ValueError(f"{model_folder} has no chat template: add chat_template.jinja, questions cannot be asked without it")
        self._chat = ChatTokens(self.tokenizer)
        gpu = torch.cuda.is_available()
        dtype = torch.bfloat16 if gpu else torch.float32
        model = AutoModelForCausalLM.from_pretrained(model_folder, dtype=dtype, local_files_only=True)
        self.model = model.to("cuda" if gpu else "cpu").eval()
        if self.tokenizer.pad_token_id is None:
            self.tokenizer.pad_token = self.tokenizer.eos_token
        ends = self.model.generation_config.eos_token_id
        # On a CPU the process's own time: on the wall clock, another process would make one of two models look slower.
        self._clock = clock or (time.perf_counter if gpu else time.process_time)
        self._ends = {self.tokenizer.eos_token_id, *(ends if isinstance(ends, list) else [ends])} - {None}

    def answer(self, questions: Sequence[str], *, max_new_tokens: int = 32, batch_size: int = 32) -> list[GeneratedAnswer]:
        """One answer for each question, in the order of the questions.

        A question is plain text, whatever it holds. Questions of similar length share a batch, which saves padding; padding is on the left.
        """
        ids = self._chat.prompts(questions)
        order = sorted(range(len(ids)), key=lambda index: (len(ids[index]), index))
        answers: dict[int, GeneratedAnswer] = {}
        for start in range(0, len(order), batch_size):
            chosen = order[start : start + batch_size]
            answers.update(zip(chosen, self._generate([ids[index] for index in chosen], max_new_tokens), strict=True))
        return [answers[index] for index in range(len(questions))]

    def time_ms(self, questions: Sequence[str], *, new_tokens: int) -> float:
        """How long one batch of these questions takes with exactly so many new tokens each, in ms of the clock of answers."""
        batch = self.tokenizer.pad({"input_ids": self._chat.prompts(questions)}, return_tensors="pt").to(self.model.device)
        began = self._clock()
        with torch.inference_mode():
            self.model.generate(
                input_ids=batch["input_ids"],
                attention_mask=batch["attention_mask"],
                min_new_tokens=new_tokens,
                max_new_tokens=new_tokens,
                do_sample=False,
                eos_token_id=sorted(self._ends),
                pad_token_id=self.tokenizer.pad_token_id,
            ).cpu()  # waits for the device: work that was only queued has taken no time yet
        return (self._clock() - began) * 1000

    def _generate(self, prompts: list[list[int]], max_new_tokens: int) -> list[GeneratedAnswer]:
        began = self._clock()
        batch = self.tokenizer.pad({"input_ids": prompts}, return_tensors="pt").to(self.model.device)
        with torch.inference_mode():
            output = self.model.generate(
                input_ids=batch["input_ids"],
                attention_mask=batch["attention_mask"],
                max_new_tokens=max_new_tokens,
                do_sample=False,
                eos_token_id=sorted(self._ends),
                pad_token_id=self.tokenizer.pad_token_id,
            )
        batch_ms = (self._clock() - began) * 1000
        ended = []
        for row in output[:, batch["input_ids"].size(1) :].tolist():
            stop = next((place for place, token in enumerate(row) if token in self._ends), len(row))
            text = self.tokenizer.decode(row[:stop], skip_special_tokens=True, clean_up_tokenization_spaces=False).strip()
            ended.append((text, min(stop + 1, len(row)), stop == len(row)))
        longest = max(tokens for _, tokens, _ in ended)
        return [GeneratedAnswer(text=text, tokens=tokens, latency_ms=batch_ms * tokens / longest, cut=cut) for text, tokens, cut in ended]
