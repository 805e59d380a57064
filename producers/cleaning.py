"""Personal numbers and addresses out of a submission's texts, names and ids, before there is an event."""

from __future__ import annotations

from collections import Counter

from producers.errors import SubmissionError
from producers.redaction.redact import redact
from schemas.identity import keyed_name, normalise_group
from schemas.json_marks import marks_as_strings


class Cleaner:
    """Redacts the texts of one submission and adds up what it took out in `counts`.

    `names_key` (the holdout key) hashes names that hold an identity number; without it such a name is refused.
    """

    def __init__(self, names_key: bytes | None) -> None:
        self.counts: Counter[str] = Counter()
        self._names_key = names_key

    def text(self, text: str) -> str:
        """A text without personal numbers and addresses."""
        redacted = redact(text)
        self.counts.update(redacted.counts)
        return redacted.text

    def json_text(self, text: str) -> str:
        """As `text`, of a text that may be JSON: what was JSON still is."""
        redacted = self.text(text)
        return text if redacted == text else marks_as_strings(redacted)

    def optional(self, text: str | None) -> str | None:
        """A text that may be absent."""
        return None if text is None else self.text(text)

    def name(self, field: str, name: str | None, limit: int, *, identity: str | None = None) -> str | None:
        """A name, or its keyed hash where it holds an identity number: a mark would make two names one. As stage 1 does it."""
        if name is None:
            return None
        redacted = self.text(name)
        if redacted == name:
            return name
        if self._names_key is None:
            raise SubmissionError(
                field, f"{field} holds an identity number, and names are hashed by a key that is not known here: set HOLDOUT_KEY"
            )
        return keyed_name(redacted, name if identity is None else identity, self._names_key, limit=limit)

    def group(self, name: str | None) -> str | None:
        """A source group: ways of writing it that are one group stay one."""
        return self.name("source_group", name, 500, identity=normalise_group(name or ""))


def opaque(field: str, value: str | None) -> str | None:
    """An id as it is; raises SubmissionError for one that names a person: it cannot be redacted, two people's would become one."""
    if value is None:
        return None
    found = redact(value).counts
    if "email" in found or "upi" in found:
        named = "an e-mail address" if "email" in found else "a UPI id"
        raise SubmissionError(field, f"{field} holds {named}: expected an opaque id (a person belongs into user)")
    return value
