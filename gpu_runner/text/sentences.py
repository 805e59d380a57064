"""Splits Hindi and English text into sentences: danda, question and exclamation marks, line ends, and full stops that end one."""

from __future__ import annotations

import re

_BREAK = re.compile(r"(?:[।॥?!]+[\"'”’)\]]*|\.[\"'”’)\]]*(?=\s|$)|\n+)")
# A full stop after one of these, or after a single letter or a digit run that starts a line, does not end a sentence.
_ABBREVIATIONS = frozenset(
    [
        *("dr", "mr", "mrs", "ms", "st", "no", "vs", "etc", "e.g", "i.e", "prof", "gen", "sr", "jr", "vol", "fig", "c", "ca"),
        *("approx", "rs"),
        *("डॉ", "श्री", "प्रो", "पं", "सं", "कि.मी", "कि.ग्रा", "रु", "ई.पू", "मि", "से.मी", "वि.सं", "स्व"),
    ]
)


def split_sentences(text: str) -> tuple[str, ...]:
    """The sentences of a text in order, each with its end mark and without outer white space; nothing is lost but white space.

    >>> split_sentences("डॉ. भाभा मुंबई में थे। It opened in 1910. Dr. Rao ran it.")
    ('डॉ. भाभा मुंबई में थे।', 'It opened in 1910.', 'Dr. Rao ran it.')
    """
    out: list[str] = []
    start = 0
    for found in _BREAK.finditer(text):
        if found.group().startswith(".") and not _ends_sentence(text, start, found.start(), found.end()):
            continue
        out.append(" ".join(text[start : found.end()].split()))
        start = found.end()
    out.append(" ".join(text[start:].split()))
    return tuple(sentence for sentence in out if sentence)


def _ends_sentence(text: str, start: int, stop: int, end: int) -> bool:
    before = text[start:stop].split()
    word = before[-1].strip("\"'“‘([").casefold() if before else ""
    if not word or word in _ABBREVIATIONS or len(word) == 1 or (word.isdecimal() and len(before) == 1):
        return False
    following = text[end:].lstrip()
    return not following or not following[0].islower()
