"""Hindi in Latin letters told from English: sentences transliterated in varying spellings, and sentences of the English web."""

from __future__ import annotations

import json
import random
import re
from typing import Any, Final

from bench.script.material import DATA, SENTENCE_END, paragraphs, stories
from gpu_runner.text.normalise import words
from gpu_runner.text.script import examine

SENTENCES: Final = 1_500
_SIGNS: Final = dict(zip("ािीुूृेैोौॉंँ", words("aa i ee u oo ri e ai o au o n n"), strict=True))
_VOWELS: Final = dict(zip("अआइईउऊऋएऐओऔऑ", words("a aa i ee u oo ri e ai o au o"), strict=True))
_CONSONANTS: Final = dict(
    zip(
        "कखगघङचछजझञटठडढणतथदधनपफबभमयरलवशषसह",
        words("k kh g gh n ch chh j jh n t th d dh n t th d dh n p ph b bh m y r l v sh sh s h"),
        strict=True,
    )
)
_SHORT: Final = {"aa": "a", "ee": "i", "oo": "u"}
_WORD: Final = re.compile("[\u0900-\u0963]+")


def transliterated(sentence: str, rng: random.Random) -> str:
    """As people type: long vowels doubled or not, the unspoken vowels left out."""
    return " ".join(_word(word.replace("\u093c", ""), rng) for word in _WORD.findall(sentence))


def _word(word: str, rng: random.Random) -> str:
    out = ""
    for place, char in enumerate(word):
        after = word[place + 1 : place + 2]
        if char in _CONSONANTS:
            out += _CONSONANTS[char]
            spoken = after and after not in _SIGNS and after != "\u094d"
            # The vowel in the middle of a word is silent before a consonant with a sign: `करना` is karna.
            silent = place > 0 and after in _CONSONANTS and word[place + 2 : place + 3] in _SIGNS
            out += "a" if (spoken and not silent) or len(word) == 1 else ""
        else:
            vowel = _SIGNS.get(char) or _VOWELS.get(char) or ""
            out += _SHORT[vowel] if vowel in _SHORT and rng.random() < 0.6 else vowel
    return out


def measured(seed: int) -> dict[str, Any]:
    """The share of transliterated sentences of the measured half that are told, and of English sentences that are."""
    rng = random.Random(seed)
    hindi = [*stories("test"), *(one for found in paragraphs("measured") for one in SENTENCE_END.split(found.text))]
    written = [transliterated(one, rng) for one in hindi]
    written = rng.sample([one for one in written if len(one.split()) >= 4], SENTENCES)
    lines = (DATA / "ewt" / "sentences.jsonl").read_text(encoding="utf-8").splitlines()
    english = [str(json.loads(line)["text"]) for line in lines]
    return {
        "sentences": len(written),
        "recall": round(sum(examine(one).romanised_hindi for one in written) / len(written), 4),
        "english": len(english),
        "false": sum(examine(one).romanised_hindi for one in english),
    }
