"""Variants and near-duplicates of a question, made by program: what a reader takes for the same text, and what nearly repeats it."""

from __future__ import annotations

import random
import unicodedata
from collections.abc import Callable
from typing import Final

Edit = Callable[[str, random.Random], str | None]

_DEVANAGARI_DIGITS: Final = str.maketrans("0123456789", "०१२३४५६७८९")
_BENGALI_DIGITS: Final = str.maketrans("0123456789", "০১২৩৪৫৬৭৮৯")
_NUKTA: Final = "\u093c"
_VIRAMA: Final = "\u094d"


def _changed(text: str, made: str) -> str | None:
    return made if made != text else None


def joiners(text: str, rng: random.Random) -> str | None:
    """Zero-width joiners and non-joiners after viramas, else zero-width spaces in words."""
    if _VIRAMA in text:
        return text.replace(_VIRAMA, _VIRAMA + rng.choice("\u200c\u200d"))
    return "\u200b".join((text[:3], text[3:-3], text[-3:]))


def nuktas(text: str, rng: random.Random) -> str | None:
    """Without nuktas, in decomposed form."""
    return _changed(text, unicodedata.normalize("NFC", unicodedata.normalize("NFD", text).replace(_NUKTA, "")))


def digits(text: str, rng: random.Random) -> str | None:
    """Digits of another script."""
    return _changed(text, text.translate(rng.choice((_DEVANAGARI_DIGITS, _BENGALI_DIGITS))))


def spacing(text: str, rng: random.Random) -> str | None:
    """Other white space, more of it, and some before the end mark."""
    return "  " + text.replace(" ", rng.choice(("  ", "\u00a0", "\t"))).replace("?", " ?") + "\n"


def joined_words(text: str, rng: random.Random) -> str | None:
    """Two neighbouring words written as one."""
    words = text.split()
    places = [place for place in range(len(words) - 1) if words[place].isalpha() and words[place + 1].isalpha()] if text.isascii() else []
    if not places:
        return None
    place = rng.choice(places)
    return " ".join((*words[:place], words[place] + words[place + 1], *words[place + 2 :]))


def punctuation(text: str, rng: random.Random) -> str | None:
    """Other end marks, quotes about it."""
    return rng.choice(("{}", "“{}”", "- {}")).format(text.rstrip(" ?।.") + rng.choice(("", "??", "।", " ...")))


def case(text: str, rng: random.Random) -> str | None:
    """Small or large letters."""
    return _changed(text, rng.choice((text.lower(), text.upper())))


def forms(text: str, rng: random.Random) -> str | None:
    """Decomposed Unicode."""
    return _changed(text, unicodedata.normalize("NFD", text))


def full_width(text: str, rng: random.Random) -> str | None:
    """Full-width letters, as an input method leaves them."""
    return "".join(chr(ord(char) + 0xFEE0) if char.isascii() and char.isalnum() else char for char in text) if text.isascii() else None


VARIANTS: Final[dict[str, Edit]] = {
    "joiners": joiners, "nukta": nuktas, "digits": digits, "spacing": spacing, "joined words": joined_words, "punctuation": punctuation,
    "case": case, "Unicode form": forms, "full width": full_width,
}  # fmt: skip


def dropped(text: str, rng: random.Random) -> str | None:
    """Without one word, of six and more."""
    words = text.split()
    if len(words) < 6:
        return None
    place = rng.randrange(len(words))
    return " ".join((*words[:place], *words[place + 1 :]))


_ADDED: Final = {
    "en": ("actually", "exactly", "historically", "officially", "originally", "please"),
    "hi": ("वास्तव में", "आखिर", "मूल रूप से", "ठीक", "आधिकारिक तौर पर", "कृपया"),
}


def added(text: str, rng: random.Random) -> str | None:
    """With a word or two more, anywhere."""
    words = text.split()
    place = rng.randrange(1, len(words))
    more = rng.choice(_ADDED["en" if text.isascii() else "hi"])
    return " ".join((*words[:place], more, *words[place:]))


def slipped(text: str, rng: random.Random) -> str | None:
    """With a slip of the pen in a word of five letters and more: a letter missing, twice, or swapped with its neighbour."""
    words = text.split()
    places = [place for place, word in enumerate(words) if len(word.strip("?।,.")) >= 5 and not any(map(str.isdigit, word))]
    if not places:
        return None
    place = rng.choice(places)
    word = words[place]
    at = rng.randrange(1, len(word.rstrip("?।,.")) - 2)
    made = rng.choice((word[:at] + word[at + 1 :], word[:at] + word[at] + word[at:], word[:at] + word[at + 1] + word[at] + word[at + 2 :]))
    return _changed(text, " ".join((*words[:place], made, *words[place + 1 :])))


def swapped(text: str, rng: random.Random) -> str | None:
    """With two neighbouring words in the other order."""
    words = text.rstrip("?। ").split()
    place = rng.randrange(len(words) - 1)
    words[place], words[place + 1] = words[place + 1], words[place]
    return _changed(text, " ".join(words) + "?")


NEAR: Final[dict[str, Edit]] = {"word dropped": dropped, "word added": added, "slip of the pen": slipped, "order swapped": swapped}
