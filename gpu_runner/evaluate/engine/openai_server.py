"""The engine behind OpenAI's interface: vLLM, SGLang, llama.cpp, Ollama, or a provider; chat completions, greedy, a few at a time."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import Any, Final, TypeVar

from gpu_runner.evaluate.engine.endpoint import Endpoint, EndpointFailure
from gpu_runner.evaluate.engine.protocol import (
    Done,
    EngineAnswer,
    EngineMisfit,
    EngineUnavailable,
    LimitedQuestion,
    LogProbability,
    QuestionRefused,
    Reply,
)
from gpu_runner.evaluate.engine.server_tokens import ServerTokens
from gpu_runner.model_folder.template_messages import Asked
from gpu_runner.model_folder.thinking import BLOCKS, answer_of

T = TypeVar("T")

# What a server says of one question: too long for it, refused by its filter or its template, not processable.
_OF_THE_QUESTION: Final = frozenset({400, 413, 422})


def messages_of(asked: Asked) -> list[dict[str, Any]]:
    """A bare question or a conversation as OpenAI's messages."""
    return [{"role": "user", "content": asked}] if isinstance(asked, str) else [dict(message) for message in asked]


class OpenAIServerEngine:
    """Asks one model of one server. Raises EngineUnavailable or EngineMisfit where that is not possible at all."""

    independent: Final = True

    def __init__(self, endpoint: Endpoint, *, clock: Callable[[], float] = time.perf_counter) -> None:
        self._endpoint = endpoint
        self._clock = clock
        self._tokens = ServerTokens(endpoint)
        self.model = endpoint.settings.model
        self.identity = f"{endpoint.settings.url} {self.model}"

    @property
    def estimates_tokens(self) -> bool:
        """Whether the server has no tokenizer to ask, so that counts are estimates from above."""
        return self._tokens.estimated

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """By the server's tokenizer, else from above."""
        return _or_engine_error(lambda: self._tokens.count(texts))

    def batches(self, questions: Sequence[LimitedQuestion]) -> list[list[int]]:
        """All together: the server makes its own."""
        return [list(range(len(questions)))] if questions else []

    def answer(self, questions: Sequence[LimitedQuestion], done: Done) -> None:
        """So many at a time as are set, in their order."""
        waiting: dict[Future[Reply], int] = {}
        pool = ThreadPoolExecutor(max_workers=self._endpoint.settings.at_once, thread_name_prefix="ask")
        try:
            for place, question in enumerate(questions):
                waiting[pool.submit(self._ask, question)] = place
                if len(waiting) >= 2 * self._endpoint.settings.at_once:
                    _hand_over(waiting, done)
            while waiting:
                _hand_over(waiting, done)
        except (EngineUnavailable, EngineMisfit):
            pool.shutdown(wait=True, cancel_futures=True)  # what is on its way may still be an answer
            for future, place in waiting.items():
                if not future.cancelled() and future.exception() is None:
                    done(place, future.result())
            raise
        finally:
            pool.shutdown(wait=False, cancel_futures=True)

    def log_probabilities(self, pairs: Sequence[tuple[Asked, str]]) -> list[LogProbability | None]:
        """Where the server gives those of its prompt; else None for each."""
        return _or_engine_error(lambda: [self._tokens.log_probability(messages_of(asked), answer) for asked, answer in pairs])

    def _ask(self, question: LimitedQuestion) -> Reply:
        began = self._clock()
        try:
            reply = self._endpoint.post(
                "chat/completions",
                {
                    "model": self.model,
                    "messages": messages_of(question.asked),
                    "temperature": 0,
                    "seed": 0,
                    "max_tokens": question.limit,
                    "stream": False,
                },
            )
        except EndpointFailure as failure:
            if failure.status in _OF_THE_QUESTION:
                return QuestionRefused(f"the server answered {failure.status}")
            raise as_engine_error(failure) from failure
        return read_answer(reply, latency_ms=(self._clock() - began) * 1000, limit=question.limit)


def read_answer(reply: dict[str, Any], *, latency_ms: float, limit: int) -> Reply:
    """The answer in a chat completion: what the model thought is no part of it, whichever way the server tells it.

    A refusal of the model in its own field is its answer. Raises EngineMisfit for what is no chat completion.

    >>> choice = {"message": {"content": "<think>Hm.</think> Agra"}, "finish_reason": "stop"}
    >>> read_answer({"choices": [choice], "usage": {"completion_tokens": 9}}, latency_ms=1.0, limit=64)
    EngineAnswer(text='Agra', tokens=9, latency_ms=1.0, cut=False)
    """
    try:
        choice = reply["choices"][0]
        message = choice["message"]
        said = message.get("content") or message.get("refusal") or ""
        if isinstance(said, list):  # the parts of a content
            said = "".join(str(part.get("text", "")) for part in said)
        ended = choice.get("finish_reason")
        usage = reply.get("usage") or {}
        tokens = int(usage.get("completion_tokens") or 0)
    except (KeyError, IndexError, TypeError, AttributeError, ValueError):
        raise EngineMisfit("the server's answer is no chat completion: set EVALUATION_ENGINE_URL to where OpenAI's paths begin") from None
    if ended == "content_filter":
        return QuestionRefused("the server's content filter took the answer back")
    # A template may have opened the block, so that only its end is there.
    known = BLOCKS[:1] if BLOCKS[0].closing in said else ()
    text, inside = answer_of(str(said), known=known)
    return EngineAnswer(text, tokens, latency_ms, inside or ended == "length" or (ended is None and tokens >= limit))


def as_engine_error(failure: EndpointFailure) -> EngineUnavailable | EngineMisfit:
    """What a failure means for an evaluation."""
    if failure.transient:
        return EngineUnavailable(f"{failure}: the answers so far are kept; see whether the server runs")
    hint = "EVALUATION_ENGINE_API_KEY" if failure.status in (401, 403) else "EVALUATION_ENGINE_URL and EVALUATION_ENGINE_MODEL"
    return EngineMisfit(f"{failure}: look at {hint}")


def _or_engine_error(work: Callable[[], list[T]]) -> list[T]:
    try:
        return work()
    except EndpointFailure as failure:
        raise as_engine_error(failure) from failure


def _hand_over(waiting: dict[Future[Reply], int], done: Done) -> None:
    """Waits for one reply at least, and hands over those that are there."""
    ready, _ = wait(waiting, return_when=FIRST_COMPLETED)
    for future in sorted(ready, key=waiting.__getitem__):
        done(waiting.pop(future), future.result())
