"""Where a model stands before its next run, in words and figures: what is missing, what is too little, what stood. Pure."""

from __future__ import annotations

from consumers.decide.buffer.negative_buffer import NegativeBuffer
from consumers.decide.inputs import from_ms
from consumers.decide.trigger_state import ModelState, TriggerPolicy
from schemas.fields import Rule


def missing(model: str, state: ModelState) -> str | None:
    """Why no run may start at all, whatever waits; None where one may."""
    if state.serving_version is None:
        return f"model is not bootstrapped: run abhyas bootstrap --model {model} --documents FILE --eval FILE"
    if state.now_ms is None:
        return "no clock tick has been seen: start the ticker (python -m consumers ticker)"
    if state.paused:
        return "paused by a person: send the action resume to go on"
    if state.short_guards is not None:
        return (
            f"the gate could promote nothing: {state.short_guards}. Bootstrap again under another --model name, with more "
            "evaluation items, another HOLDOUT_PERCENT or a --policy of your own: the bootstrap's decision says what helps"
        )
    return None


def too_few(buffer: NegativeBuffer, policy: TriggerPolicy, *, drifted: bool) -> str | None:
    """What a rule that would be due still waits for; None where too few negatives have come for any."""
    counted, trainable = buffer.counted_negatives, buffer.trainable_negatives
    if counted >= policy.threshold and trainable < policy.min_trainable:
        return f"{counted} negatives, {trainable} of them can be trained on{_tried(buffer)}: waits for {policy.min_trainable}"
    if counted >= policy.threshold and buffer.trainable_users < policy.min_users:
        users = f"only {buffer.trainable_users} of at least {policy.min_users} users (BATCH_MIN_USERS)"
        return f"{users} have given negatives that can be trained on"
    if drifted:
        return f"a drift was found, and there is nothing new to train on{untaught(buffer)}"
    return None


def untaught(buffer: NegativeBuffer) -> str:
    """What waits and cannot be trained on, to go behind the words "nothing new"; empty where nothing waits."""
    if not buffer.pending_negatives:
        return ""
    return f": {buffer.pending_negatives} negatives wait, {buffer.trainable_negatives} of them can be trained on{_tried(buffer)}"


def _tried(buffer: NegativeBuffer) -> str:
    return f" ({buffer.tried_negatives} more held nothing to learn from)" if buffer.tried_negatives else ""


def evidence_for(rules: list[Rule], buffer: NegativeBuffer, policy: TriggerPolicy, state: ModelState) -> dict[str, str | int | float]:
    """What stood before the lease, for the command's record."""
    found: dict[str, str | int | float] = {
        "pending_negatives": buffer.pending_negatives,
        "counted_negatives": buffer.counted_negatives,
        "distinct_users": buffer.distinct_users,
        "pending_documents": buffer.pending_documents,
        "threshold": policy.threshold,
    }
    # A journal of a release before knows no classes: its commands, made again, are what they were.
    if buffer.trainable_negatives != buffer.counted_negatives:
        found |= {"trainable_negatives": buffer.trainable_negatives, "min_trainable": policy.min_trainable}
    if "drift" in rules and state.drift_id is not None:
        found["drift_id"] = state.drift_id
    if "schedule" in rules and state.schedule_from_ms is not None:
        found["schedule_from"] = from_ms(state.schedule_from_ms).isoformat()
    return found
