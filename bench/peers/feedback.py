"""Stage 1's work on one feedback as a stream processor's user would write it, for the peers that keep state under a key.

Plain dictionaries, the required fields checked by hand, answers that repeat kept: nothing of ours, and nothing that has to be installed.
"""

from __future__ import annotations

import hashlib
import hmac
import math
import unicodedata
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any, Final, Protocol

TOPIC: Final = "feedback.submitted.v1"
ATTRIBUTES: Final = ("ce_specversion", "ce_id", "ce_source", "ce_type", "ce_time")
SCALES: Final[dict[str, Callable[[Any], float]]] = {
    "stars_1_5": lambda value: (value - 3) / 2,
    "thumbs": lambda value: {"up": 1.0, "down": -1.0, True: 1.0, False: -1.0}[value],
    "unit_interval": lambda value: 2 * value - 1,
    "signed_unit": lambda value: value,
}


class KeyedState(Protocol):
    """Values by name; the processor scopes the names to the record's key."""

    def get(self, name: str, /) -> Any: ...
    def set(self, name: str, value: Any, /) -> None: ...


def take(
    value: dict[str, Any], attributes: Mapping[str, bytes], state: KeyedState, *, place: tuple[int, int], holdout: tuple[bytes, int]
) -> dict[str, Any] | None:
    """The sample of the feedback at `place` (partition, offset), None for a revision that is known already; the last revision wins."""
    if not all(attributes.get(name) for name in ATTRIBUTES) or attributes["ce_type"] != b"abhyas.feedback.submitted.v1":
        raise ValueError("ce_ attributes: expected all five of a feedback")
    source, time_text = attributes["ce_source"].decode(), attributes["ce_time"].decode()
    occurred_at = datetime.fromisoformat(time_text)
    score = checked(value)
    feedback_id, revision, retracted, model = value["feedback_id"], value.get("revision", 0), value.get("retracted", False), value["model"]
    user = value.get("user_hash") or ""
    sample_id = hashlib.sha256(f"feedback\n{source}\n{user}\n{feedback_id}".encode()).hexdigest()
    known = state.get(sample_id)
    if known is not None and [revision, retracted] <= known[1:3]:
        if [revision, retracted] == known[1:3]:
            # The same again, as far as the benchmark's events go: it is remembered by its newest time.
            state.set(sample_id, [max(known[0], math.floor(occurred_at.timestamp())), *known[1:]])
        return None
    query = "" if retracted else value.get("query", "")
    response = "" if retracted else value.get("response", "")
    correction = None if retracted else value.get("correction")
    negative = not retracted and ((score is not None and score < 0) or bool((correction or "").strip()))
    group, quarantine = group_of(value.get("source_group") or query, *holdout)
    day = occurred_at.toordinal()
    contribution = [] if retracted else [1, int(negative), int(correction is not None), int(score is not None)]
    time_s = math.floor(occurred_at.timestamp())
    if known is not None:
        time_s = max(time_s, known[0])
        if known[5]:
            add(state, known[3], known[4], known[5], -1)
    if contribution:
        add(state, model, day, contribution, 1)
    state.set(sample_id, [time_s, revision, retracted, model, day, contribution])
    sample = {
        "sample_id": sample_id, "kind": "feedback", "revision": revision, "retracted": retracted, "model": model,
        "occurred_at": time_text, "source": source,
        "provenance": {"topic": TOPIC, "partition": place[0], "offset": place[1]},
        "group": group, "language": value.get("language"), "negative": negative, "quarantine": quarantine,
        "model_version": value.get("model_version"), "user_hash": value.get("user_hash"),
        "conversation_id": value.get("conversation_id"), "query": query, "response": response, "correction": correction,
        "score": score,
    }  # fmt: skip
    return {name: field for name, field in sample.items() if field is not None}


def checked(value: dict[str, Any]) -> float | None:
    """The score of a valid feedback; raises ValueError or KeyError for one that cannot be taken."""
    if not 1 <= len(value["feedback_id"]) <= 200 or not 1 <= len(value["model"]) <= 100 or value.get("revision", 0) < 0:
        raise ValueError("feedback_id, model or revision")
    query, correction, rating = value.get("query", ""), value.get("correction") or "", value.get("rating")
    if len(query) > 16_384 or len(value.get("response", "")) > 32_768 or len(correction) > 32_768:
        raise ValueError("a text is too long")
    if not value.get("retracted", False) and (not query.strip() or (rating is None and not correction.strip())):
        raise ValueError("nothing is said")
    if rating is None:
        return None
    score = float(SCALES[rating["scale"]](rating["value"]))
    if not -1 <= score <= 1 or abs(rating.get("score", score) - score) > 1e-6:
        raise ValueError("rating")
    return score


@lru_cache(maxsize=65_536)
def group_of(text: str, key: bytes, percent: int) -> tuple[str, str | None]:
    """The normalised source group and its quarantine; groups come again and again, so the answers are kept."""
    for _ in range(2):
        text = unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold())
    group = " ".join(text.split())[:500].strip() or "-"
    digest = hmac.new(key, group.encode(), hashlib.sha256).digest()
    return group, "holdout" if int.from_bytes(digest[:8], "big") * 100 < percent * (1 << 64) else None


def add(state: KeyedState, model: str, day: int, contribution: list[int], sign: int) -> None:
    """Adds a contribution to a day of this user, or takes it back."""
    name = f"d|{model}|feedback|{day}"
    counts = state.get(name) or [0, 0, 0, 0]
    state.set(name, [count + sign * more for count, more in zip(counts, contribution, strict=True)])


def sample_headers(sample: dict[str, Any]) -> list[tuple[str, bytes]]:
    """CloudEvents headers of a sample."""
    return [
        ("ce_specversion", b"1.0"),
        ("ce_id", f"{sample['sample_id']}:{sample['revision']}".encode()),
        ("ce_source", b"abhyas/stage1"),
        ("ce_type", b"abhyas.sample.collected.v1"),
        ("ce_time", sample["occurred_at"].encode()),
        ("content-type", b"application/json"),
    ]
