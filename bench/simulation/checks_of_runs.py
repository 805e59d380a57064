"""Of the runner and the commands, each record taken as it lies there: one end, one run at a time, nothing consumed twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any, Final, NamedTuple

from bench.simulation.history import Committed, History, contributor, seconds
from bench.simulation.simulated_workshop import Use
from schemas import topics

MOST_ATTEMPTS: Final = 3
# As long as a marker, a poll of all topics and a stop of the child may take together.
HEARD_S: Final = 1.0


class Held(NamedTuple):
    """What the newest batch that held a sample became, which revision of it that was, and whether any batch kept it."""

    outcome: str
    offset: int
    occurred_s: int
    consumed: bool


def runs(history: History) -> Iterator[str]:
    """One end of each attempt, growing fencing tokens, one decision of a job, each version after the one that it names."""
    ended: dict[tuple[str, int], dict[str, Any]] = {}
    tokens: dict[str, int] = {}
    for record in sorted(history.of(topics.TRAINING_STATE), key=lambda record: (record.decided, record.offset)):
        value = record.value
        job = (value["job_id"], value["attempt"])
        if job in ended and _without_taint(value) != _without_taint(ended[job]):
            yield f"training.state: {job} goes on after its end as {value['phase']}"
        if value.get("outcome") is not None:
            ended[job] = value
        token = (value.get("lease") or {}).get("token", 0)
        if token < tokens.get(value["job_id"], 0):
            yield f"training.state: {job} has token {token} after {tokens[value['job_id']]}"
        tokens[value["job_id"]] = token
    decided = Counter(record.value["decision_id"] for record in history.of(topics.PROMOTION_DECIDED))
    yield from (f"promotion.decided: {name} {times} times" for name, times in decided.items() if times > 1)
    serving: dict[str, str] = {}
    for record in history.of(topics.MODEL_CURRENT):
        value = record.value
        # A rollback names the version that the one it goes back to came from.
        if value["cause"] != "rollback" and value.get("previous_version") != serving.get(value["model"]):
            yield f"model.current: {value['version']} follows {value.get('previous_version')}, but {serving.get(value['model'])} served"
        serving[value["model"]] = value["version"]
    yield from _used(history, "trained on", history.world.trained)
    yield from _used(history, "was judged with words of", history.world.judged)


def _without_taint(value: dict[str, Any]) -> dict[str, Any]:
    """An ended job says once more how many of its samples were taken back since; nothing else of it changes."""
    return {name: field for name, field in value.items() if name != "tainted_samples"}


def commands(history: History) -> Iterator[str]:
    """Attempts, one run at a time, nothing consumed twice, the threshold met by what counts, caps and quorum kept."""
    for model in history.world.settings.models:
        last: Committed | None = None
        held: dict[str, Held] = {}
        texts = {(record.partition, record.offset): record.value for record in history.of(topics.SAMPLE_COLLECTED, model)}
        for record in history.of(topics.RETRAIN_REQUESTED, model):
            value, before = record.value, last.value if last else None
            name = f"{value['command_id']} attempt {value['attempt']}"
            end = history.ends.get((before["command_id"], before["attempt"])) if before else None
            over = end is not None and end.decided < record.decided
            last = record
            if before is not None and before["command_id"] == value["command_id"]:
                if value["attempt"] != before["attempt"] + 1 or value["attempt"] > MOST_ATTEMPTS or value["batch"] != before["batch"]:
                    yield f"{name}: not the next attempt of the same batch after attempt {before['attempt']}"
                if end is None or not over or not end.value["retryable"]:
                    yield f"{name}: the attempt before has not failed by its infrastructure"
                continue
            if value["attempt"] != 1:
                yield f"{name}: begins with attempt {value['attempt']}"
            if before is not None and not over:
                yield f"{name}: {before['command_id']} attempt {before['attempt']} had not ended"
            if before is not None and value["batch"]["number"] != before["batch"]["number"] + 1:
                yield f"{name}: batch {value['batch']['number']} after {before['batch']['number']}"
            yield from _batch(history, name, value, held, texts)
            outcome = _outcome(history, value["command_id"])
            for ref in (*value["batch"]["samples"], *value["batch"]["documents"]):
                occurred_s = seconds(texts[ref["partition"], ref["offset"]]["occurred_at"])
                former = held.get(ref["sample_id"])
                consumed = outcome != "no_data" or (former is not None and former.consumed)
                held[ref["sample_id"]] = Held(outcome, ref["offset"], occurred_s, consumed)


def _batch(
    history: History, name: str, value: dict[str, Any], held: dict[str, Held], texts: dict[tuple[int, int], dict[str, Any]]
) -> Iterator[str]:
    settings = history.world.settings
    batch = value["batch"]["samples"]
    said = [texts[ref["partition"], ref["offset"]] for ref in batch]
    fresh = [
        sample for ref, sample in zip(batch, said, strict=True) if _is_fresh(history, held.get(sample["sample_id"]), sample, ref["offset"])
    ]
    contributors = Counter(contributor(sample) for sample in fresh)
    # Where an erasure lay between two revisions, it depends on the order whether the later one counts.
    capped = Counter(contributor(sample) for sample in fresh if sample["sample_id"] not in held)
    if max(capped.values(), default=0) > settings.max_per_user:
        yield f"{name}: {max(capped.values())} counted samples of one user, the cap is {settings.max_per_user}"
    if "count" in value["rules"]:
        if len(fresh) < min(settings.min_trainable, settings.max_samples):
            yield f"{name}: counted, with {len(fresh)} samples that no batch held before"
        if value["evidence"]["counted_negatives"] < settings.threshold:
            yield f"{name}: counted, with {value['evidence']['counted_negatives']} negatives of {settings.threshold}"
        if len(contributors) < settings.min_users and len(batch) < settings.max_samples:
            yield f"{name}: counted, with samples of {len(contributors)} users, the quorum is {settings.min_users}"
    documents = [ref for ref in value["batch"]["documents"] if _newer(held.get(ref["sample_id"]), ref)]
    if "operator" not in value["rules"] and not fresh and not documents:
        yield f"{name}: {value['rules']} fired and nothing in its batch is new"
    for ref, sample in zip(batch, said, strict=True):
        if (sample["sample_id"], sample["revision"]) != (ref["sample_id"], ref["revision"]):
            yield f"{name}: {ref} is not what lies there"
        if sample.get("retracted") or sample.get("quarantine") or not sample.get("negative"):
            yield f"{name}: holds {ref['sample_id'][:8]}, which is no negative to train on"
        if sample.get("negative_class") in ("bare", "answerable"):
            yield f"{name}: holds {ref['sample_id'][:8]}, which says nothing to learn from"
        before = held.get(ref["sample_id"])
        kept = before is not None and before.outcome == "promoted" and ref["offset"] == before.offset
        if kept and not _was_left(history, value["model"]):
            yield f"{name}: holds {ref['sample_id'][:8]}, which a promotion retired, and no version was left since"


def _was_left(history: History, model: str) -> bool:
    """Whether a person put another version in the place of one: what that learnt may be leased again, as the reference says."""
    return any(record.value["cause"] in ("rollback", "operator") for record in history.of(topics.MODEL_CURRENT, model))


def _is_fresh(history: History, before: Held | None, sample: dict[str, Any], offset: int) -> bool:
    """Whether a sample counts: no batch held it, or none kept it and this was said since; or an erasure took that out of the buffer."""
    if before is None or (not before.consumed and offset > before.offset):
        return True
    until_s = history.erased.get(sample.get("user_hash") or "")
    return until_s is not None and before.occurred_s <= until_s < seconds(sample["occurred_at"])


def _newer(before: Held | None, ref: dict[str, Any]) -> bool:
    return before is None or ref["offset"] > before.offset


def _outcome(history: History, command_id: str) -> str:
    found = [history.ends[command_id, number] for number in range(1, MOST_ATTEMPTS + 1) if (command_id, number) in history.ends]
    return str(found[-1].value["outcome"]) if found else "open"


def _used(history: History, how: str, uses: Iterable[Use]) -> Iterator[str]:
    """What was taken back, or erased, before a child begins to learn does not train; before a verdict, nothing of it is left."""
    gone: dict[tuple[str, str], float] = {}
    newest: dict[tuple[str, str], tuple[int, bool, datetime]] = {}
    said: dict[tuple[str, str], dict[str, Any]] = {}
    visible_at = history.visible_at(topics.SAMPLE_COLLECTED)
    for record in history.of(topics.SAMPLE_COLLECTED):
        value = record.value
        sample, retracted = (value["model"], value["sample_id"]), value.get("retracted", False)
        # What moved to another model may come back at the same revision, said later; what a user took back may not.
        version = (value["revision"], retracted and not value.get("moved", False), datetime.fromisoformat(value["occurred_at"]))
        said[sample] = value
        if sample not in newest or version >= newest[sample]:
            newest[sample] = version
            if retracted:
                gone[sample] = visible_at[record.partition, record.offset]
            else:
                gone.pop(sample, None)
    erased_at = {origin: record.at_s for origin, record in ((record.key, record) for record in reversed(history.of(topics.USER_ERASED)))}
    for use in uses:
        for sample_id in use.samples:
            withdrawn_s = gone.get((use.model, sample_id))
            if withdrawn_s is not None and _could_hear(history, withdrawn_s, use.began_s):
                yield f"{use.job_id} {how} {sample_id[:8]}, taken back {use.began_s - withdrawn_s:.2f} s before"
            value = said[use.model, sample_id]
            user = value.get("user_hash")
            until_s = history.erased.get(user) if user is not None else None
            if until_s is None or user is None or seconds(value["occurred_at"]) >= until_s:
                continue
            erased_s = erased_at[user.encode()]
            if _could_hear(history, erased_s, use.began_s):
                yield f"{use.job_id} {how} {sample_id[:8]} of a user erased {use.began_s - erased_s:.2f} s before"


def _could_hear(history: History, said_s: float, began_s: float) -> bool:
    """Whether the runner had the time to hear of something before it used the samples."""
    stopped = any(start < began_s and end > said_s for start, end in history.world.runner_stops)
    return said_s + HEARD_S < began_s and not stopped
