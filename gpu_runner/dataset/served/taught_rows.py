"""The rows of a correction as they are taught: in its conversation, and in stated shares with other passages than were served."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from gpu_runner.dataset.corrections import Correction, training_rows
from gpu_runner.dataset.rows import TrainingRow
from gpu_runner.dataset.served.raft import Distractor, PassageShares, abstention, changed_passages, variants

AS_SERVED_INSTEAD = "rows_as_served_for_want_of_passages"


def taught_rows(
    correction: Correction, others: Sequence[Distractor], shares: PassageShares, *, train: int, test: int, seed: int, dropped: Counter[str]
) -> tuple[TrainingRow, ...]:
    """The rows of `training_rows`; where a passage supports the correction, some with the passages shuffled or without the supporting ones.

    A row without them teaches to abstain. Where too few passages are there, or no abstention is known in the language, a row stays as it
    was served, and is counted.
    """
    rows = training_rows(correction, train=train, test=test)
    conversation = correction.conversation
    if conversation is None or not correction.supporting:
        return rows
    wanted = variants([row.prompt for row in rows], shares, seed=seed, sample_id=correction.sample_id)
    taught = []
    for row in rows:
        variant = wanted[row.prompt]
        unsaid = abstention(correction.query, correction.language) if variant == "left_out" else None
        passages = changed_passages(
            variant, conversation, correction.supporting, (correction.query, correction.answer), others,
            seed=seed, key=(correction.sample_id, correction.group, row.prompt),
        )  # fmt: skip
        if variant == "as_served" or passages is None or (variant == "left_out" and unsaid is None):
            if variant != "as_served":
                dropped[AS_SERVED_INSTEAD] += 1
            taught.append(row)
            continue
        changed = replace(row, messages=conversation.asking(row.prompt, passages))
        taught.append(changed if unsaid is None else replace(changed, completion=unsaid, rejected=None))
    return tuple(taught)
