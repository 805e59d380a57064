"""The explanation by terms that rose and fell."""

from __future__ import annotations

import random

import numpy as np
import pytest

from consumers.drift.terms.evidence import signed_root
from consumers.drift.terms.explain import Explanation, Term, explain
from consumers.drift.terms.recent import RecentTerms
from consumers.drift.terms.table import TermTable
from consumers.drift.text.words import words

HINDI = [first + second + third for first in ("का", "मी", "सु", "रो", "ति") for second in "नलतप" for third in ("", "ना", "की", "यों")]
ENGLISH = [first + second + third for first in ("th", "b", "str", "l") for second in "aeiou" for third in ("t", "st", "ck", "m")]
NOVEL = ["बजट सत्र संसद", "संसद में बजट", "बजट पर बहस संसद"]


def quiet(source: random.Random, count: int, english: float = 0.3) -> list[str]:
    """Documents of a stationary population: words of one language, some frequent and some rare, and a tail of names."""
    texts = []
    for _ in range(count):
        words = ENGLISH if source.random() < english else HINDI
        said = [words[min(int(source.paretovariate(0.8)), len(words)) - 1] for _ in range(source.randint(6, 10))]
        texts.append(" ".join([*said, *(f"w{source.randrange(100_000)}" for _ in range(source.randrange(2)))]))
    return texts


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
    assert 1900 < found.documents <= 2000
    assert found.baseline_documents == 20_000


def test_planted_topic_is_explained() -> None:
    """3 % of documents of a new topic: its words rise, first of all, with shares and examples; nothing else does."""
    source = random.Random(7)
    found = explained([source.choice(NOVEL) + f" n{at}" if at % 33 == 0 else text for at, text in enumerate(quiet(source, 3000))])
    assert {"बजट", "संसद"} <= named(found.rose[:3])
    assert len(found.rose) >= 5
    assert named(found.rose) <= {word for text in NOVEL for word in words(text)}
    first = found.rose[0]
    assert first.before == 0
    assert first.after == pytest.approx(91 / 3000, rel=0.1)
    assert first.kind == "word"
    assert first.confidence > 0.99
    assert all(first.term in example for example in first.examples)
    assert len(first.examples) == 2


def test_language_that_went_is_explained() -> None:
    """Without English documents its words fell, named from the baseline."""
    source = random.Random(8)
    found = explained(quiet(source, 2000, english=0.0))
    fell = [term for term in found.fell if term.term in ENGLISH]
    assert len(fell) >= 18
    assert all(term.z < 0 and term.after == 0 < term.before for term in fell)


def test_lost_vowel_signs_are_explained() -> None:
    """2 % of documents without vowel signs: the stripped words rose."""
    source = random.Random(9)
    texts = quiet(source, 2000)
    for at in range(0, 2000, 50):
        texts[at] = f"स कताब पढत ह n{at}"
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
    assert found.rose[0].after == pytest.approx(0.025, rel=0.1)


def test_flood_of_one_source_explains_little() -> None:
    """Half of all documents are one source's flood: what several sources say comes first, and nothing else seems to have fallen."""
    source = random.Random(11)
    texts, sources = quiet(source, 2000), [f"s{at}" for at in range(2000)]
    for at in range(2000):
        if at % 2 == 0:
            texts[at], sources[at] = f"offer cheap w{at}", "flooder"
        elif at % 49 == 0:
            texts[at] = f"{NOVEL[at % 3]} n{at}"
    found = explained(texts, sources)
    order = [term.term for term in found.rose]
    assert set(order[:2]) == {"बजट", "संसद"}
    assert all(term.after < 0.05 for term in found.rose if term.term in ("offer", "cheap"))
    assert found.fell == ()


def test_rare_unseen_words_are_told_by_their_shape() -> None:
    """Each misread word is there once; that misread words came at all tells them, and that they did not come before."""
    source = random.Random(13)
    texts = quiet(source, 2000)
    misread = [f"क{first}{second}".encode().decode("cp1252", "replace").lower() for first in "खगघचज" for second in "टठडढत"]
    for at, word in enumerate(misread):
        texts[at * 70] += " " + word
    found = explained(texts)
    assert named(found.rose) <= set(misread)
    assert len(found.rose) >= 15
    assert {term.kind for term in found.rose} == {"shape"}


def test_newest_documents_alone() -> None:
    """With the length of an alarm's window only that part of the record is looked at."""
    source = random.Random(14)
    recent = RecentTerms(TABLE)
    for first in range(0, 3000, 500):
        recent.take(quiet(source, 500), [f"s{first + at}" for at in range(500)])
    recent.take([f"{source.choice(NOVEL)} n{at}" for at in range(500)], [f"t{at}" for at in range(500)])
    every, newest = explain(TABLE, recent), explain(TABLE, recent, documents=500)
    assert 3400 < every.documents <= 3500
    assert 500 <= newest.documents < 1500
    assert newest.rose[0].after > 2 * every.rose[0].after


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


def test_of_one_languages_drift_its_terms_are_told() -> None:
    """Where one language alone drifted, what rose and fell in the other beside it is not told."""
    source = random.Random(21)
    texts = quiet(source, 2000)
    for at in range(0, 2000, 20):
        texts[at] += " संसद parliament"
    assert {language: named(rose_and_fell(texts, language).rose) for language in ("hi", "en", None)} == {
        "hi": {"संसद"},
        "en": {"parliament"},
        None: {"संसद", "parliament"},
    }
    without_english = quiet(source, 2000, english=0.0)
    assert rose_and_fell(without_english, "hi").fell == ()
    assert len(rose_and_fell(without_english, "en").fell) >= 18


def rose_and_fell(texts: list[str], language: str | None) -> Explanation:
    recent = RecentTerms(TABLE)
    recent.take(texts, [f"s{at}" for at in range(len(texts))])
    return explain(TABLE, recent, language=language)
