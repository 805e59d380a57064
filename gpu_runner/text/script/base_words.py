"""The vocabulary that comes with the project: words of Hindi stories with their counts, and frequent words of the web without.

`base_words.json` is made again by `python -m bench.script.learn`. Source: midas-research/hindi-nli-data (HDA), the training split, MIT
licence. `web_words.json` is made again by `python -m bench.script.web_words`. Source: tesseract-ocr/tessdata_fast, Apache licence 2.0.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files
from typing import Any, Final

from gpu_runner.text.script.lexical import LexicalModel

# What a word of the web counts beside those of the stories: 1, 2 and 4 told damage alike on the calibration part of the data.
WEB_COUNT: Final = 2
_FILES: Final = ("base_words.json", "web_words.json")


def base_counts() -> Mapping[str, int]:
    """Folded word to count."""
    stories = {word: int(count) for count, words in _content("base_words.json")["words_by_count"].items() for word in words.split()}
    return Counter(stories) + Counter(dict.fromkeys(_content("web_words.json")["words"].split(), WEB_COUNT))


def signature() -> str:
    """What the words are held against, for reports: the hash of the vocabulary."""
    return f"words {hashlib.sha256(''.join(map(_text, _FILES)).encode()).hexdigest()[:12]}"


def _content(name: str) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(_text(name))
    return told


def _text(name: str) -> str:
    return (files(__package__) / name).read_text(encoding="utf-8")


@lru_cache(maxsize=1)
def base_model() -> LexicalModel:
    """The model of the base vocabulary, made once in a process (half a second); its memory of odds grows with the words it meets."""
    return LexicalModel(base_counts())
