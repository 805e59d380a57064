"""The tables of both languages by stem: the groups a word belongs to, its opposites, whether it denies or only forms the sentence."""

from __future__ import annotations

import json
from collections import defaultdict
from functools import cache
from pathlib import Path
from typing import Final

from gpu_runner.evaluate.long_answers import english, hindi
from gpu_runner.evaluate.long_answers.spelling import spelled
from gpu_runner.evaluate.long_answers.stems import stem

LONGEST_PHRASE: Final = 4
# By language, a group of words that may stand for each other a line; a phrase has strokes between its words, a word many groups.
_SYNONYMS: Final = Path(__file__).with_name("synonyms.json")
# Written by `bench.long_answers.common_words`.
COMMON_WORDS: Final = Path(__file__).with_name("common_words.json")


@cache
def groups() -> dict[str, frozenset[str]]:
    """A stem, or the stems of a phrase with a space between, to the names of its groups of synonyms."""
    found: dict[str, set[str]] = defaultdict(set)
    content: dict[str, list[str]] = json.loads(_SYNONYMS.read_text(encoding="utf-8"))
    for language, lines in content.items():
        for number, line in enumerate(lines):
            for word in line.split():
                found[phrase(word)].add(f"{language}{number}")
    return {word: frozenset(names) for word, names in found.items()}


@cache
def opposites() -> dict[str, frozenset[str]]:
    """A stem or phrase to those that it cannot be."""
    found: dict[str, set[str]] = defaultdict(set)
    for table in (english.OPPOSITES, hindi.OPPOSITES):
        for line in table.strip().splitlines():
            one, other = ([phrase(word) for word in side.split()] for side in line.split("|"))
            for word in one:
                found[word].update(other)
            for word in other:
                found[word].update(one)
    return {word: frozenset(others - {word}) for word, others in found.items()}


@cache
def denials() -> frozenset[str]:
    """Spelled words and phrases that turn a statement round."""
    return frozenset(spelled(word.replace("_", " ")) for table in (english.DENIALS, hindi.DENIALS) for word in table.split())


@cache
def function_words() -> frozenset[str]:
    """Spelled words that are of the sentence's form."""
    return frozenset(spelled(word) for table in (english.FUNCTION, hindi.FUNCTION) for word in table.split())


@cache
def phrases() -> frozenset[str]:
    """The phrases of more than one word among the synonyms and opposites."""
    return frozenset(word for table in (groups(), opposites()) for word in table if " " in word)


@cache
def common_words() -> frozenset[str]:
    """Stems that are frequent in running text of either language: none of them is a name."""
    content: dict[str, str] = json.loads(COMMON_WORDS.read_text(encoding="utf-8"))
    return frozenset(word for text in content.values() for word in text.split())


@cache
def ranks() -> dict[str, int]:
    """The common stems of English by their place, the commonest first."""
    content: dict[str, str] = json.loads(COMMON_WORDS.read_text(encoding="utf-8"))
    return {word: place for place, word in enumerate(content["en"].split())}


@cache
def plain_words() -> frozenset[str]:
    """The stems of all words in the tables: what is written in capitals at the head of a sentence and is no name."""
    return (
        frozenset(word for table in (groups(), opposites()) for word in table)
        | frozenset(map(stem, function_words() | denials()))
        | common_words()
    )


def phrase(words: str) -> str:
    """The key of a word or phrase of the tables."""
    return " ".join(stem(spelled(word)) for word in words.split("_"))
