"""The pool that streams are drawn from: every distinct short document of the development data, with what can befall it."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from bench.drift.streams.broken_text import mojibake, without_matras
from bench.drift.streams.corpora import Passage, passages
from bench.drift.streams.transliterate import transliterate

ROOT: Final = Path(__file__).parents[3]
DATA: Final = ROOT.parent / "shared" / "data"

LANGUAGES: Final = ("hi", "en", "hinglish")
HI, EN, HINGLISH = range(3)
Form = Literal["as published", "some matras lost", "all matras lost", "mojibake"]
FORMS: Final[tuple[Form, ...]] = ("as published", "some matras lost", "all matras lost", "mojibake")
SOME: Final = 0.02  # of all vowel signs of a document in that form

IntArray = NDArray[np.int32]


class DataAbsent(RuntimeError):
    """There is no development data beside the checkout; the message says where it is looked for."""


@dataclass(frozen=True, slots=True, repr=False)
class Pool:
    """Documents by number, source after source: `texts[i]`, and int32 columns of the same length, so that a stream is an array of numbers.

    `language` counts in LANGUAGES, `form` in FORMS, `source`, `group` and `corpus` in the names beside them. `original[i]` is the document
    that `i` was made of by transliteration or damage, `i` itself where it was not. Hinglish documents are "as published", with sources of
    their own and the groups of the Hindi documents that they transliterate, one for each.
    """

    texts: tuple[str, ...]
    language: IntArray
    corpus: IntArray
    source: IntArray
    group: IntArray
    form: IntArray
    original: IntArray
    corpora: tuple[str, ...]
    sources: tuple[str, ...]
    groups: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.texts)

    def published(self) -> IntArray:
        """The undamaged documents, source after source."""
        return np.flatnonzero(self.form == 0).astype(np.int32)

    def in_form(self, form: Form) -> IntArray:
        """For each document its number in this form; its own where the form changes nothing in it."""
        numbers = np.arange(len(self), dtype=np.int32)
        damaged = np.flatnonzero(self.form == FORMS.index(form))
        numbers[self.original[damaged]] = damaged
        return numbers

    def groups_named(self, prefix: str) -> tuple[int, ...]:
        """The groups whose name starts so: `article/` (XQuAD), `genre/` (EWT), `mode/` (HDA), `claim/` (WiCE)."""
        return tuple(number for number, name in enumerate(self.groups) if name.startswith(prefix))


def load(seed: int = 0, folder: Path = DATA) -> Pool:
    """The pool of ../shared/data, the same for the same seed; repeats of a text are left out. Takes seconds. Raises DataAbsent."""
    if not (folder / "README.md").exists():
        raise DataAbsent("no development data at ../shared/data beside this checkout")
    return pool_of(_distinct(passages(folder)), seed)


def pool_of(found: list[Passage], seed: int) -> Pool:
    """The pool of these passages: themselves, Hindi ones transliterated with spelling variation, then both with damage."""
    rng = np.random.default_rng([seed, 0x5E11])
    source_of = {name: number for number, name in enumerate(dict.fromkeys(passage.source for passage in found))}
    ordered = sorted(found, key=lambda passage: source_of[passage.source])  # stable: a source's own order stays
    corpora, groups = (tuple(dict.fromkeys(names)) for names in zip(*((p.corpus, p.group) for p in ordered), strict=True))
    texts = [passage.text for passage in ordered]
    corpus_of, group_of = ({name: number for number, name in enumerate(names)} for names in (corpora, groups))
    of_each = ((LANGUAGES.index(p.language), corpus_of[p.corpus], source_of[p.source], group_of[p.group]) for p in ordered)
    columns = [np.array(values, np.int32) for values in zip(*of_each, strict=True)]
    form, original = np.zeros(len(texts), np.int32), np.arange(len(texts), dtype=np.int32)

    def add(made: dict[int, str], number: int) -> None:
        nonlocal form, original
        of = np.fromiter(made, np.int32)
        texts.extend(made.values())
        for place, column in enumerate(columns):
            columns[place] = np.concatenate([column, column[of]])
        form, original = np.concatenate([form, np.full(len(of), number, np.int32)]), np.concatenate([original, of])

    hindi = np.flatnonzero(columns[0] == HI).tolist()
    romanised = {i: text for i in hindi if (text := transliterate(texts[i], rng)) != texts[i]}
    plain = len(texts)
    add(romanised, 0)
    columns[0][plain:] = HINGLISH
    columns[2][plain:] += len(source_of)
    for share, lost in ((SOME, "some matras lost"), (1.0, "all matras lost")):
        add({i: text for i in hindi if (text := without_matras(texts[i], share, rng)) != texts[i]}, FORMS.index(lost))
    add({i: mojibake(texts[i]) for i in range(plain) if not texts[i].isascii()}, FORMS.index("mojibake"))
    sources = (*source_of, *(f"{name} (hinglish)" for name in source_of))
    language, corpus, source, group = columns
    return Pool(tuple(texts), language, corpus, source, group, form, original, corpora, sources, groups)


def _distinct(found: Iterable[Passage]) -> list[Passage]:
    """The first passage of each text, case and Unicode form aside."""
    return list({unicodedata.normalize("NFC", passage.text).casefold(): passage for passage in reversed(list(found))}.values())[::-1]
