"""Hindi in Latin letters."""

from __future__ import annotations

import doctest
import unicodedata

import numpy as np
import pytest

import bench.drift.streams.broken_text
import bench.drift.streams.corpora
import bench.drift.streams.planted
import bench.drift.streams.transliterate
from bench.drift.streams.pools import HINGLISH, Pool
from bench.drift.streams.transliterate import spellings, transliterate


@pytest.mark.parametrize(
    "module",
    [bench.drift.streams.broken_text, bench.drift.streams.corpora, bench.drift.streams.planted, bench.drift.streams.transliterate],
    ids=lambda module: module.__name__,
)
def test_the_examples_of_the_docstrings_hold(module: object) -> None:
    """Each module has examples, and they are true."""
    found = doctest.testmod(module)  # type: ignore[arg-type]
    assert found.attempted
    assert not found.failed


@pytest.mark.parametrize(
    ("hindi", "latin"),
    [
        ("जनता", "janta"),  # a medial schwa falls
        ("बदल", "badal"),  # not beside one that fell at the end
        ("समझना", "samajhna"),
        ("सत्य", "satya"),  # kept after a conjunct that cannot be said without it
        ("धर्म", "dharm"),
        ("प्रिय", "priya"),
        ("संबंध", "sambandh"),  # anusvara is m before a labial
        ("पाँच", "paanch"),
        ("अंग्रेज़ी", "angrezi"),  # nukta
        ("पढ़ाई", "padhai"),
        ("राष्ट्र", "rashtra"),
        ("क्षमा", "kshama"),
        ("यज्ञ", "yagya"),
        ("दुःख", "dukh"),
        ("१९४७।", "1947."),
        ("हैं", "hain"),
    ],
)
def test_usual_spellings(hindi: str, latin: str) -> None:
    """A word is typed as most people type it, in whichever Unicode form it comes."""
    assert transliterate(hindi) == latin
    assert transliterate(unicodedata.normalize("NFD", hindi)) == latin


def test_writers_differ() -> None:
    """Six words in ten are spelt as usual, the others in every other way that there is; a seed tells which."""
    ways = spellings("आवाज़")
    text = transliterate("आवाज़ " * 2_000, np.random.default_rng(3)).split()
    assert {*text} == {*ways}
    assert 0.56 < text.count(ways[0]) / len(text) < 0.64
    assert text == transliterate("आवाज़ " * 2_000, np.random.default_rng(3)).split()


def test_only_hindi_changes() -> None:
    """Latin words, digits and punctuation stay."""
    assert transliterate("NASA के Apollo-11 में 3 लोग थे!") == "NASA ke Apollo-11 mein 3 log the!"


def test_nothing_devanagari_is_left_in_ordinary_text(pool: Pool) -> None:
    """Of all Hinglish documents of the pool not one holds a Devanagari letter."""
    hinglish = np.flatnonzero(pool.language == HINGLISH)
    assert len(hinglish) > 5_000
    assert not [pool.texts[i] for i in hinglish if any("\u0900" <= letter <= "\u097f" for letter in pool.texts[i])]
