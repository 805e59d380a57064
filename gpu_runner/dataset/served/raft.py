"""Rows that teach to read passages: the right one among others in changing order, and sometimes none, where the answer is to abstain.

As in RAFT (Zhang et al. 2024, "Adapting Language Model to Domain Specific RAG"), but that a question without its passage is answered with
an abstention, not from memory: what is asked open-book is not learnt closed-book. Chosen by hashes, so the same in every run.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from gpu_runner.dataset.rows import guess_language, row_id
from gpu_runner.dataset.served.conversation import ServedConversation
from gpu_runner.dataset.served.support import says_part_of
from gpu_runner.text.abstention import TAUGHT
from gpu_runner.text.languages import Language
from gpu_runner.text.script import examine

Variant = Literal["as_served", "shuffled", "left_out"]

# Of the wordings of a correction, beside which the user's own is asked without its passage too. Two in five in changing order: with fewer a
# model learns the place of the right passage. As many without it: with one in five a round taught half of the answers by heart too; with
# more some corrections had no row left that answers, for one wording does not train, and the user's own may be an evaluation's question.
SHUFFLED_SHARE: Final = 0.4
LEFT_OUT_SHARE: Final = 0.4
# Passages of a changed row, where the messages leave their number open: one that stands alone is no choice.
LEAST_PASSAGES: Final = 4


@dataclass(frozen=True)
class PassageShares:
    """The shares of a correction's wordings with shuffled passages, and without the supporting ones; the others are as they were served."""

    shuffled: float = SHUFFLED_SHARE
    left_out: float = LEFT_OUT_SHARE

    def __post_init__(self) -> None:
        if min(self.shuffled, self.left_out) < 0 or self.shuffled + self.left_out > 1:
            raise ValueError(f"shuffled={self.shuffled}, left_out={self.left_out}: expected shares of together at most 1")


SHARES: Final = PassageShares()


@dataclass(frozen=True)
class Distractor:
    """A passage of another sample of the batch."""

    text: str
    group: str
    sample_id: str


def distractors(served: Iterable[tuple[str, str, ServedConversation]]) -> tuple[Distractor, ...]:
    """The passages of samples (sample id, group, conversation) that may stand in the rows of others: those of known documents alone.

    A passage without a document may be a user's own file, and would stay in the rows of others when that user is erased.
    """
    return tuple(
        Distractor(passage.text, group, sample_id)
        for sample_id, group, conversation in served
        for passage in conversation.passages
        if passage.doc_id is not None
    )


def variants(wordings: Sequence[str], shares: PassageShares, *, seed: int, sample_id: str) -> Mapping[str, Variant]:
    """What each wording's row shows: the first is as served, of the others so many that the shares hold, on average over samples exactly.

    How many: the share of all wordings, rounded up or down by a hash of the sample. Which: by a hash of the wording.
    """
    found: dict[str, Variant] = dict.fromkeys(wordings, "as_served")
    others = sorted(wordings[1:], key=lambda wording: row_id(str(seed), sample_id, wording))
    left_out = min(len(others), int(shares.left_out * len(wordings) + _fraction(str(seed), sample_id, "left_out")))
    changed = int((shares.left_out + shares.shuffled) * len(wordings) + _fraction(str(seed), sample_id, "changed"))
    return found | dict.fromkeys(others[:left_out], "left_out") | dict.fromkeys(others[left_out:changed], "shuffled")


def changed_passages(
    variant: Variant, conversation: ServedConversation, supporting: Sequence[int], asked: tuple[str, str], others: Sequence[Distractor],
    *, seed: int, key: tuple[str, str, str],
) -> tuple[str, ...] | None:  # fmt: skip
    """The passages of a row; None where too few are there to change any. `asked`: question and answer; `key`: sample id, group, wording."""
    texts = [passage.text for passage in conversation.passages]
    if variant == "as_served":
        return tuple(texts)
    sample_id, group, wording = key

    def by_hash(text: str) -> str:
        return row_id(str(seed), sample_id, wording, text)

    spare = [place for place in range(len(texts)) if place not in supporting]
    # A row that answers has a passage from elsewhere too, or such a one would tell that the right one is missing.
    gone = supporting if variant == "left_out" else [min(spare, key=lambda place: by_hash(texts[place]))] if spare else []
    kept = [text for place, text in enumerate(texts) if place not in gone]
    wanted = conversation.places or max(LEAST_PASSAGES, len(texts))

    def far(one: Distractor) -> tuple[bool, bool, str]:
        return one.group != group, guess_language(one.text) != guess_language(texts[0]), by_hash(one.text)

    pool = sorted((one for one in others if one.sample_id != sample_id), key=far)
    for one in pool:
        if len(kept) >= wanted:
            break
        if one.text not in texts and one.text not in kept and not says_part_of(*asked, one.text):
            kept.append(one.text)
    if variant == "shuffled" and len(kept) < wanted:
        kept += [texts[place] for place in gone]
    too_few = len(kept) < wanted if conversation.places is not None else not kept
    return None if too_few or (variant == "shuffled" and len(kept) < 2) else tuple(sorted(kept, key=by_hash))


def abstention(question: str, language: Language) -> str | None:
    """What is taught where the passages do not hold the answer; None for a language without a stated phrase."""
    return TAUGHT.get("hi-Latn" if language == "hi" and examine(question).romanised_hindi else language)


def _fraction(*parts: str) -> float:
    return int.from_bytes(hashlib.sha256("\x1f".join(parts).encode("utf-8", "surrogatepass")).digest()[:6], "big") / (1 << 48)
