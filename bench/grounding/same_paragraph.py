"""Gold answers to their own question, and to another question of the same paragraph: what is said there, but not what was asked."""

from __future__ import annotations

import random
import re

from bench.grounding.edits import Edit, listed
from bench.grounding.material import AskedQuestion, FactPassage


def pairs_of(passage: FactPassage, rng: random.Random) -> list[tuple[AskedQuestion, Edit]]:
    """For each question of a paragraph its answer and one, drawn at random, of another that is not also right; none where all may be."""
    found = []
    for asked in passage.asked:
        others = [one for one in passage.asked if _not_also_right(asked, one)]
        if others:
            found.append((asked, Edit(asked.answer, rng.choice(others).answer, "")))
    return found


def _not_also_right(asked: AskedQuestion, other: AskedQuestion) -> bool:
    """Neither answer holds a content word of the other, in the passage's language or in English; nor do the questions ask the same."""
    return (
        not _words(asked.answer) & _words(other.answer)
        and not _words(asked.english_answer) & _words(other.english_answer)
        and not _in_the_question(asked, other)
        and not _much_alike(asked.english_question, other.english_question)
    )


def _in_the_question(asked: AskedQuestion, other: AskedQuestion) -> bool:
    """Whether the other answer is given away by the question itself, or both fit it: a question for one of several asks for any."""
    several = re.search(
        r"\b(one of|another|an example|name (?:a|one|an)|besides|what else|who else|a type|some of|along with)\b",
        asked.english_question,
        re.I,
    )
    return bool(several) and _first(asked.english_question) == _first(other.english_question)


def _much_alike(a: str, b: str) -> bool:
    mine, theirs = _words(a), _words(b)
    return len(mine & theirs) >= 0.8 * max(1, min(len(mine), len(theirs)))


def _first(question: str) -> str:
    found = re.search(r"\b(who|when|where|which|what|how many|how much|how|why|name)\b", question, re.I)
    return found[1].lower() if found else ""


def _words(text: str) -> set[str]:
    found = set(re.findall(r"[^\s.,;:!?\"'’()।]+", text.casefold()))
    return (found - _FUNCTION) or found


_FUNCTION = frozenset((*listed("function", "en"), *listed("function", "hi")))
