"""Questions that mean nothing without the turns before them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final, Protocol

from consumers.collect.worth.words.roles import fold, folded

_WORD: Final = re.compile(r"[\w\u0900-\u0963\u0966-\u0dff\u200c\u200d'’]+")


class TurnRole(Protocol):
    """A message of a conversation, of which only the role is asked."""

    @property
    def role(self) -> str: ...


# They carry on what was said before.
_CONNECTS: Final = folded("and but or so then also plus again और लेकिन मगर या तो फिर तब aur lekin magar phir fir toh to or")
_REFERS: Final = folded(
    "it its he him his she her hers they them their theirs that this these those there one ones same "
    "उस उसको इसको उनको इनको उसका उसकी उसके उसे उसने उसमें उससे इस इसका इसकी इसके इसे इसने इसमें इससे उन उनका उनकी उनके उन्हें उन्होंने इन इनका इनकी "
    "इनके इन्हें वह वे वो यह ये वहाँ यहाँ "
    "us usko isko uska uski uske use usne usme usmein usse is iska iski iske ise isne isme ismein isse un unka unki unke unhe unhone in "
    "inka inki inke "
    "woh wo voh vah yeh ye yah wahan yahan"
)
# In an English question these refer; in Hindi ones they are other words.
_HINDI_ONLY: Final = folded("us use is un in")
# What a question has beside what it is about.
_FRAME: Final = folded(
    "what who whom whose when where why which how is are was were do does did can could will would shall should has have had the "
    "a an of in on at to "
    "for from by with about me tell please more much many far long old tall high be been not any some there say know give list "
    "name explain "
    "you i my we built made used called located open close closed start started end ended cost work works mean means happen happened get "
    "क्या क्यों कौन कब कहाँ कैसे कैसा कितना कितनी कितने किस किसने है हैं था थी थे का की के को में से पर ने और भी बताओ बताइए "
    "बताएँ कृपया हुआ हुई हुए करें होता होती "
    "सा सी से मुझे मैं एक बना बनी बने बनाया बनवाया लिखा लिखी गया गई "
    "kya kyun kyon kaun kab kahan kaise kaisa kitna kitni kitne kis kisne hai hain tha thi the ka ki ke ko me mein se par ne bhi "
    "batao bataiye "
    "kripya hua hui hue karein hota hoti sa si mujhe main ek bana bani bane banaya banwaya likha likhi gaya gayi"
)
_ACKNOWLEDGES: Final = folded(
    "yes no yeah yep nope ok okay sure thanks thank you please continue go on more next again right really correct true fine "
    "good great hello hi hey "
    "elaborate explain why how what when where who which same another "
    "हाँ हां नहीं जी ठीक है अच्छा ओके धन्यवाद शुक्रिया आगे और बताओ बताइए क्यों कैसे क्या कब कहाँ कौन कितना सही समझ गया नमस्ते "
    "haan han ha nahi nahin ji theek thik hai accha acha dhanyavad shukriya aage aur batao bataiye kyun kyon kaise kya kab kahan "
    "kaun kitna sahi namaste"
)
_ELLIPTIC: Final = re.compile(
    r"^\W*(?:what|how) about\b|^\W*tell me more\b|^\W*(?:go on|continue)\b|^\W*(?:और|aur) (?:बताओ|बताइए|batao|bataiye)\W*$", re.I
)
_SHORT: Final = 8


def needs_context(query: str, messages: Sequence[TurnRole] = ()) -> bool:
    """Whether the question means nothing by itself and `messages` have no turn before it; a query without words means nothing.

    >>> needs_context("And when was it built?"), needs_context("और उसकी ऊँचाई?"), needs_context("When was the Taj Mahal built?")
    (True, True, False)
    """
    return not _has_an_earlier_turn(messages) and _hangs(query)


def _has_an_earlier_turn(messages: Sequence[TurnRole]) -> bool:
    return sum(message.role in ("user", "assistant") for message in messages) > 1


def _hangs(query: str) -> bool:
    if query.count(" ") > 2 * _SHORT:
        return False
    raw = _WORD.findall(query[:400])
    if not raw:
        return True
    if len(raw) > _SHORT or len(query) > 400:
        return False
    words = [fold(word.lower()) for word in raw]
    if len(words) <= 4 and all(word in _ACKNOWLEDGES for word in words):
        return True
    named = any(word[0].isupper() or word[0].isdecimal() for word in raw[1:])
    if _ELLIPTIC.match(query):
        return True
    content = sum(word not in _FRAME and word not in _REFERS and word not in _CONNECTS for word in words)
    if words[0] in _CONNECTS:
        return len(words) <= 3 or (not named and content <= 2)
    hindi = not query.isascii() or any(word in _HINDI_FRAME for word in words)
    refers = any(word in _REFERS and (hindi or word not in _HINDI_ONLY) for word in words)
    return refers and not named and content <= 1


_HINDI_FRAME: Final = folded(
    "hai hain tha thi ka ki ke ko kya kab kahan kaun kaise kitna kitni kitne kisne mein uska uski uske iska iski iske"
)
