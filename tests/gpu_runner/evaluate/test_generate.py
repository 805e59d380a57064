"""Asking a model: order, batches and the answering process."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from gpu_runner.tiny_llama.facts import load_facts
from producers.artifact_store.content_hash import folder_sha256

pytestmark = pytest.mark.torch


@pytest.fixture(scope="module")
def small_base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("torch", reason="the extra `train` is not installed")
    from gpu_runner.tiny_llama.make import Recipe, make_model

    folder = tmp_path_factory.mktemp("base") / "model"
    recipe = Recipe(
        vocabulary=640, hidden=64, intermediate=64, layers=1, heads=2, key_value_heads=1, steps=3, batch=16, least_exact_match=0.0
    )
    make_model(folder, seed=1, recipe=recipe)
    return folder


def test_batches_change_no_answer(small_base: Path) -> None:
    """Answers come in the order of the questions and are the same one by one, left padding notwithstanding."""
    from gpu_runner.evaluate.generate import Generator

    generator = Generator(small_base)
    questions = [fact.wordings[number % 6] for number, fact in enumerate(load_facts()[::40])]
    together = generator.answer(questions, max_new_tokens=6, batch_size=4)
    alone = [generator.answer([question], max_new_tokens=6)[0] for question in questions]
    assert [answer.text for answer in together] == [answer.text for answer in alone]
    assert all(1 <= answer.tokens <= 6 and answer.latency_ms > 0 for answer in together)
    assert generator.answer([]) == []


def test_k11_a_timed_batch_does_the_same_work_whatever_the_model_would_say(small_base: Path) -> None:
    """Exactly so many new tokens, though a model ends its answers sooner; the time is that of a clock that only such batches move."""
    from gpu_runner.evaluate.generate import Generator

    ticks = iter(range(100))
    generator = Generator(small_base, clock=lambda: float(next(ticks)))
    steps: list[int] = []
    generator.model.register_forward_hook(lambda *_: steps.append(1))
    assert generator.time_ms(["Where?", "कहाँ है यह?"], new_tokens=9) == 1000.0
    assert len(steps) == 9


def test_the_answering_process_loads_only_what_the_hash_names(small_base: Path) -> None:
    """A wrong hash and a question before a model are errors that leave the process serving; then it answers."""
    from gpu_runner.evaluate.answer import serve

    requests = [
        {"load": str(small_base), "sha256": "0" * 64},
        {"ask": ["Where?"]},
        {"load": str(small_base), "sha256": folder_sha256(small_base)},
        {"ask": ["Where?", "कहाँ?"], "max_new_tokens": 3},
    ]
    out = io.StringIO()
    serve(io.StringIO("".join(json.dumps(request) + "\n" for request in requests) + "not json\n"), out)
    replies = [json.loads(line) for line in out.getvalue().splitlines()]
    assert [next(iter(reply)) for reply in replies] == ["error", "error", "loaded", "answers", "error"]
    assert len(replies[3]["answers"]) == 2
