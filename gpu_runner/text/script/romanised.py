"""Whether a text is Hindi in Latin letters, by its function words in any of their usual spellings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from gpu_runner.text.normalise import words

_LEAST_WORDS: Final = 3
# A quarter of the words are function words of Hindi, and a tenth are no words of English; or a fifth, two of them certain.
_SHARE: Final = 0.25
_CERTAIN_SHARE: Final = 0.1
_SHARE_OF_LONGER: Final = 0.2

# Long vowels are written double or not, `w` or `v`, `chh` or `ch`.
_SPELLINGS: Final = (("aa", "a"), ("ee", "i"), ("oo", "u"), ("w", "v"), ("chh", "ch"))


def _one_spelling(word: str) -> str:
    for written, kept in _SPELLINGS:
        word = word.replace(written, kept)
    return word


_HINDI: Final = frozenset(
    map(
        _one_spelling,
        words(
            "hai hain tha thi the thin ka ki ke ko mein main men se aur nahi nahin kya kaun kahan kab kyon kyun kaise yeh yah ye woh wo "
            "vah bhi par liye lie hota hoti hote hone hona kiya kiye gaya gayi gai gaye gae tak ne jo apne apna apni unke unka unki "
            "uske uska uski iske iska iski inke jiske jiska jab tab agar lekin magar phir fir abhi kabhi sab kuch koi kisi wala wali "
            "wale saath baad pehle pahle raha rahi rahe karna karne karta karti karte diya diye jata jati jate jaane jana hua hui hue "
            "hoon hun ho sakta sakti sakte chahiye mera meri mere tera teri tere hamara hamare tum aap hum ham unhe unhen unhone mujhe "
            "tumhe usne isne maine ek bahut jaise isliye dwara roop kar ya to na us is in un hamen lekar hokar yahan vahan bana ghar "
            "log din"
        ),
    )
)
# Those that are words or names of English, or of other languages in Latin letters, too: by themselves they tell nothing.
_NOT_HINDI_ALONE: Final = frozenset(
    map(
        _one_spelling,
        words(
            "the main par wo ne se tak ho ham hum to na us is in un ye tab jab sab kab hue hone mere ya kar tum lie log din fir hun "
            "hona bana jo men ka ki ke ko ek hui tera baad jaane jana aap saath roop kuch"
        ),
    )
)


def is_romanised_hindi(tokens: Sequence[str]) -> bool:
    """Whether enough of the tokens (`normalise.words`) are function words of Hindi in Latin letters, some of them none of English.

    >>> is_romanised_hindi("mujhe nahee pata vo kab aayega".split()), is_romanised_hindi("the main hall is in the old fort".split())
    (True, False)
    """
    latin = [_one_spelling(word) for word in tokens if word.isascii() and word.isalpha()]
    if len(latin) < _LEAST_WORDS:
        return False
    found = sum(word in _HINDI for word in latin) / len(latin)
    certain = sum(word in _HINDI and word not in _NOT_HINDI_ALONE for word in latin)
    return (certain >= _CERTAIN_SHARE * len(latin) and certain > 0 and found >= _SHARE) or (certain >= 2 and found >= _SHARE_OF_LONGER)
