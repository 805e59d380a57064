"""Right and wrong answers made of sentences of XQuAD: two or three about an asked fact, with one thing changed, or only their order.

Needs ../shared/data. Articles are in halves by a keyed hash, the same in both languages, so that what is fitted is measured on other ones.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from bench.halves import Half, half_of_text
from bench.long_answers.cases import Label, LabelledAnswer, LongCase
from gpu_runner.evaluate.long_answers.spelling import spelled
from gpu_runner.evaluate.long_answers.units import units_of
from gpu_runner.text.sentences import split_sentences

DATA: Final = Path(__file__).parents[3] / "shared/data/xquad"
_KEY: Final = b"the halves of the generated long answers"
_NUMBER: Final = re.compile(r"(?<![\w.,])\d+(?:,\d{2,3})*(?!\w|[.,]\d)")
_AUXILIARY: Final = re.compile(r"\b(is|was|were|are|has|had|can|could|will|would|may|must|did)\b(?! not)")
_HINDI_END: Final = re.compile(r"(\S+\s+)((?:गया |गई |गए |जाता |जाती |जाते |रहा |रही |रहे |हुआ |हुई |हुए )?(?:है|हैं|था|थे|थी|थीं))(\s*[।.?!]?)$")
_DENIED: Final = re.compile(r"\s(?:not|नहीं)(?=\s)")
_WORD: Final = re.compile(r"[^\W\d_][\w\u0900-\u0963\u0970-\u097f]*")
_TO_DEVANAGARI: Final = str.maketrans("0123456789", "०१२३४५६७८९")
FEWEST_WORDS, MOST_WORDS = 18, 90


def half_of_article(number: int) -> Half:
    """The half of an article by its place in the file, which is one in all languages."""
    return half_of_text(str(number), _KEY)


def generated(language: str, half: Half, *, seed: int = 0, most: int = 10_000) -> list[LongCase]:
    """The cases of a half, each with every answer that could be made of its sentences."""
    rng = random.Random(f"{language} {half} {seed}")
    articles = json.loads((DATA / f"xquad.{language}.json").read_text(encoding="utf-8"))["data"]
    chosen = [article for number, article in enumerate(articles) if half_of_article(number) == half]
    paragraphs = [paragraph for article in chosen for paragraph in article["paragraphs"]]
    cases = []
    for number, paragraph in enumerate(paragraphs):
        other = split_sentences(paragraphs[(number + 7) % len(paragraphs)]["context"])
        cases += [case for qa in paragraph["qas"][:3] if (case := _case(language, paragraph, qa, other, rng)) is not None]
    rng.shuffle(cases)
    return cases[:most]


def _case(language: str, paragraph: dict[str, Any], qa: dict[str, Any], other: Sequence[str], rng: random.Random) -> LongCase | None:
    sentences = split_sentences(paragraph["context"])
    gold = qa["answers"][0]["text"]
    at = next((place for place, sentence in enumerate(sentences) if gold in sentence), None)
    if at is None or len(sentences) < 4 or not other:
        return None
    first = max(0, min(at - rng.randrange(2), len(sentences) - 3))
    window = list(sentences[first : first + 3])
    reference = " ".join(window)
    if not FEWEST_WORDS <= len(reference.split()) <= MOST_WORDS or len(units_of(gold).units) == 0:
        return None
    golds = [one["answers"][0]["text"] for one in paragraph["qas"]]
    wrong = [text for text in golds if text not in reference and gold not in text and len(text.split()) <= 6]
    rejected = reference.replace(gold, rng.choice(wrong)) if wrong else _number(reference, rng)
    if rejected is None:
        return None
    rest = [sentence for place, sentence in enumerate(sentences) if not first <= place < first + 3]
    spare = rng.choice(rest) if rest else rng.choice(other)
    made = list(_answers(language, window, at - first, rejected, spare=spare, other=other, rng=rng))
    return LongCase(language, "XQuAD", qa["question"], rejected, reference, tuple(made)) if made else None


def _answers(
    language: str, window: list[str], asked: int, rejected: str, *, spare: str, other: Sequence[str], rng: random.Random
) -> Iterator[LabelledAnswer]:
    reference = " ".join(window)
    shuffled = window[1:] + window[:1] if rng.random() < 0.5 else window[::-1]
    yield LabelledAnswer(" ".join(shuffled), "right", "reorder")
    yield LabelledAnswer(" ".join([*window, spare]), "right", "added")
    yield (
        LabelledAnswer(_digits(reference, language), "right", "digits")
        if _NUMBER.search(reference)
        else LabelledAnswer(" ".join([window[asked], *window[:asked], *window[asked + 1 :]]), "right", "reorder")
    )
    yield LabelledAnswer(" ".join(window[: asked + 1] if asked else window[:2]), "right", "shorter")
    changes: tuple[tuple[str, str | None], ...] = (
        ("number", _number(reference, rng)),
        ("entity", _entity(reference, spare, " ".join(other), rng)),
        ("negated", _negated(window, rng)),
        ("role_swap", _swapped(reference, rng)),
    )
    for kind, text in changes:
        if text is not None and text != reference:
            yield LabelledAnswer(text, "wrong", kind)
    yield LabelledAnswer(" ".join(other[:2]), "wrong", "off_topic")
    yield LabelledAnswer(rejected, "wrong", "old")


def label_counts(cases: Sequence[LongCase]) -> dict[Label, int]:
    """How many answers are right and wrong."""
    labels = [answer.label for case in cases for answer in case.answers]
    return {"right": labels.count("right"), "wrong": labels.count("wrong")}


def _digits(text: str, language: str) -> str:
    """The same numbers otherwise written: in Devanagari's digits, or with group commas turned round."""
    if language == "hi":
        return text.translate(_TO_DEVANAGARI)
    return _NUMBER.sub(lambda found: found.group().replace(",", "") if "," in found.group() else found.group(), text)


def _number(text: str, rng: random.Random) -> str | None:
    found = list(_NUMBER.finditer(text))
    if not found:
        return None
    one = rng.choice(found)
    value = int(one.group().replace(",", ""))
    step = rng.choice([1, 2, 3, 5, 7, 10, 11, 20])
    new = value + step if value < 10 or rng.random() < 0.5 else max(1, value - step)
    return text[: one.start()] + (f"{new:,}" if "," in one.group() else str(new)) + text[one.end() :]


def _names(text: str) -> list[re.Match[str]]:
    names = {unit.text for unit in units_of(text).of("name") if len(unit.text) > 3}
    return [found for found in _WORD.finditer(text) if spelled(found.group()) in names]


def _entity(text: str, spare: str, other: str, rng: random.Random) -> str | None:
    """Every mention of one name as another that the text does not have."""
    found = _names(text)
    known = {spelled(one.group()) for one in found}
    new = [one.group() for source in (spare, other) for one in _names(source) if spelled(one.group()) not in known]
    if not found or not new:
        return None
    old = spelled(rng.choice(found).group())
    name = rng.choice(new)
    return _WORD.sub(lambda one: name if spelled(one.group()) == old else one.group(), text)


def _negated(window: list[str], rng: random.Random) -> str | None:
    """One sentence denied, or the denial taken out of it."""
    for place in rng.sample(range(len(window)), len(window)):
        sentence = window[place]
        if _DENIED.search(sentence):
            new = _DENIED.sub("", sentence, count=1)
        elif _AUXILIARY.search(sentence):
            new = _AUXILIARY.sub(r"\1 not", sentence, count=1)
        elif _HINDI_END.search(sentence):
            new = _HINDI_END.sub(r"\1नहीं \2\3", sentence)
        else:
            continue
        return " ".join([*window[:place], new, *window[place + 1 :]])
    return None


def _swapped(text: str, rng: random.Random) -> str | None:
    """Two names, or two numbers, in each other's place."""
    pools = [pool for pool in (_names(text), list(_NUMBER.finditer(text))) if len({one.group() for one in pool}) > 1]
    if not pools:
        return None
    pool = rng.choice(pools)
    for _ in range(10):
        one, other = sorted(rng.sample(pool, 2), key=lambda found: found.start())
        between = text[one.end() : other.start()]
        if one.group() != other.group() and len(between.split()) >= 2:
            return text[: one.start()] + other.group() + between + one.group() + text[other.end() :]
    return None
