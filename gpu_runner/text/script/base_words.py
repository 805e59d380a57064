"""The vocabulary that comes with the project: words of Hindi stories with their counts, from `base_words.json`.

Made again by `python -m bench.script.learn`. Source: midas-research/hindi-nli-data (HDA), the training split, MIT licence.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files

from gpu_runner.text.script.lexical import LexicalModel


def base_counts() -> Mapping[str, int]:
    """Folded word to count."""
    told = json.loads((files(__package__) / "base_words.json").read_text(encoding="utf-8"))
    return {word: int(count) for count, words in told["words_by_count"].items() for word in words.split()}


@lru_cache(maxsize=1)
def base_model() -> LexicalModel:
    """The model of the base vocabulary, made once in a process (half a second); its memory of odds grows with the words it meets."""
    return LexicalModel(base_counts())
