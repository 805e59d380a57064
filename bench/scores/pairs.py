"""Hindi sentences, each with what a model might have answered in its place: the same to a reader, or something else."""

from __future__ import annotations

import random
import unicodedata
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from gpu_runner.dataset.formats.squad import load_squad
from gpu_runner.text.sentences import split_sentences

SENTENCES: Final = 400
_DIGITS: Final = str.maketrans("0123456789", "०१२३४५६७८९")

SAME: Final[dict[str, Callable[[str], str]]] = {
    "the same text": lambda text: text,
    "a space before the danda": lambda text: text.replace("।", " ।"),
    "without the danda": lambda text: text.replace("।", ""),
    "digits of the other script": lambda text: text.translate(_DIGITS),
    "joiners after viramas": lambda text: text.replace("\u094d", "\u094d\u200d"),
    "in NFC": lambda text: unicodedata.normalize("NFC", text),
}
OTHER: Final = "another sentence"


def sentences(path: Path, seed: int = 0) -> list[str]:
    """So many sentences of 8 words or more that hold a digit or a nukta letter where there are enough, in a fixed order."""
    found = [sentence for paragraph in load_squad(path).paragraphs for sentence in split_sentences(paragraph.text)]
    long = sorted({sentence for sentence in found if len(sentence.split()) >= 8})
    random.Random(seed).shuffle(long)
    telling = [text for text in long if any(char.isdigit() or unicodedata.decomposition(char) for char in text)]
    return [*telling, *(text for text in long if text not in set(telling))][:SENTENCES]


def pairs(references: Sequence[str]) -> dict[str, list[tuple[str, str]]]:
    """Answer and reference of each kind; another sentence is the next one."""
    found = {name: [(change(text), text) for text in references] for name, change in SAME.items()}
    return found | {OTHER: [(references[(place + 1) % len(references)], text) for place, text in enumerate(references)]}
