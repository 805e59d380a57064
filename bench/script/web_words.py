"""`python -m bench.script.web_words FILE`: the frequent words of the Hindi web, from the word list in Tesseract's model (Apache 2.0).

FILE is `hin.traineddata` of Debian's package `tesseract-ocr-hin`. The list is older than XQuAD, and nothing of XQuAD is in it.
"""

from __future__ import annotations

import argparse
import json
import struct
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from gpu_runner.text.script.letters import folded, placed_words
from gpu_runner.text.script.structure import word_fault

OUT: Final = Path(__file__).parents[2] / "gpu_runner" / "text" / "script" / "web_words.json"
# Parts of a traineddata file (tesseract's tessdatamanager.h).
_WORDS: Final = 19
_CHARACTERS: Final = 21
# An edge of its word graph (dawg.h): the letter in the lowest bits, then these flags, then the node that it leads to.
_LAST, _BACKWARD, _WORD_END = 1, 2, 4
_FLAGS: Final = 3
_ROOT: Final = 0


def parts(data: bytes) -> dict[int, bytes]:
    """The parts of a traineddata file by their number."""
    (count,) = struct.unpack_from("<i", data)
    starts = struct.unpack_from(f"<{count}q", data, 4)
    ends = [*sorted(start for start in starts if start >= 0), len(data)]
    return {number: data[start : ends[ends.index(start) + 1]] for number, start in enumerate(starts) if start >= 0}


def words_in(graph: bytes, letters: Sequence[str]) -> Iterator[str]:
    """Every word of a word graph whose letters are numbers in `letters`."""
    _, size, count = struct.unpack_from("<hii", graph)
    edges = struct.unpack_from(f"<{count}Q", graph, 10)
    width = size.bit_length()
    open_nodes = [(_ROOT, "")]
    while open_nodes:
        edge, before = open_nodes.pop()
        while True:
            flags, onward = edges[edge] >> width, edges[edge] >> (width + _FLAGS)
            if not flags & _BACKWARD:
                word = before + letters[edges[edge] & ((1 << width) - 1)]
                if flags & _WORD_END:
                    yield word
                if onward:
                    open_nodes.append((onward, word))
            if flags & _LAST:
                break
            edge += 1


def vocabulary(data: bytes) -> dict[str, Any]:
    """The folded words of Devanagari that have no fault, with the source."""
    found = parts(data)
    letters = [line.split(" ")[0] for line in found[_CHARACTERS].decode().splitlines()[1:]]
    words = {
        folded(word)
        for word in words_in(found[_WORDS], letters)
        if [placed.word for placed in placed_words(word)] == [word] and word_fault(word) is None
    }
    return {
        "source": "tesseract-ocr/tessdata_fast, hin.traineddata (Debian: tesseract-ocr-hin): frequent words of the Hindi web",
        "licence": "Apache-2.0, Copyright 2006-2022 Google Inc., 1988-1995 Hewlett Packard Company",
        "made_by": "python -m bench.script.web_words /usr/share/tesseract-ocr/5/tessdata/hin.traineddata",
        "words": " ".join(sorted(words)),
    }


def main() -> None:
    """Read and write."""
    parser = argparse.ArgumentParser(prog="python -m bench.script.web_words", description=__doc__)
    parser.add_argument("file", type=Path, metavar="FILE", help="hin.traineddata")
    parser.add_argument("--out", type=Path, default=OUT, help="where the words go (default: where the project reads them)")
    options = parser.parse_args()
    text = json.dumps(vocabulary(options.file.read_bytes()), ensure_ascii=False, indent=0) + "\n"
    options.out.write_text(text, encoding="utf-8")
    print(f"{options.out}: {len(text.encode()) / 1000:.0f} kB")


if __name__ == "__main__":
    main()
