"""Who says what about what: the ids and names that producers, stages and tools have to compute alike. Pure.

A sample is identified by the frontend's source name, its user or none, and the frontend's own id of the feedback; a document by source name
and document id. The way in (HTTP, a file) is no part of it. Numbers that name a person are no part of a name either: a name that holds
one goes on under a keyed hash, so that two names stay two and nobody can test a guess.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import unicodedata
from typing import Final, Literal

from schemas.fields import SampleRef


def batch_sha256(samples: tuple[SampleRef, ...], documents: tuple[SampleRef, ...]) -> str:
    """The hash of a batch: over the sorted lines `<sample id>:<revision>` of samples, then of documents."""
    lines = [line for part in (samples, documents) for line in sorted(f"{ref.sample_id}:{ref.revision}\n" for ref in part)]
    return hashlib.sha256("".join(lines).encode()).hexdigest()


Kind = Literal["feedback", "document"]

# The source name of a frontend that gives none.
DEFAULT_SOURCE: Final = "/abhyas/frontend"
# Up to the release before, the way in was the source name of what named none itself.
FORMER_WAYS_IN: Final = ("/abhyas/gateway", "/abhyas/cli")
# The marks of `producers.redaction.redact`, in whose places a keyed name has its hash.
MARK: Final = re.compile(r"\[(?:AADHAAR|PAN|GSTIN|PHONE|EMAIL|UPI)\]")
# Of a name's hash, in letters: digits could read as a number again. 64 bits.
_HASH_LETTERS: Final = str.maketrans("0123456789abcdef", "abcdefghijklmnop")
_HASH_CHARACTERS: Final = 16


def frontend_of(source: str) -> str:
    """The source name that identifies: a way in counts as the default.

    >>> frontend_of("/abhyas/cli"), frontend_of("https://chat.example.in")
    ('/abhyas/frontend', 'https://chat.example.in')
    """
    return DEFAULT_SOURCE if source in FORMER_WAYS_IN else source


def sample_id(kind: Kind, source: str, identifier: str, user_hash: str | None = None) -> str:
    """The id of a feedback (by `ce_source`, user and feedback id) or a document (by `ce_source` and document id).

    >>> sample_id("feedback", "/abhyas/cli", "f1") == sample_id("feedback", "/abhyas/gateway", "f1")
    True
    >>> sample_id("feedback", "chat", "f1") == sample_id("feedback", "chat", "f1", "0" * 32)
    False
    """
    frontend = frontend_of(source)
    return (document_digest(frontend, identifier) if kind == "document" else feedback_digest(frontend, user_hash, identifier)).hex()


def feedback_digest(frontend: str, user_hash: str | None, identifier: str) -> bytes:
    """The id in 32 bytes, by `frontend_of` a source. Neither an identifier nor a hash holds a line break, so no two give the same text."""
    return _digest(f"feedback\n{frontend}\n{user_hash or ''}\n{identifier}")


def turn_digest(frontend: str, user_hash: str | None, conversation_id: str | None, turn_id: str) -> bytes:
    """What a turn and the feedback that names it have in common, in 32 bytes: whose it is (the user's, else the conversation's) and its id.

    >>> turn_digest("chat", None, "c1", "t1") == turn_digest("chat", "0" * 32, "c1", "t1")
    False
    """
    # Whoever has a user is keyed by it, whatever the conversation is called.
    return _digest(f"turn\n{frontend}\n{user_hash or ''}\n{'' if user_hash else conversation_id or ''}\n{turn_id}")


def document_digest(frontend: str, identifier: str) -> bytes:
    """The id of a document in 32 bytes."""
    return _digest(f"document\n{frontend}\n{identifier}")


def former_ids(kind: Kind, source: str, identifier: str) -> tuple[str, ...]:
    """The ids that the same event had up to the release before: by its way in or its own source, and of feedback whoever the user was.

    Empty where the id is the same: documents of a source of their own.

    >>> len(former_ids("feedback", "/abhyas/frontend", "f1")), former_ids("document", "chat", "d1")
    (2, ())
    """
    own = frontend_of(source)
    if own != DEFAULT_SOURCE:
        return () if kind == "document" else (_digest(f"feedback\n{own}\n{identifier}").hex(),)
    return tuple(_digest(f"{kind}\n{way}\n{identifier}").hex() for way in FORMER_WAYS_IN)


def keyed_name(redacted: str, identity: str, key: bytes, *, limit: int) -> str:
    """A name with a keyed hash of `identity` (the name as it came, in its normal form) where `redacted` has marks; at most `limit` long.

    Doing it again changes nothing: the hash is of letters.

    >>> keyed_name("counter [PHONE]", "counter 98765 43210", b"a key", limit=500)
    'counter #cclgoemadmpocfon'
    """
    hashed = hmac.new(key, b"name\n" + identity.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()
    told = "#" + hashed[:_HASH_CHARACTERS].translate(_HASH_LETTERS)
    name = MARK.sub(told, redacted)
    return name if told in name and len(name) <= limit else told


def normalise_group(text: str) -> str:
    """The same string for every way of writing a group's name: NFC, casefold, white space collapsed and stripped.

    Casefolding can leave NFC (and NFC can leave casefolded form), so the pair runs twice: afterwards the function is idempotent.

    >>> normalise_group("  Taj   MAHAL ")
    'taj mahal'
    """
    if text.isascii():
        return " ".join(text.casefold().split())
    for _ in range(2):
        text = unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold())
    return " ".join(text.split())


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
