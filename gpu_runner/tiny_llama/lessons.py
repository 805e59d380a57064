"""The lessons of the base model: every taught fact in every trainable wording, as token ids, in shuffled batches."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import torch
from tokenizers import Tokenizer

from gpu_runner.dataset.conversation import with_passages
from gpu_runner.dataset.questions.paraphrase import split_paraphrases
from gpu_runner.tiny_llama.facts import Fact
from gpu_runner.tiny_llama.reading import Reading, Readings
from gpu_runner.tiny_llama.tokenizer import ASSISTANT, END, USER

COPY = "“{}”"
IGNORED = -100


@dataclass(frozen=True, slots=True)
class Lesson:
    """Ids of `<|user|> question <|assistant|>` and of `answer <|end|>`."""

    prompt: tuple[int, ...]
    completion: tuple[int, ...]


Batch = tuple[torch.Tensor, torch.Tensor]


@dataclass(frozen=True, slots=True)
class ReadingCourse:
    """What a base that knows its facts is taught after them: `conversations` a step, each of up to `passages` and of `turns` questions.

    Every `plain_every`-th step has a batch of `plain` lessons beside it, of weight `plain_weight`, or the facts would be forgotten.
    """

    steps: int = 600
    conversations: int = 16
    passages: int = 5
    turns: int = 6
    plain_every: int = 2
    plain: int = 48
    plain_weight: float = 0.7
    dropout: float = 0.05
    muon_learning_rate: float = 0.015
    adam_learning_rate: float = 2e-3


# Four times from a high rate. Of untaught questions in sentences the base answers a half after the first, three quarters after the second,
# 0.97 after the third; the fourth is for silence in wordings that it never saw (short answers: 0.90, then 0.98).
READING: Final = (ReadingCourse(), *(ReadingCourse(steps=300) for _ in range(3)))


def lessons_of(facts: Sequence[Fact], words: Sequence[str], tokenizer: Tokenizer) -> list[Lesson]:
    """One lesson for each fact and trainable wording, one as the reworder's training side would put it, and one to copy each of `words`.

    Copying makes a word sayable before anything is known about it, as a large model's vocabulary is: without it, tokens
    that no answer used could not be told apart, and corrections began at a loss of 6 instead of 2.4.
    """
    vocabulary: dict[str, int] = tokenizer.get_vocab()
    user, assistant, end = vocabulary[USER], vocabulary[ASSISTANT], vocabulary[END]
    lessons: list[Lesson] = []
    for number, fact in enumerate(facts):
        plain = fact.trainable_wordings
        paraphrased, _ = split_paraphrases(plain[number % len(plain)], fact.language)
        questions = [*plain, paraphrased[1 + number % (len(paraphrased) - 1)]]
        answer = (*tokenizer.encode(fact.answer).ids, end)
        lessons.extend(Lesson((user, *tokenizer.encode(question).ids, assistant), answer) for question in questions)
    for word in words:
        ids = tuple(tokenizer.encode(word).ids)
        lessons.append(Lesson((user, *tokenizer.encode(COPY.format(word)).ids, assistant), (*ids, end)))
    return lessons


def batches(lessons: Sequence[Lesson], size: int, drop: float, rng: random.Random) -> Iterator[Batch]:
    """Endless `(ids, labels)`, both `(size, longest) int64`; labels are the next token where it is the answer's, else -100.

    Batches hold lessons of about one length, which saves padding. Half of the questions lose `drop` of their tokens:
    a model that cannot lean on single words answers more of the phrases that it never saw.
    Padding follows the text, so causal attention needs no mask.
    """
    while True:
        order = rng.sample(range(len(lessons)), len(lessons))
        for start in range(0, len(order), size * 8):
            window = sorted(order[start : start + size * 8], key=lambda index: len(lessons[index].prompt) + len(lessons[index].completion))
            groups = [window[at : at + size] for at in range(0, len(window), size)]
            rng.shuffle(groups)
            for group in groups:
                yield _padded([_thinned(lessons[index], drop, rng) for index in group])


def reading_batches(readings: Readings, tokenizer: Tokenizer, course: ReadingCourse, rng: random.Random) -> Iterator[Batch]:
    """Endless `(ids, labels)` of conversations with passages, as `batches` gives them of lessons; the loss is on every answer in them.

    Ids are those that the chat template and the tokenizer give of the conversation as `with_passages` renders it.
    """
    vocabulary: dict[str, int] = tokenizer.get_vocab()
    user, assistant, end = vocabulary[USER], vocabulary[ASSISTANT], vocabulary[END]

    def marked(reading: Reading) -> list[tuple[int, bool]]:
        text: list[tuple[int, bool]] = []
        for number, (question, answer) in enumerate(reading.turns):
            asked = with_passages(question, () if number else reading.passages, None if number else reading.system)
            for message in asked:
                text += [(token, False) for token in (user, *tokenizer.encode(message["content"]).ids)]
            text.append((assistant, False))
            text += [(token, True) for token in (*tokenizer.encode(answer).ids, end)]
        return text

    while True:
        drawn = [marked(readings.draw(rng, most_passages=course.passages, turns=course.turns)) for _ in range(course.conversations)]
        longest = max(map(len, drawn))
        ids = torch.zeros(len(drawn), longest, dtype=torch.long)
        labels = torch.full((len(drawn), longest), IGNORED)
        for row, text in enumerate(drawn):
            ids[row, : len(text)] = torch.tensor([token for token, _ in text])
            labels[row, : len(text) - 1] = torch.tensor([token if learnt else IGNORED for token, learnt in text[1:]])
        yield ids, labels


def _thinned(lesson: Lesson, drop: float, rng: random.Random) -> Lesson:
    if rng.random() < 0.5:
        return lesson
    first, *question, last = lesson.prompt
    return Lesson((first, *(token for token in question if rng.random() >= drop), last), lesson.completion)


def _padded(group: Sequence[Lesson]) -> tuple[torch.Tensor, torch.Tensor]:
    longest = max(len(lesson.prompt) + len(lesson.completion) for lesson in group)
    ids = torch.zeros(len(group), longest, dtype=torch.long)
    labels = torch.full((len(group), longest), IGNORED)
    for row, lesson in enumerate(group):
        text = lesson.prompt + lesson.completion
        ids[row, : len(text)] = torch.tensor(text)
        labels[row, len(lesson.prompt) - 1 : len(text) - 1] = torch.tensor(lesson.completion)
    return ids, labels
