"""Words out of Tesseract's word graph."""

from __future__ import annotations

import json
import struct

from bench.script.web_words import OUT, parts, vocabulary, words_in


def _file(letters: list[str], edges: list[int]) -> bytes:
    graph = struct.pack("<hii", 42, len(letters), len(edges)) + struct.pack(f"<{len(edges)}Q", *edges)
    characters = "\n".join([str(len(letters)), *(f"{letter} 1" for letter in letters)]).encode()
    starts = [-1] * 22
    head = 4 + 8 * len(starts)
    starts[19], starts[21] = head, head + len(graph)
    return struct.pack("<i", len(starts)) + struct.pack(f"<{len(starts)}q", *starts) + graph + characters


def _edge(letter: int, onward: int, *, last: bool = False, word_end: bool = False, backward: bool = False) -> int:
    return letter | (last | backward << 1 | word_end << 2) << 3 | onward << 6


def test_words_are_read_from_the_graph() -> None:
    """Every way to an edge that ends a word, forward edges alone; what is no word of Devanagari, or a faulty one, is left out."""
    letters = ["क", "म", "ल", "ा", "a"]
    edges = [
        _edge(0, 3), _edge(3, 3), _edge(4, 0, last=True, word_end=True),  # क or ा, then a node; the word "a"
        _edge(1, 5, word_end=True), _edge(2, 0, last=True, backward=True),  # क+म is a word
        _edge(2, 0, last=True, word_end=True),  # and क+म+ल
    ]  # fmt: skip
    data = _file(letters, edges)
    assert sorted(words_in(parts(data)[19], letters)) == ["a", "कम", "कमल", "ाम", "ामल"]
    assert vocabulary(data)["words"] == "कम कमल"


def test_the_words_say_where_they_are_from() -> None:
    """Less than 400 kB, with source and licence, folded and without repetition."""
    told = json.loads(OUT.read_text(encoding="utf-8"))
    assert OUT.stat().st_size < 400_000
    assert "tesseract" in told["source"]
    assert told["licence"].startswith("Apache-2.0, Copyright")
    words = told["words"].split()
    assert words == sorted(set(words))
    assert len(words) == 12_175
