"""The rows of a correction as they are taught: in its conversation, and in stated shares with other passages than were served."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from gpu_runner.dataset.corrections import Correction, training_rows
from gpu_runner.dataset.rows import TrainingRow, row_id
from gpu_runner.dataset.served.conversation import without_passages
from gpu_runner.dataset.served.raft import Distractor, PassageShares, Variant, abstention, changed_passages, variants
from gpu_runner.dataset.served.support import says_part_of

AS_SERVED_INSTEAD = "rows_as_served_for_want_of_passages"


def taught_rows(
    correction: Correction, others: Sequence[Distractor], shares: PassageShares, *, train: int, test: int, seed: int, dropped: Counter[str]
) -> tuple[TrainingRow, ...]:
    """The rows of `training_rows`; where a passage supports the correction, some with the passages shuffled or without the supporting ones.

    A row without them teaches to abstain; the question in the user's own words is taught both ways, or those words alone would tell the
    answer. Where too few passages are there, or no abstention is known in the language, a row stays as it was served, and is counted.
    """
    rows = training_rows(correction, train=train, test=test)
    if correction.conversation is None or not correction.supporting:
        return rows
    wanted = variants([row.prompt for row in rows], shares, seed=seed, sample_id=correction.sample_id)
    taught = []
    for row in rows:
        variant = wanted[row.prompt]
        changed = row if variant == "as_served" else _changed(row, variant, correction, others, seed=seed)
        if changed is None:
            dropped[AS_SERVED_INSTEAD] += 1
        taught.append(changed or row)
    own = _changed(rows[0], "left_out", correction, others, seed=seed) if shares.left_out else None
    return (*taught[:1], *([] if own is None else [replace(own, id=row_id(own.id, "left_out"))]), *taught[1:])


def _changed(
    row: TrainingRow, variant: Variant, correction: Correction, others: Sequence[Distractor], *, seed: int
) -> TrainingRow | None:  # fmt: skip
    """The row with other passages; None where that can't be."""
    conversation = correction.conversation
    unsaid = abstention(correction.query, correction.language) if variant == "left_out" else None
    if conversation is None or (variant == "left_out" and unsaid is None):
        return None
    passages = changed_passages(
        variant, conversation, correction.supporting, (correction.query, correction.answer), others,
        seed=seed, key=(correction.sample_id, correction.group, row.prompt),
    )  # fmt: skip
    if passages is None:
        return None
    messages = conversation.asking(None if row.prompt == correction.query else row.prompt, passages)
    if unsaid is None:
        return replace(row, messages=messages)
    # An earlier turn may have had the same passages, or its answer told them: what the conversation holds is not unknown.
    served = [passage.text for passage in conversation.passages]
    gone = [served[place] for place in correction.supporting]
    untold = without_passages(messages, gone, sorted(passages, key=lambda text: text not in served))
    said = [str(message["content"]) for message in messages if message["role"] == "assistant"]
    if untold is None or any(says_part_of(correction.query, correction.answer, text) for text in said):
        return None
    return replace(row, messages=untold, completion=unsaid, rejected=None)
