"""Which rows may train at all, and in which split a group lies: decided by hashes, so the same way in every run."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Final, Literal

from gpu_runner.dataset.near_duplicates import NearDuplicates
from gpu_runner.dataset.rows import EvaluationItem
from schemas.holdout import is_holdout, normalise_group

Split = Literal["train", "eval", "test"]

HOLDOUT_GROUP: Final = "holdout_group"
NEAR_HOLDOUT: Final = "near_duplicate_of_holdout"

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
    """Keeps the holdout out of training: by group, by exact question, and by near-duplicates of its questions.

    `items` are the model's evaluation items, of which those of the set `holdout` are guarded; `background` are the questions
    of everything else, which tell the words of a question's form from those that name what it asks about.
    """

    def __init__(self, items: Iterable[EvaluationItem], background: Iterable[str], *, key: bytes, percent: int) -> None:
        self._key = key
        self._percent = percent
        held_out = [(item.question, item.answers) for item in items if item.set == "holdout"]
        self._near = NearDuplicates(held_out, background)

    def group_is_held_out(self, group: str) -> bool:
        """Whether the keyed hash of the group assigns it to the holdout."""
        return is_holdout(group, key=self._key, percent=self._percent)

    def objection(self, question: str, answer: str, group: str) -> str | None:
        """Why the pair may not train (`holdout_group` or `near_duplicate_of_holdout`); None where it may."""
        if self.group_is_held_out(group):
            return HOLDOUT_GROUP
        return NEAR_HOLDOUT if self._near.nearest(question, answer) else None
