"""The engine behind OpenAI's interface, against a server on this machine."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gpu_runner.evaluate.engine.collect import collect
from gpu_runner.evaluate.engine.endpoint import Endpoint, EndpointSettings
from gpu_runner.evaluate.engine.openai_server import OpenAIServerEngine
from gpu_runner.evaluate.engine.protocol import (
    EngineAnswer,
    EngineMisfit,
    EngineUnavailable,
    LimitedQuestion,
    LogProbability,
    QuestionRefused,
    Reply,
)
from gpu_runner.evaluate.engine.server_tokens import estimated_tokens
from tests.openai_stub import completion, openai_stub


def engine_at(url: str, *, timeout_s: float = 5.0, key: str | None = None, attempts: int = 2) -> OpenAIServerEngine:
    """An engine that waits for nothing between attempts."""
    return OpenAIServerEngine(Endpoint(EndpointSettings(url, "m", timeout_s, 4), api_key=key, attempts=attempts, sleep=lambda _: None))


def replies(engine: OpenAIServerEngine, questions: list[LimitedQuestion]) -> list[Reply]:
    """What it says to each question."""
    found: dict[int, Reply] = {}
    engine.answer(questions, found.__setitem__)
    return [found[place] for place in range(len(questions))]


def test_a_conversation_is_asked_as_it_was_served_and_thinking_is_no_answer() -> None:
    """Messages as they are, greedy, under the question's own limit; thinking in its own field, or within marks, is left out."""
    said = {
        "own field": completion("Agra", reasoning_content="Hm, Agra?"),
        "marks": completion("<think>\nHm, Delhi?\n</think>\n\nAgra"),
        "end alone": completion("Hm, Delhi?\n</think>\n\nAgra"),
        "cut within": completion("<think>Hm, Del", ended="length"),
        "nothing but thinking": completion(None, ended="length", reasoning_content="Hm"),
        "cut": completion("It is in Ag", ended="length"),
        "refused": completion(None, refusal="I can't say."),
        "empty": completion(""),
    }
    with openai_stub(lambda path, body: (200, said[body["messages"][-1]["content"]])) as stub:
        turns = ({"role": "system", "content": "Be brief."}, {"role": "user", "content": "marks"})
        engine = engine_at(stub.url, key="secret-key")
        questions = [LimitedQuestion(name, turns if name == "marks" else name, 90 + place) for place, name in enumerate(said)]
        found = [reply for reply in replies(engine, questions) if isinstance(reply, EngineAnswer)]
    assert [answer.text for answer in found] == ["Agra", "Agra", "Agra", "", "", "It is in Ag", "I can't say.", ""]
    assert [answer.cut for answer in found] == [False, False, False, True, True, True, False, False]
    bodies = {body["messages"][-1]["content"]: body for _, body, _ in stub.asked}
    assert bodies["marks"]["messages"] == list(turns)
    assert [bodies[name]["max_tokens"] for name in said] == list(range(90, 98))
    assert {(body["temperature"], body["model"]) for body in bodies.values()} == {(0, "m")}
    assert {key for _, _, key in stub.asked} == {"Bearer secret-key"}


def test_a_failure_is_what_can_be_done_about_it() -> None:
    """What passes is tried again; one question's is its refusal; a server that is away or set up wrongly is told, without the key."""
    counts = {"busy": 0}

    def answer(path: str, body: dict[str, Any]) -> Any:
        name = body["messages"][-1]["content"]
        if name == "busy":
            counts["busy"] += 1
            return (503, {}) if counts["busy"] == 1 else (200, completion("Agra"))
        return {
            "too long": (400, {"error": "context"}), "filtered": (200, completion(None, ended="content_filter")), "no key": (401, {}),
            "no model": (404, {}), "down": (500, {}), "page": (200, b"<html>"), "list": (200, []), "other": (200, {"object": "list"}),
            "hangs": None,
        }[name]  # fmt: skip

    with openai_stub(answer) as stub:
        engine = engine_at(stub.url, timeout_s=0.05, key="secret-key")
        told = replies(engine_at(stub.url), [LimitedQuestion(name, name, 64) for name in ("busy", "too long", "filtered")])
        assert [type(reply) for reply in told] == [EngineAnswer, QuestionRefused, QuestionRefused]
        for name, kind, words in (
            ("no key", EngineMisfit, "answered 401: look at EVALUATION_ENGINE_API_KEY"),
            ("no model", EngineMisfit, "answered 404: look at EVALUATION_ENGINE_URL and EVALUATION_ENGINE_MODEL"),
            ("other", EngineMisfit, "no chat completion"),
            ("down", EngineUnavailable, "answered 500"),
            ("page", EngineUnavailable, "no JSON object"),
            ("list", EngineUnavailable, "no JSON object"),
            ("hangs", EngineUnavailable, "did not answer within 0.05 s"),
        ):
            with pytest.raises(kind, match=words) as error:
                replies(engine, [LimitedQuestion(name, name, 64)])
            assert "secret-key" not in str(error.value)
    with pytest.raises(EngineUnavailable, match="can't be reached"):
        replies(engine_at("http://127.0.0.1:9/v1"), [LimitedQuestion("1", "Where?", 64)])


def test_a_server_that_went_away_is_asked_for_the_rest_alone(tmp_path: Path) -> None:
    """The answers so far stay; the second run asks no question twice and ends with one line for each."""
    questions = [LimitedQuestion(f"item-{number}", f"q{number}", 64) for number in range(40)]
    down = {"after": 15}

    def answer(path: str, body: dict[str, Any]) -> Any:
        down["after"] -= 1
        return (503, {}) if down["after"] < 0 else (200, completion(f"to {body['messages'][-1]['content']}"))

    path, order = tmp_path / "answers.jsonl", [question.item_id for question in questions]
    with openai_stub(answer) as stub:
        with pytest.raises(EngineUnavailable):
            collect(engine_at(stub.url, attempts=1), questions, path, least_tokens=64, order=order, progress=lambda _: None)
        known = len(path.read_bytes().splitlines())
        assert 1 <= known <= 15
        down["after"] = 10**9
        stub.asked.clear()
        found = collect(engine_at(stub.url), questions, path, least_tokens=64, order=order, progress=lambda _: None)
        assert len(stub.asked) == 40 - known
    assert [(answer.item_id, answer.text) for answer in found.answers] == [(f"item-{n}", f"to q{n}") for n in range(40)]


def test_tokens_are_the_servers_or_an_estimate_from_above() -> None:
    """By `/tokenize` beside OpenAI's paths in both its forms; a server without it is asked once, and the engine says that it estimates."""
    forms: list[Any] = [(200, {"count": 7, "tokens": []}), (200, {"tokens": [1, 2]}), (404, {}), (200, {"else": 1})]
    for form, expected, estimates in zip(forms, (7, 2, 3, 3), (False, False, True, True), strict=True):
        with openai_stub(lambda path, body, form=form: form) as stub:  # type: ignore[misc]
            engine = engine_at(stub.url)
            assert engine.count_tokens(["Agra!"] * 3) == [expected] * 3
            assert engine.estimates_tokens is estimates
            assert [path for path, _, _ in stub.asked] == ["/tokenize"] * (1 if estimates else 3)
    hindi = "शाहजहाँ ने ताजमहल को आगरा में यमुना नदी के किनारे बनवाया था और यह सफ़ेद संगमरमर का मक़बरा है"
    assert estimated_tokens(hindi) >= 2 * 2.81 * len(hindi.split())


def test_log_probabilities_come_where_the_server_gives_them() -> None:
    """Over echoed tokens, or a chat's prompt; the prompt's own are no part; a server with neither is not asked twice."""

    def echoes(path: str, body: dict[str, Any]) -> Any:
        if path == "/tokenize":
            return 200, {"tokens": [1, 2, 3] if body["add_generation_prompt"] else [1, 2, 3, 8, 9]}
        assert path == "/v1/completions"
        return 200, {"choices": [{"logprobs": {"token_logprobs": [None, -9.0, -9.0, -0.5, -1.5, -7.0]}}]}

    def of_the_prompt(path: str, body: dict[str, Any]) -> Any:
        if path != "/v1/chat/completions":
            return 404, {}
        told = {"usage": {"prompt_tokens": 2}}
        if body.get("prompt_logprobs") is None:
            return 200, told
        return 200, told | {"prompt_logprobs": [None, {"4": {"logprob": -9.0}}, {"8": {"logprob": -1.0}}, {"9": {"logprob": -2.0}}]}

    for answer, expected in ((echoes, LogProbability(-2.0, 2)), (of_the_prompt, LogProbability(-3.0, 2))):
        with openai_stub(answer) as stub:
            assert engine_at(stub.url).log_probabilities([("Where?", "Agra"), ("Where?", "Delhi")]) == [expected] * 2
    with openai_stub(lambda path, body: (200, completion("Agra")) if path.endswith("chat/completions") else (404, {})) as stub:
        engine = engine_at(stub.url)
        assert engine.log_probabilities([("Where?", "Agra")] * 3) == [None] * 3
        assert len(stub.asked) <= 3
