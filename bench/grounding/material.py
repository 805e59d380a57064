"""The passages that claims are made of: XQuAD's paragraphs with their questions, and stretches of EWT's documents."""

from __future__ import annotations

import hashlib
import json
import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any, Final, Literal

from bench.drift.streams.pools import DATA, DataAbsent
from bench.halves import Half
from gpu_runner.text.sentences import split_sentences

LANGUAGES: Final = ("hi", "en")
FOLDS: Final = 5
_KEY: Final = b"grounding cases"
_STRETCH: Final = 6  # sentences of an EWT document that are one passage
_OF_A_DOCUMENT: Final = 2


@dataclass(frozen=True, slots=True)
class AskedQuestion:
    """A question of a paragraph with its gold answer, and both in English, by which answers of any language are told apart."""

    id: str
    question: str
    answer: str
    english_question: str
    english_answer: str


@dataclass(frozen=True, slots=True, eq=False)
class FactPassage:
    """A text that claims are held against. `article` is alike in every language: what is split, is split by it."""

    key: str
    language: str
    corpus: Literal["xquad", "ewt"]
    article: str
    text: str
    sentences: tuple[str, ...]
    asked: tuple[AskedQuestion, ...] = ()


def half_of(article: str) -> Half:
    """The half of all cases of an article, in every kind and language: a keyed hash, so that no other split is followed by it."""
    return "final" if hashlib.blake2b(article.encode(), key=_KEY, digest_size=2).digest()[0] % 2 else "tuning"


def folds_of(articles: Iterable[str], count: int = FOLDS) -> dict[str, int]:
    """The fold, 0 to count - 1, of each article: in the order of a keyed hash, so that the folds are of one size."""
    ordered = sorted(set(articles), key=lambda article: (hashlib.blake2b(article.encode(), key=_KEY + b" folds").digest(), article))
    return {article: place % count for place, article in enumerate(ordered)}


@cache
def xquad(language: str) -> tuple[FactPassage, ...]:
    """The 240 paragraphs of XQuAD in a language; raises DataAbsent where the data is not beside the checkout."""
    found = []
    for article, english in zip(_articles(language), _articles("en"), strict=True):
        for number, (paragraph, twin) in enumerate(zip(article["paragraphs"], english["paragraphs"], strict=True)):
            asked = tuple(
                AskedQuestion(
                    one["id"], one["question"].strip(), one["answers"][0]["text"].strip(), other["question"], other["answers"][0]["text"]
                )
                for one, other in zip(paragraph["qas"], twin["qas"], strict=True)
            )
            text = " ".join(paragraph["context"].split())
            key = f"{article['title']}/{number}"
            found.append(FactPassage(key, language, "xquad", article["title"], text, split_sentences(text), asked))
    return tuple(found)


@cache
def ewt() -> tuple[FactPassage, ...]:
    """Stretches of six sentences, two a document at the most, of EWT's longer documents; raises DataAbsent."""
    path = DATA / "ewt" / "sentences.jsonl"
    if not path.is_file():
        raise DataAbsent("no development data at ../shared/data beside this checkout")
    documents: dict[str, list[str]] = defaultdict(list)
    for line in path.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        documents[f"{row['genre']}/{row['doc'].removesuffix('.conllu').removesuffix('.xml')}"].append(" ".join(row["text"].split()))
    found = []
    for article, sentences in documents.items():
        for number in range(_OF_A_DOCUMENT):
            stretch = tuple(sentences[number * _STRETCH : (number + 1) * _STRETCH])
            if len(stretch) >= 4:
                found.append(FactPassage(f"{article}/{number}", "en", "ewt", article, " ".join(stretch), stretch))
    return tuple(found)


def passages(language: str) -> tuple[FactPassage, ...]:
    """All passages of a language."""
    return (*xquad(language), *(ewt() if language == "en" else ()))


def passage_sentence(sentence: str, passage: FactPassage) -> str:
    """The sentence of the passage that a reworded one was made of: the one that shares most words with it."""
    words = set(sentence.split())
    return max(passage.sentences, key=lambda one: len(words & set(one.split())))


_UNWANTED: Final = re.compile(r"https?:|www\.|@|[<>_=*#|\\~^]|\.\.|--|\?|!|:\s*$")
_STARTS: Final = {"en": re.compile(r"[A-Z]"), "hi": re.compile(r"[ऀ-ॿ0-9A-Z]")}
_ENDS: Final = {"en": ".", "hi": "।."}


def whole(sentence: str, language: str, shortest: int = 6, longest: int = 40) -> bool:
    """Whether a sentence is a statement of so many words that a claim can be made of: no question, no address, no open bracket."""
    return (
        shortest <= len(sentence.split()) <= longest
        and sentence[-1] in _ENDS[language]
        and bool(_STARTS[language].match(sentence))
        and not _UNWANTED.search(sentence)
        and sum(word.isupper() and len(word) > 1 for word in sentence.split()) < 0.3 * len(sentence.split())
        and sentence.count("(") == sentence.count(")")
        and sentence.count('"') % 2 == 0
    )


def _articles(language: str) -> list[dict[str, Any]]:
    path = DATA / "xquad" / f"xquad.{language}.json"
    if not path.is_file():
        raise DataAbsent("no development data at ../shared/data beside this checkout")
    articles: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))["data"]
    return articles
