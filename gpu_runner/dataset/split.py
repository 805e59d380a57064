"""Which rows may train at all, and in which split a group lies: decided by hashes, so the same way in every run."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from typing import Final, Literal

from gpu_runner.dataset.firewall.assignment import Assignment
from gpu_runner.dataset.firewall.embedder import Embedder
from gpu_runner.dataset.firewall.questions import HeldOut, Hit, candidates_of
from gpu_runner.dataset.firewall.screen import Firewall, first_hit
from gpu_runner.dataset.rows import EvaluationItem, Message
from schemas.holdout import normalise_group

Split = Literal["train", "eval", "test"]

HOLDOUT_GROUP: Final = "holdout_group"

EVAL_PERCENT = 10
TEST_PERCENT = 10
# Below this many groups a 10 % split is empty or takes what little there is to learn, so all of it trains.
LEAST_GROUPS_TO_SPLIT = 10


def split_of(group: str, *, seed: int) -> Split:
    """The split of a source group: 80 % train, 10 % eval, 10 % test by hash; rows of one group never part."""
    digest = hashlib.sha256(f"{seed}\x1f{normalise_group(group)}".encode("utf-8", "surrogatepass")).digest()
    place = int.from_bytes(digest[:8], "big") % 100
    if place < EVAL_PERCENT:
        return "eval"
    return "test" if place < EVAL_PERCENT + TEST_PERCENT else "train"


def splits(groups: Iterable[str], *, seed: int) -> dict[str, Split]:
    """The split of each group by its normalised name; everything trains where there are fewer than ten groups."""
    names = {normalise_group(group) for group in groups}
    return {name: split_of(name, seed=seed) if len(names) >= LEAST_GROUPS_TO_SPLIT else "train" for name in sorted(names)}


class HoldoutGuard:
    """Keeps the holdout out of training: by group, and by likeness to its questions (`firewall`).

    `items` are the model's evaluation items, of which those of the set `holdout` are guarded; `known` are (question, answer) of everything
    else, which tell the words of a question's form from those that name what it asks about. `assignment` says which groups are held out.
    """

    def __init__(
        self, items: Iterable[EvaluationItem], known: Iterable[tuple[str, str]], *, assignment: Assignment, embedder: Embedder | None = None
    ) -> None:
        self._assignment = assignment
        self.firewall = Firewall((HeldOut.of(item) for item in items if item.set == "holdout"), known, embedder)

    def group_is_held_out(self, group: str) -> bool:
        """Whether the group is assigned to the holdout."""
        return self._assignment.is_held_out(group)

    def hit(self, question: str, answer: str, messages: Sequence[Message] = ()) -> Hit | None:
        """The held-out item that a row gives away, by its question or by a turn before it; None where there is none.

        By meaning too only where the row was among those that `screen` was given.
        """
        return first_hit(self.firewall.screen(candidates_of(question, answer, messages), by_meaning=False))

    def screen(self, rows: Iterable[tuple[str, str, Sequence[Message]]]) -> None:
        """Compare rows of (question, answer, messages) at once, by meaning too: much faster than one by one."""
        self.firewall.screen([one for question, answer, messages in rows for one in candidates_of(question, answer, messages)])

    def objection(self, question: str, answer: str, group: str, messages: Sequence[Message] = ()) -> str | None:
        """Why the pair may not train: `holdout_group`, or the reason of its hit; None where it may."""
        if self.group_is_held_out(group):
            return HOLDOUT_GROUP
        found = self.hit(question, answer, messages)
        return None if found is None else found.reason
