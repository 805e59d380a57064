"""Two pools: a small one made up here, and the development data where it lies beside the checkout. And a peer that is this interpreter."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from bench.drift.streams.corpora import Passage
from bench.drift.streams.pools import DataAbsent, Pool, load, pool_of
from bench.peers.environments import Peer

CHILD = "tests.bench.drift.length_child"
STANDIN = Peer("stand-in", ())

NOUNS = ("किताबें", "नदियाँ", "लड़कियाँ", "दुकानें", "पहाड़", "कहानियाँ", "फ़सलें", "गाड़ियाँ")


@pytest.fixture(scope="session")
def small() -> Pool:
    """Sixteen articles in Hindi and English, ten sentences each, four English posts of one sentence, and forty lines of a story."""
    found: list[Passage] = []
    for number in range(16):
        for line in range(10):
            about = (f"article/{number}", f"{NOUNS[number % 8]} बहुत पुरानी हैं, लेख {number} पंक्ति {line}।")
            found.append(Passage(about[1], "hi", "xquad", f"hi/{number}", about[0]))
            found.append(Passage(f"Article {number} says in line {line} that it’s old.", "en", "xquad", f"en/{number}", about[0]))
    found += [Passage(f"Post number {post} is a short one.", "en", "ewt-weblog", f"post/{post}", "genre/weblog") for post in range(4)]
    found += [Passage(f"फिर {line} दिन बाद राजा ने रानी से कहा।", "hi", "hda", f"story/{line // 20}", "mode/narrative") for line in range(40)]
    return pool_of(found, seed=0)


@pytest.fixture(scope="session")
def pool() -> Pool:
    """The pool of ../shared/data; skips where that is absent."""
    try:
        return load()
    except DataAbsent as absent:
        pytest.skip(str(absent))


@pytest.fixture
def environments(tmp_path: Path) -> Path:
    """The stand-in's environment, already there: this interpreter."""
    folder = tmp_path / STANDIN.name
    (folder / "bin").mkdir(parents=True)
    python = folder / "bin" / "python"
    python.write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    python.chmod(0o755)
    (folder / ".ready").write_text("")
    return tmp_path
