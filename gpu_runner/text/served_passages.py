"""The passages that a conversation carries, in the forms in which they are served: numbered, and between tags."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

# As `dataset.conversation.with_passages` writes them: "[1] …", a blank line, "[2] …", a blank line, the question.
_START: Final = re.compile(r"(?:\A|(?<=\n\n))\[(\d{1,3})\] ")
_TAGGED: Final = re.compile(
    r"<(context|passage|passages|document|documents|source|sources)(?:\s[^>]*)?>\s*(.*?)\s*</\1>", re.DOTALL | re.IGNORECASE
)


def served_passages(messages: Iterable[Mapping[str, Any]]) -> tuple[str, ...]:
    """The passages of the system's and the user's turns, each once, in order; empty where none is marked as one.

    What a turn says beside its passages is no source: an instruction, a question, what somebody claims.

    >>> served_passages([{"role": "user", "content": "[1] It is in Agra.\\n\\n[2] It is white.\\n\\nWhere is it?"}])
    ('It is in Agra.', 'It is white.')
    >>> served_passages([{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Where is it?"}])
    ()
    """
    found: dict[str, None] = {}
    for message in messages:
        content = message.get("content")
        if message.get("role") in ("system", "user") and isinstance(content, str):
            found |= dict.fromkeys(_numbered(content))
            found |= dict.fromkeys(match[2] for match in _TAGGED.finditer(content) if match[2])
    return tuple(found)


def _numbered(content: str) -> list[str]:
    """Passages that are numbered from 1 without a gap; a blank line ends the last one, for behind it stands the question."""
    starts = list(_START.finditer(content))
    found: list[str] = []
    for number, match in enumerate(starts, 1):
        if int(match[1]) != number:
            return []
        end = starts[number].start() if number < len(starts) else content.rfind("\n\n", match.end())
        found.append(content[match.end() : end if end >= 0 else len(content)].strip())
    return [passage for passage in found if passage]
