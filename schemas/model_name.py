"""From the name that people and servers give a model to the slug that events, keys and folders have.

One rule for every way in: feedback, documents, the operator's commands, DEFAULT_MODEL, a base model's name.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Annotated, Any, Final

from pydantic import BeforeValidator

from schemas.fields import ModelId

MAX_SLUG: Final = 100
# Longer than any name of a hub, a server or a folder.
_MAX_NAME: Final = 300
EXPECTED: Final = f"expected a model's name, with 1 to {MAX_SLUG} letters, digits, '.', '_' or '-' after its last slash"

_SLUG: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,99}")
_OTHERS: Final = re.compile(r"[^a-z0-9._-]+")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_REVISION: Final = re.compile(r"@[0-9a-f]{40}$")
# The one name of a base model whose slug is older than the rule: the folder in the artifact store is called so.
_OLDER: Final = {"mistralai/mistral-nemo-instruct-2407-awq": "mistral-nemo-instruct-awq"}


@lru_cache(4096)
def model_slug(name: str) -> str:
    """The slug of a name: its part after the last slash, in lower case, each run of other characters than a-z 0-9 . _ - as one hyphen.

    A slug is its own; a pinned revision (`@` and 40 hex digits) is no part of a name. Two names that differ in what the rule takes out are
    one model. Raises ValueError for a name of which nothing is left, or more than 100 characters.

    >>> model_slug("llama3.1:8b"), model_slug("openai/gpt-4o"), model_slug("Meta-Llama/Llama 3.1 (8B)")
    ('llama3.1-8b', 'gpt-4o', 'llama-3.1-8b')
    """
    if _SLUG.fullmatch(name):
        return name
    if len(name) > _MAX_NAME or _CONTROL.search(name):
        raise ValueError(EXPECTED)
    whole = _REVISION.sub("", name.strip().lower())
    slug = _OLDER.get(whole) or _OTHERS.sub("-", whole.rstrip("/").rpartition("/")[2]).strip("-._")
    if not _SLUG.fullmatch(slug):
        raise ValueError(EXPECTED)
    return slug


def _slug_of(value: Any) -> Any:
    return model_slug(value) if isinstance(value, str) else value


# A model as it is named from outside; inside it is its slug.
NamedModel = Annotated[ModelId, BeforeValidator(_slug_of)]
