"""The firewall between the holdout and training: which candidates give a held-out item away, by words and, where it can, by meaning."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from gpu_runner.dataset.firewall.embedder import OFF, Embedder
from gpu_runner.dataset.firewall.lexical import LexicalIndex
from gpu_runner.dataset.firewall.questions import HeldOut, Hit, TrainingQuestion
from gpu_runner.dataset.firewall.semantic import SemanticIndex


class Firewall:
    """Compares candidates with held-out items; `known` are (question, answer) of everything else, candidates included.

    Without an `embedder` paraphrases and translations are not looked for, and `as_dict` says so. A candidate that was compared once is
    remembered.
    """

    def __init__(self, held_out: Iterable[HeldOut], known: Iterable[tuple[str, str]], embedder: Embedder | None = None) -> None:
        self._held = tuple(held_out)
        self._known = tuple(known)
        self._embedder = embedder
        self._lexical = LexicalIndex(self._held, self._known)
        self._semantic: SemanticIndex | None = None
        self._found: dict[TrainingQuestion, Hit | None] = {}
        self._by_meaning: set[TrainingQuestion] = set()

    def screen(self, candidates: Iterable[TrainingQuestion], *, by_meaning: bool = True) -> list[Hit | None]:
        """For each candidate the held-out item that it gives away; `by_meaning` asks the embedder about those that words let pass."""
        candidates = list(candidates)
        new = [one for one in dict.fromkeys(candidates) if one not in self._found]
        self._found.update(zip(new, self._lexical.hits(new), strict=True))
        if by_meaning and self._embedder is not None and self._held:
            unasked = [one for one in dict.fromkeys(candidates) if self._found[one] is None and one not in self._by_meaning]
            self._by_meaning.update(unasked)
            self._found.update(zip(unasked, self._semantic_index(self._embedder).hits(unasked), strict=True))
        return [self._found[one] for one in candidates]

    def exact(self, question: str, context: str = "") -> Hit | None:
        """The held-out item that a wording spells, in the same or in a variant way."""
        return self._lexical.exact(TrainingQuestion(question, "", context))

    def as_dict(self) -> dict[str, Any]:
        """How it compared, for the manifest."""
        how = {"by_meaning": "off", "why": OFF} if self._embedder is None else {"by_meaning": "on", "embeddings": self._embedder.name}
        return {"held_out_items": len(self._held), "compared": len(self._found), "compared_by_meaning": len(self._by_meaning), **how}

    def _semantic_index(self, embedder: Embedder) -> SemanticIndex:
        if self._semantic is None:
            self._semantic = SemanticIndex(self._held, self._known, embedder)
        return self._semantic


def first_hit(hits: Sequence[Hit | None]) -> Hit | None:
    """The first hit of a row's question and of the turns before it."""
    return next((hit for hit in hits if hit is not None), None)
