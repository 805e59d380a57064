"""The sample that a record of feedback.submitted or document.ingested makes, alone or with its turn, and what it counts."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from bench.drill.expected_turns import Asked
from bench.drill.history import COMPLAINTS
from bench.drill.places import Place
from schemas.conversation import last_user_turn

MIDDLE_STAR: Final = 3
LETTER: Final = re.compile("[A-Za-z\u00c0-\u024f]|[\u0900-\u097f\ua8e0-\ua8ff]")
DEVANAGARI: Final = re.compile("[\u0900-\u097f\ua8e0-\ua8ff]")


class Words(NamedTuple):
    """What a sample says; of a document its text alone."""

    text: str = ""
    query: str = ""
    response: str = ""
    correction: str | None = None
    comment: str | None = None
    language: str | None = None
    messages: tuple[tuple[str, str], ...] = ()
    passages: tuple[str, ...] = ()
    preferred: str | None = None
    turn_id: str | None = None


@dataclass(frozen=True, slots=True)
class Wanted:
    """The sample that one input record must make; `worth` is the class of a negative."""

    model: str
    negative: bool
    worth: str | None
    words: Words
    place: Place


def waits_for_turn(kind: str, body: Mapping[str, Any]) -> bool:
    """Whether a feedback gets its words from a turn."""
    return kind == "feedback" and bool(body.get("turn_id")) and not body.get("retracted") and not body.get("response")


def wanted(kind: str, body: Mapping[str, Any], place: Place, turn: Asked | None) -> Wanted:
    """The sample of a record, with the words of its turn where it has one."""
    if kind == "document":
        return Wanted(body["model"], False, None, Words(text=body["text"], language=body.get("language")), place)
    model, language = body.get("model"), body.get("language")
    if turn is not None:
        model, language = turn.event.model or model, turn.event.language or language
    if body.get("retracted", False):
        return Wanted(body["model"], False, None, Words(language=language), place)
    words = _words(body, turn)._replace(language=language)
    negative = _negative(body)
    return Wanted(model or "", negative, _worth(words) if negative else None, words, place)


def _words(body: Mapping[str, Any], turn: Asked | None) -> Words:
    correction, preferred = body.get("correction"), body.get("preferred")
    said = body if turn is None else turn.event.model_dump(mode="json")
    messages = said.get("messages") or ()
    query = said.get("query") or (last_user_turn(turn.event.messages) if turn is not None else "")
    complaint = correction if correction in COMPLAINTS.values() else None
    return Words(
        query=query,
        response=said["response"],
        correction=None if complaint else correction,
        comment=complaint,
        messages=tuple((message["role"], message["content"]) for message in messages),
        passages=tuple(passage["text"] for passage in said.get("passages") or ()),
        preferred=preferred and preferred["answer"],
        turn_id=body.get("turn_id"),
    )


def _worth(words: Words) -> str:
    if words.correction:
        return "correction"
    return "preference" if words.preferred else "answerable" if words.passages else "bare"


def _negative(body: Mapping[str, Any]) -> bool:
    return bool(body["rating"]["value"] < MIDDLE_STAR or (body.get("correction") or "").strip() or body.get("preferred"))


def contribution(kind: str, body: Mapping[str, Any], language: str | None) -> dict[str, int]:
    """What a record adds to the counts of its day."""
    if body.get("retracted", False):
        return {}
    if kind == "feedback":
        counts = {"events": 1, "negatives": int(_negative(body)), "corrections": int(bool(body.get("correction")))}
        spoken = {f"{name}_{one}": count * (language == one) for one in ("hi", "en") for name, count in counts.items()}
        return counts | {"rated": 1} | spoken
    text = body["text"]
    letters, devanagari = len(LETTER.findall(text)), len(DEVANAGARI.findall(text))
    return {"events": 1, "characters": len(text), "letters": letters, "devanagari": devanagari}
