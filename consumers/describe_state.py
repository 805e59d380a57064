"""Changelog records in plain words: what kind of state a key is of, whose, and its value as JSON takes it. For readers; writes nothing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any, Final

import msgspec

from consumers.collect.collector import ERASED_KEY, TOTALS_KEY
from consumers.collect.daily_counts import COUNTS, DayCounts
from consumers.collect.daily_sketches import read_sketch
from consumers.collect.deduplication import DOCUMENT_KEY, FEEDBACK_KEY, FORMER_DOCUMENT_KEY, FORMER_FEEDBACK_KEY, unpack
from consumers.collect.totals import Totals
from consumers.decide.decider import LastTick
from consumers.decide.document_drift import DaySketch, ListedBaselines, Watched
from consumers.decide.ended_runs import EndedRuns
from consumers.decide.feedback_drift import FeedbackDayCounts
from consumers.decide.feedback_rate import RateState
from consumers.decide.inputs import COUNTED
from consumers.decide.negative_buffer import Buffered, Status
from consumers.decide.recent_documents import Pieces
from consumers.decide.trigger_state import Clock, Requests, Running
from consumers.drift.features.sketch import documents, unpacked
from consumers.engine.changelog import SHARDS_KEY, VERSION_KEY
from consumers.migrations import Mark1

UNKNOWN: Final = "unknown"
_MARKS: Final = {
    FEEDBACK_KEY: "feedback mark",
    DOCUMENT_KEY: "document mark",
    FORMER_FEEDBACK_KEY: "feedback mark (former id)",
    FORMER_DOCUMENT_KEY: "document mark (former id)",
}
# By the letter behind the model.
_DRIFT: Final = {
    b"b": "drift baselines",
    b"f": "drift: feedback of a day",
    b"k": "drift: monitor of documents",
    b"o": "drift: open bucket of documents",
    b"r": "drift: rate",
    b"s": "drift: sketch of a day",
    b"t": "drift: recent terms",
}
_PARTS: Final[dict[str, type[msgspec.Struct]]] = {"clock": Clock, "run": Running, "requests": Requests, "ended": EndedRuns}


class Described(msgspec.Struct, frozen=True):
    """A changelog record: `name` is its key in plain text; `sample` and `user` are ids in hex, as many digits as the state keeps."""

    kind: str
    name: str
    value: Any = None
    model: str | None = None
    sample: str | None = None
    user: str | None = None

    def matches(self, wanted: str) -> bool:
        """Whether the record is meant by `sample:<id>`, `user:<hash>`, `model:<slug>` or the beginning of a raw key.

        >>> Described("sample", "b|m|00ff", sample="00ff").matches("sample:00ffaa")
        True
        """
        form, _, rest = wanted.partition(":")
        if form == "sample":
            return _is_same(self.sample, rest)
        if form == "user":
            return _is_same(self.user, rest)
        if form == "model":
            return self.model is not None and self.model.startswith(rest)
        return self.name.startswith(wanted)


def kind_of(stage: str, key: bytes) -> str:
    """The kind of state of a key, `unknown` for one that nothing of ours writes."""
    return _reader(stage, key)[0]


def describe(stage: str, key: bytes, value: bytes) -> Described:
    """The record in plain values; of one that cannot be decoded, its bytes as text."""
    kind, read = _reader(stage, key)
    try:
        return read(kind, key, value)
    except (ValueError, IndexError) as error:
        return Described(kind, _text(key), {"not_readable": str(error), "bytes": _text(value)})


Reader = Callable[[str, bytes, bytes], Described]


def _reader(stage: str, key: bytes) -> tuple[str, Reader]:
    if key in (SHARDS_KEY, VERSION_KEY):
        return ("number of shards" if key == SHARDS_KEY else "version"), _number
    if key.startswith(b"p|"):
        return "position", _number
    if key.startswith(b"i|"):
        return "topic id", _topic_id
    return _reader_of_stage1(key) if stage == "stage1" else _reader_of_stage2(key)


def _reader_of_stage1(key: bytes) -> tuple[str, Reader]:
    kind = key[:1]
    if kind in _MARKS:
        return _MARKS[kind], _mark
    if key.startswith(b"s|"):
        return "mark (version 1)", _mark_1
    if key.startswith(b"d|"):
        return "counts of a day", _day
    if key.startswith(b"f|"):
        return "sketch of a day", _sketch
    if kind == ERASED_KEY:
        return "erasure", _erasure
    if key.startswith(b"w|"):
        return "newest event time", _second
    return ("totals", _totals) if key == TOTALS_KEY else (UNKNOWN, _unknown)


def _reader_of_stage2(key: bytes) -> tuple[str, Reader]:
    kind, _, rest = key.partition(b"|")
    if key == b"t":
        return "newest tick", _tick
    if kind == b"w":
        return _DRIFT.get(rest.split(b"|")[1][:1] if b"|" in rest else b"", UNKNOWN), _drift
    known: dict[bytes, tuple[str, Reader]] = {
        b"b": ("sample", _sample),
        b"e": ("erasure", _erased_voice),
        b"j": ("next journal entry", _journal),
        b"m": (f"trigger: {_text(rest.rpartition(b'|')[2])}", _part),
    }
    return known.get(kind, (UNKNOWN, _unknown))


def _mark(kind: str, key: bytes, value: bytes) -> Described:
    mark, sample = unpack(value), key[1:].hex()
    told = {
        "time": _time(mark.time_s),
        "revision": mark.revision,
        "retracted": mark.retracted,
        "model": mark.model,
        "day": date.fromordinal(mark.day),
        "counted": list(mark.contribution),
        "sketched": mark.row is not None,
        "content": mark.content.hex() or None,
    }
    return Described(kind, key[:1].decode() + sample, told, model=mark.model, sample=sample, user=mark.user.hex() or None)


def _mark_1(kind: str, key: bytes, value: bytes) -> Described:
    mark = msgspec.json.decode(value, type=Mark1)
    told = msgspec.structs.asdict(mark) | {"day": date.fromordinal(mark.day)}
    return Described(kind, _text(key), told, model=mark.model, sample=_text(key[2:]))


def _day(kind: str, key: bytes, value: bytes) -> Described:
    _, model, source, day = key.decode().split("|")
    found = msgspec.json.decode(value, type=DayCounts)
    names = COUNTS["feedback" if source == "feedback" else "document"]
    told = {"day": date.fromordinal(int(day)), "sequence": found.sequence} | dict(zip(names, found.counts, strict=False))
    return Described(kind, _text(key), told, model=model)


def _sketch(kind: str, key: bytes, value: bytes) -> Described:
    _, model, day = key.decode().split("|")
    sha256, sketch = read_sketch(value)
    told = {"day": date.fromordinal(int(day)), "baseline": sha256, "documents": documents(unpacked(sketch))}
    return Described(kind, _text(key), told, model=model)


def _erasure(kind: str, key: bytes, value: bytes) -> Described:
    user = key[1:].hex()
    return Described(kind, key[:1].decode() + user, {"until": _time(int(value))}, user=user)


def _second(kind: str, key: bytes, value: bytes) -> Described:
    return Described(kind, _text(key), _time(int(value)))


def _totals(kind: str, key: bytes, value: bytes) -> Described:
    return Described(kind, _text(key), msgspec.structs.asdict(msgspec.json.decode(value, type=Totals)))


def _tick(kind: str, key: bytes, value: bytes) -> Described:
    tick = msgspec.json.decode(value, type=LastTick)
    return Described(kind, _text(key), {"time": _time(tick.now_ms / 1000), "offset": tick.offset})


def _erased_voice(kind: str, key: bytes, value: bytes) -> Described:
    return Described(kind, _text(key), {"until": _time(int(value))}, user=_user(key.decode().partition("|")[2]))


def _journal(kind: str, key: bytes, value: bytes) -> Described:
    return Described(kind, _text(key), int(value), model=key.decode().partition("|")[2])


def _part(kind: str, key: bytes, value: bytes) -> Described:
    _, model, part = key.decode().split("|")
    if part not in _PARTS:
        return Described(kind, _text(key), _text(value), model=model)
    told = _plain(msgspec.json.decode(value, type=_PARTS[part]))
    if part == "run":
        told["command"] = msgspec.json.decode(told["command"])
    return Described(kind, _text(key), told, model=model)


def _sample(kind: str, key: bytes, value: bytes) -> Described:
    _, model, sample = key.decode().split("|")
    found = msgspec.json.decode(value, type=Buffered)
    told = _plain(found) | {"status": Status(found.status).name.lower()}
    return Described(kind, _text(key), told, model=model, sample=sample, user=_user(found.voice))


def _drift(kind: str, key: bytes, value: bytes) -> Described:
    _, model, letter, *rest = key.decode().split("|")
    told: Any
    if letter == "r":
        told = _plain(msgspec.json.decode(value, type=RateState))
    elif letter == "f":
        day = msgspec.json.decode(value, type=FeedbackDayCounts)
        told = {"sequence": day.sequence} | dict(zip(COUNTED, day.counts, strict=False))
    elif letter == "s":
        told = _plain(msgspec.json.decode(value, type=DaySketch))
    elif letter in "bo":
        told = _plain(msgspec.json.decode(value, type=ListedBaselines if letter == "b" else Watched))
    elif letter == "t" and not rest[0]:
        told = _plain(msgspec.json.decode(value, type=Pieces))
    else:
        # A part of the monitor, or a piece of compressed counts and snippets.
        told = {"bytes": len(value)}
    return Described(kind, _text(key), told, model=model)


def _number(kind: str, key: bytes, value: bytes) -> Described:
    return Described(kind, _text(key), int(value))


def _topic_id(kind: str, key: bytes, value: bytes) -> Described:
    return Described(kind, _text(key), _text(value))


def _unknown(kind: str, key: bytes, value: bytes) -> Described:
    return Described(kind, _text(key), _text(value))


def _plain(found: Any) -> dict[str, Any]:
    return {name: msgspec.to_builtins(content) for name, content in msgspec.structs.asdict(found).items()}


def _user(voice: str) -> str | None:
    return voice[2:] if voice.startswith("u:") else None


def _text(raw: bytes) -> str:
    return raw.decode(errors="backslashreplace")


def _time(second: float) -> str:
    return datetime.fromtimestamp(second, UTC).isoformat()


def _is_same(kept: str | None, wanted: str) -> bool:
    return bool(kept) and bool(wanted) and (str(kept).startswith(wanted) or wanted.startswith(str(kept)))
