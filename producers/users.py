"""From a raw user id to its hash: one normal form first, so that two ways of writing a name are one user."""

from __future__ import annotations

import hashlib
import hmac
import unicodedata
from functools import cache


def normal_user(user: str) -> str:
    """The normal form of a raw user id: NFC, without white space around it; empty where nothing is left.

    >>> normal_user(" asha\\n"), normal_user("\\u095b") == normal_user("\\u091c\\u093c")
    ('asha', True)
    """
    return unicodedata.normalize("NFC", user).strip()


def hash_user(key: bytes, user: str) -> str:
    """The `user_hash` of a raw user id: HMAC-SHA256 of its normal form in 64 hex digits; without the key nobody can test a guess.

    >>> hash_user(b"key", "user-7")[:16]
    'c5b90905942d8f34'
    """
    return _hash(key, normal_user(user))


def every_hash(key: bytes, user: str) -> tuple[str, ...]:
    """The hash of a user, then those that the release before made, which hashed a name as it was written.

    Of the ways to write it: as given, composed, decomposed, and composed where NFC does not (the Devanagari letters with a nukta), each
    with and without the white space around it.
    """
    written = [form for name in (normal_user(user), user) for form in (name, *_spellings(name))]
    return tuple(dict.fromkeys(_hash(key, form) for form in written))


def _spellings(name: str) -> tuple[str, ...]:
    composed, decomposed = unicodedata.normalize("NFC", name), unicodedata.normalize("NFD", name)
    whole = composed
    for pair, letter in _excluded().items():
        whole = whole.replace(pair, letter)
    return composed, decomposed, whole


@cache
def _excluded() -> dict[str, str]:
    """Letters of two code points that have one of their own, which normalisation takes apart and never puts together."""
    found = {}
    for code in range(0x0900, 0x0E00):
        pair = unicodedata.decomposition(chr(code)).split()
        if len(pair) == 2 and unicodedata.normalize("NFC", chr(code)) != chr(code):
            found["".join(chr(int(part, 16)) for part in pair)] = chr(code)
    return found


def _hash(key: bytes, name: str) -> str:
    return hmac.new(key, name.encode(), hashlib.sha256).hexdigest()
