"""The base learns to read in the tokens in which it is asked."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from gpu_runner.dataset.conversation import with_passages
from gpu_runner.tiny_llama.facts import load_facts
from gpu_runner.tiny_llama.reading import Readings

pytestmark = pytest.mark.torch


def test_a_batch_holds_the_conversations_as_the_chat_template_renders_them(tmp_path: Path) -> None:
    """The first question as it is asked, the loss on each answer and its end alone, at the place before the token."""
    pytest.importorskip("torch", reason="the extra `train` is not installed")
    from transformers import AutoTokenizer

    from gpu_runner.model_folder.chat_tokens import ChatTokens
    from gpu_runner.tiny_llama.lessons import IGNORED, ReadingCourse, reading_batches
    from gpu_runner.tiny_llama.tokenizer import save_for_transformers, train_tokenizer

    tokenizer = train_tokenizer((text for fact in load_facts() for text in (*fact.wordings, fact.sentence)), 640)
    save_for_transformers(tokenizer, tmp_path, 512)
    chat = ChatTokens(AutoTokenizer.from_pretrained(tmp_path))
    course = ReadingCourse(conversations=6, turns=3)
    ids, labels = next(reading_batches(Readings(load_facts()), tokenizer, course, random.Random(5)))
    rng, readings = random.Random(5), Readings(load_facts())
    for row in range(6):
        reading = readings.draw(rng, most_passages=course.passages, turns=course.turns)
        (question, answer), *_ = reading.turns
        (pair,) = chat.pairs([(with_passages(question, reading.passages, reading.system), answer)])
        assert pair is not None
        prompt, learnt = pair
        text = ids[row].tolist()
        assert text[: len(prompt) + len(learnt)] == [*prompt, *learnt]
        assert labels[row].tolist()[: len(prompt) - 1] == [IGNORED] * (len(prompt) - 1)
        assert labels[row].tolist()[len(prompt) - 1 :][: len(learnt)] == learnt
        told = [token for token in labels[row].tolist() if token != IGNORED]
        assert told == [token for _, reply in reading.turns for token in (*tokenizer.encode(reply).ids, tokenizer.token_to_id("<|end|>"))]
