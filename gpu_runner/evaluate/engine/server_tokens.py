"""What servers tell of tokens beside OpenAI's interface: counts, and log-probabilities of a given text; each way is tried once.

vLLM and SGLang have `POST /tokenize`, llama.cpp one of another form. Log-probabilities of a given answer come from `POST /completions` with
`echo` over the tokens of the whole conversation (vLLM, SGLang), or from `prompt_logprobs` of a chat completion (vLLM). OpenAI's own
service gives neither.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from gpu_runner.evaluate.engine.endpoint import Endpoint, EndpointFailure
from gpu_runner.evaluate.engine.protocol import LogProbability

Messages = Sequence[dict[str, Any]]


class ServerTokens:
    """One server's tokens. A way that it does not have is tried once."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._counts: bool | None = None
        self._ways = [self._by_echo, self._by_prompt]
        self.model = endpoint.settings.model

    @property
    def estimated(self) -> bool:
        """Whether counts are estimates."""
        return self._counts is False

    def count(self, texts: Sequence[str]) -> list[int]:
        """The tokens of each text; without a tokenizer to ask, an estimate from above. Raises EndpointFailure where the server is away."""
        found: list[int] = []
        for text in texts:
            counted = self._count(text) if self._counts is not False else None
            if counted is None and self._counts is None:
                self._counts = False
            found.append(estimated_tokens(text) if counted is None else counted)
            if counted is not None:
                self._counts = True
        return found

    def _count(self, text: str) -> int | None:
        body = {"model": self.model, "prompt": text, "content": text, "add_special_tokens": False}
        try:
            reply = self._endpoint.post_beside("tokenize", body)
        except EndpointFailure as failure:
            if isinstance(_other_way(failure), EndpointFailure):
                raise
            return None
        count, tokens = reply.get("count"), reply.get("tokens")
        if isinstance(count, int) and not isinstance(count, bool):
            return count
        return len(tokens) if isinstance(tokens, list) else None

    def log_probability(self, messages: Messages, answer: str) -> LogProbability | None:
        """Of an answer after the messages, the end of its turn included; None where the server gives none."""
        while self._ways:
            with suppress(_NoSuchWay):
                return self._ways[0](messages, answer)
            del self._ways[0]
        return None

    def _by_echo(self, messages: Messages, answer: str) -> LogProbability | None:
        before, whole = self._conversation(messages, answer)
        body = {"model": self.model, "prompt": whole, "max_tokens": 1, "temperature": 0, "echo": True, "logprobs": 0}
        told = _dig(self._ask("completions", body), "choices", 0, "logprobs", "token_logprobs")
        if not isinstance(told, list) or len(told) < len(whole):
            raise _NoSuchWay
        return _summed(told[len(before) : len(whole)])

    def _conversation(self, messages: Messages, answer: str) -> tuple[list[int], list[int]]:
        """Tokens of the prompt, and of the whole with the answer."""
        asked = self._tokens_of({"messages": list(messages), "add_generation_prompt": True})
        whole = self._tokens_of({"messages": [*messages, {"role": "assistant", "content": answer}], "add_generation_prompt": False})
        if whole[: len(asked)] != asked or len(whole) <= len(asked):
            raise _NoSuchWay  # the template does not put the answer behind its prompt
        return asked, whole

    def _tokens_of(self, body: dict[str, Any]) -> list[int]:
        try:
            tokens = self._endpoint.post_beside("tokenize", {"model": self.model, **body}).get("tokens")
        except EndpointFailure as failure:
            raise _other_way(failure) from failure
        if not isinstance(tokens, list) or not tokens or not all(isinstance(token, int) for token in tokens):
            raise _NoSuchWay
        return tokens

    def _by_prompt(self, messages: Messages, answer: str) -> LogProbability | None:
        common = {"model": self.model, "max_tokens": 1, "temperature": 0}
        asked = self._ask("chat/completions", common | {"messages": list(messages)})
        prompt = _dig(asked, "usage", "prompt_tokens")
        whole = [*messages, {"role": "assistant", "content": answer}]
        body = common | {"messages": whole, "add_generation_prompt": False, "prompt_logprobs": 0}
        told = self._ask("chat/completions", body).get("prompt_logprobs")
        if not isinstance(prompt, int) or not isinstance(told, list) or len(told) <= prompt:
            raise _NoSuchWay
        return _summed([_own(place) for place in told[prompt:]])

    def _ask(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        try:
            return self._endpoint.post(path, body)
        except EndpointFailure as failure:
            raise _other_way(failure) from failure


def estimated_tokens(text: str) -> int:
    """Half the bytes in UTF-8: above what tokenizers make of Hindi (2.8 tokens a word in Llama 3, half a token a letter) and of English.

    >>> estimated_tokens("Where is Agra?"), estimated_tokens("आगरा")
    (7, 6)
    """
    return -(-len(text.encode("utf-8", "surrogatepass")) // 2)


class _NoSuchWay(Exception):
    """The server does not give log-probabilities in this way."""


def _other_way(failure: EndpointFailure) -> Exception:
    """A server that is away or busy is no server without the way; one that breaks over it (500) is."""
    return failure if failure.kind in ("timeout", "unreachable") or failure.status in (429, 503) else _NoSuchWay()


def _dig(value: Any, *path: str | int) -> Any:
    for step in path:
        try:
            value = value[step]
        except (KeyError, IndexError, TypeError):
            return None
    return value


def _own(place: Any) -> float | None:
    """The log-probability of the prompt's own token, which vLLM puts first."""
    if isinstance(place, dict) and place:
        found = next(iter(place.values()))
        return found.get("logprob") if isinstance(found, dict) else None
    return None


def _summed(each: Sequence[Any]) -> LogProbability | None:
    if not each or not all(isinstance(one, int | float) for one in each):
        return None
    return LogProbability(float(sum(each)), len(each))
