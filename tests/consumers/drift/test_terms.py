"""The explanation by terms that rose and fell."""

from __future__ import annotations

import random

import numpy as np
import pytest

from consumers.drift.recent_terms import RecentTerms
from consumers.drift.term_table import TermTable
from consumers.drift.terms import Explanation, Term, explain, signed_root
from consumers.drift.words import words

HINDI = ["राम घर गया", "सीता किताबें पढ़ती है", "वह बाज़ार में है", "और सब लोग आए", "मेरी माँ के पास"]
ENGLISH = ["the cat sat here", "a dog ran home", "we have met before"]
NOVEL = ["बजट सत्र संसद", "संसद में बजट", "बजट पर बहस संसद"]


def quiet(source: random.Random, count: int) -> list[str]:
    """Short documents of a stationary population with a tail of rare words."""
    return [f"{source.choice(HINDI if source.random() < 0.7 else ENGLISH)} w{int(source.paretovariate(0.6))}" for _ in range(count)]


TABLE = TermTable.fit(quiet(random.Random(1), 20_000))


def explained(texts: list[str], sources: list[str] | None = None) -> Explanation:
    recent = RecentTerms(TABLE)
    for first in range(0, len(texts), 500):
        batch = texts[first : first + 500]
        recent.take(batch, [f"s{first + at}" for at in range(len(batch))] if sources is None else sources[first : first + 500])
    return explain(TABLE, recent)


def named(terms: tuple[Term, ...]) -> set[str]:
    return {term.term for term in terms}


@pytest.mark.parametrize("seed", range(5))
def test_quiet_stream_explains_nothing(seed: int) -> None:
    """Fresh documents of the baseline's own population have no term that rose or fell."""
    found = explained(quiet(random.Random(100 + seed), 2000))
    assert (found.rose, found.fell) == ((), ())
    assert (found.documents, found.baseline_documents) == (2000, 20_000)


def test_planted_topic_is_explained() -> None:
    """3 % of documents of a new topic: its words rise, first of all, with shares and examples; nothing else does."""
    source = random.Random(7)
    found = explained([source.choice(NOVEL) + f" n{at}" if at % 33 == 0 else text for at, text in enumerate(quiet(source, 3000))])
    assert named(found.rose[:4]) == {"बजट", "संसद", "सत्र", "बहस"} | (named(found.rose[:4]) & {"पर"})
    assert named(found.rose) <= {word for text in NOVEL for word in words(text)}
    first = found.rose[0]
    assert first.before == 0
    assert first.after == pytest.approx(91 / 3000, rel=0.01)
    assert first.several_sources
    assert all(first.term in example for example in first.examples)
    assert len(first.examples) == 2


def test_language_that_went_is_explained() -> None:
    """Without English documents its words fell, named from the baseline."""
    source = random.Random(8)
    found = explained([f"{source.choice(HINDI)} w{int(source.paretovariate(0.6))}" for _ in range(2000)])
    assert named(found.fell) == {word for text in ENGLISH for word in words(text)}
    assert all(term.z < 0 and term.after == 0 < term.before for term in found.fell)


def test_lost_vowel_signs_are_explained() -> None:
    """2 % of documents without vowel signs: the stripped words rose."""
    source = random.Random(9)
    texts = quiet(source, 2000)
    for at in range(0, 2000, 50):
        texts[at] = "स कताब पढत ह"
    assert named(explained(texts).rose) == {"स", "कताब", "पढत", "ह"}


def test_spellings_add_up_to_a_family() -> None:
    """A romanised word in many rare spellings is one entry, named by its most frequent spelling, with the others beside."""
    source = random.Random(10)
    spellings = ["nahi", "nahi", "nahin", "nahee", "nahii", "naheen"]
    texts = quiet(source, 2000)
    for at in range(0, 2000, 40):
        texts[at] += " " + source.choice(spellings)
    found = explained(texts)
    assert [term.term for term in found.rose] == ["nahi"]
    assert set(found.rose[0].spellings) <= set(spellings) - {"nahi"}
    assert len(found.rose[0].spellings) >= 3
    assert found.rose[0].after == pytest.approx(0.025, rel=0.02)


def test_flood_of_one_source_comes_last() -> None:
    """Words of one source's flood stand behind those that several sources have, and are marked."""
    source = random.Random(11)
    texts, sources = quiet(source, 2000), [f"s{at}" for at in range(2000)]
    for at in range(2000):
        if at % 2 == 0:
            texts[at], sources[at] = f"offer cheap w{at}", "flooder"
        elif at % 99 == 0:
            texts[at] = NOVEL[at % 3]
    found = explained(texts, sources)
    several = [term.several_sources for term in found.rose]
    assert several == sorted(several, reverse=True)
    assert {"बजट", "संसद"} <= {term.term for term in found.rose if term.several_sources}
    assert not {"offer", "cheap"} & {term.term for term in found.rose if term.several_sources}
    # Half of all documents are the flood's: of what is counted they are too few to make the others' words fall.
    assert found.fell == ()


def test_at_most_k_terms() -> None:
    """No more than k terms rise or fall, the clearest ones."""
    source = random.Random(12)
    recent = RecentTerms(TABLE)
    recent.take([source.choice(NOVEL) for _ in range(400)], [f"s{at}" for at in range(400)])
    recent.take([f"{source.choice(NOVEL)} n{at}" for at in range(400)], [f"t{at}" for at in range(400)])
    every, few = explain(TABLE, recent), explain(TABLE, recent, k=2)
    assert few.rose == every.rose[:2]
    assert few.fell == every.fell[:2]
    assert len(few.rose) == len(few.fell) == 2


def test_without_documents_there_is_nothing_to_explain() -> None:
    """No recent documents, or no baseline: no terms."""
    assert explained([]) == Explanation(0, 20_000)
    empty = TermTable.fit([])
    recent = RecentTerms(empty)
    recent.take(["one"], ["s"])
    assert explain(empty, recent) == Explanation(1, 0)


def test_signed_root_is_a_standard_normal_without_a_change() -> None:
    """On equal shares z has mean 0 and standard deviation 1, so that a threshold means the same for every term."""
    rng = np.random.default_rng(1)
    z = signed_root(rng.binomial(4000, 0.02, 4000), 4000, rng.binomial(50_000, 0.02, 4000), 50_000)
    assert abs(z.mean()) < 0.1
    assert z.std() == pytest.approx(1, abs=0.05)
