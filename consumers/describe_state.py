"""Changelog records in plain words: what kind of state a key is of, whose, and its value as JSON takes it. For readers; writes nothing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any, Final

import msgspec

from consumers import state_keys as keys
from consumers.collect.daily_counts import COUNTS, DayCounts
from consumers.collect.daily_sketches import read_sketch
from consumers.collect.deduplication import unpack
from consumers.collect.totals import Totals
from consumers.collect.turns import JoinTotals, Link, Turn, Waiting, unpack_waiting
from consumers.decide.buffer.buffered import Buffered, Status
from consumers.decide.decider import LastTick
from consumers.decide.document_drift import DaySketch, ListedBaselines, Watched
from consumers.decide.feedback_drift import FeedbackDayCounts
from consumers.decide.feedback_rate import RateState
from consumers.decide.inputs import COUNTED
from consumers.decide.recent_documents import Pieces
from consumers.decide.trigger_state import PARTS
from consumers.drift.features.sketch import documents, unpacked
from consumers.migrations import Mark1


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


def describe(stage: str, key: bytes, value: bytes) -> Described:
    """The record in plain values; of one that cannot be decoded, its bytes as text."""
    kind, entry = keys.kind_of(stage, key), keys.entry_of(stage, key)
    read = _text_value if entry is None else READERS[stage][entry]
    try:
        return read(kind, key, value)
    except (ValueError, IndexError) as error:
        return Described(kind, _text(key), {"not_readable": str(error), "bytes": _text(value)})


Reader = Callable[[str, bytes, bytes], Described]


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


def _turn(kind: str, key: bytes, value: bytes) -> Described:
    turn = msgspec.msgpack.decode(value, type=Turn)
    told = {"time": _time(turn.time_s), "offset": turn.offset, "content": turn.content.hex()}
    return Described(kind, key[:1].decode() + key[1:].hex(), told, user=turn.user.hex() or None)


def _waiting(kind: str, key: bytes, value: bytes) -> Described:
    return _of_a_turn(kind, key, unpack_waiting(value))


def _joined(kind: str, key: bytes, value: bytes) -> Described:
    link = msgspec.msgpack.decode(value, type=Link)
    return _of_a_turn(kind, key, link.before, said=_time(link.turn_s))


def _of_a_turn(kind: str, key: bytes, found: Waiting, **more: str) -> Described:
    sample = key[1:].hex()
    told = {
        "time": _time(found.time_s),
        "offset": found.offset,
        "turn": found.turn.hex(),
        "correcting": found.correcting,
        "day": date.fromordinal(found.day),
        "counted": list(found.contribution),
    } | {f"turn_{name}": text for name, text in more.items()}
    return Described(kind, key[:1].decode() + sample, told, model=found.model, sample=sample, user=found.user.hex() or None)


def _joins(kind: str, key: bytes, value: bytes) -> Described:
    return Described(kind, _text(key), msgspec.structs.asdict(msgspec.json.decode(value, type=JoinTotals)))


def _tick(kind: str, key: bytes, value: bytes) -> Described:
    tick = msgspec.json.decode(value, type=LastTick)
    return Described(kind, _text(key), {"time": _time(tick.now_ms / 1000), "offset": tick.offset})


def _erased_contributor(kind: str, key: bytes, value: bytes) -> Described:
    return Described(kind, _text(key), {"until": _time(int(value))}, user=_user(key.decode().partition("|")[2]))


def _journal(kind: str, key: bytes, value: bytes) -> Described:
    return Described(kind, _text(key), int(value), model=key.decode().partition("|")[2])


def _part(kind: str, key: bytes, value: bytes) -> Described:
    _, model, part = key.decode().split("|")
    if part not in PARTS:
        return Described(kind, _text(key), _text(value), model=model)
    told = _plain(msgspec.json.decode(value, type=PARTS[part]))
    if part == "run":
        told["command"] = msgspec.json.decode(told["command"])
    return Described(kind, _text(key), told, model=model)


def _sample(kind: str, key: bytes, value: bytes) -> Described:
    _, model, sample = key.decode().split("|")
    found = msgspec.json.decode(value, type=Buffered)
    told = _plain(found) | {"status": Status(found.status).name.lower()}
    return Described(kind, _text(key), told, model=model, sample=sample, user=_user(found.contributor))


def _struct(form: type[msgspec.Struct]) -> Reader:
    """Reads what lies under a key of drift, `w|<model>|…`, as JSON of this form."""

    def read(kind: str, key: bytes, value: bytes) -> Described:
        return Described(kind, _text(key), _plain(msgspec.json.decode(value, type=form)), model=_model(key))

    return read


def _feedback_day(kind: str, key: bytes, value: bytes) -> Described:
    day = msgspec.json.decode(value, type=FeedbackDayCounts)
    return Described(kind, _text(key), {"sequence": day.sequence} | dict(zip(COUNTED, day.counts, strict=False)), model=_model(key))


def _size(kind: str, key: bytes, value: bytes) -> Described:
    return Described(kind, _text(key), {"bytes": len(value)}, model=_model(key))


def _terms(kind: str, key: bytes, value: bytes) -> Described:
    # The first says how many pieces there are; a piece is compressed counts and snippets.
    return (_struct(Pieces) if key.endswith(keys.TERMS_PART) else _size)(kind, key, value)


def _number(kind: str, key: bytes, value: bytes) -> Described:
    return Described(kind, _text(key), int(value))


def _text_value(kind: str, key: bytes, value: bytes) -> Described:
    return Described(kind, _text(key), _text(value))


def _model(key: bytes) -> str:
    return key.split(b"|")[1].decode()


def _plain(found: Any) -> dict[str, Any]:
    return {name: msgspec.to_builtins(content) for name, content in msgspec.structs.asdict(found).items()}


def _user(contributor: str) -> str | None:
    return contributor[2:] if contributor.startswith("u:") else None


def _text(raw: bytes) -> str:
    return raw.decode(errors="backslashreplace")


def _time(second: float) -> str:
    return datetime.fromtimestamp(second, UTC).isoformat()


def _is_same(kept: str | None, wanted: str) -> bool:
    return bool(kept) and bool(wanted) and (str(kept).startswith(wanted) or wanted.startswith(str(kept)))


_OF_THE_SHELL: Final[dict[bytes, Reader]] = {
    keys.SHARDS_KEY: _number,
    keys.VERSION_KEY: _number,
    keys.POSITION_KEY: _number,
    keys.TOPIC_ID_KEY: _text_value,
}
READERS: Final[dict[str, dict[bytes, Reader]]] = {
    "stage1": _OF_THE_SHELL
    | {
        keys.FEEDBACK_KEY: _mark,
        keys.DOCUMENT_KEY: _mark,
        keys.FORMER_FEEDBACK_KEY: _mark,
        keys.FORMER_DOCUMENT_KEY: _mark,
        keys.MARK_1_KEY: _mark_1,
        keys.COUNTS_KEY: _day,
        keys.SKETCH_KEY: _sketch,
        keys.ERASED_KEY: _erasure,
        keys.WATERMARK_KEY: _second,
        keys.TOTALS_KEY: _totals,
        keys.TURN_KEY: _turn,
        keys.WAITING_KEY: _waiting,
        keys.JOINED_KEY: _joined,
        keys.JOINS_KEY: _joins,
    },
    "stage2": _OF_THE_SHELL
    | {
        keys.TICK_KEY: _tick,
        keys.ERASED_CONTRIBUTOR_KEY: _erased_contributor,
        keys.JOURNAL_KEY: _journal,
        keys.TRIGGER_KEY: _part,
        keys.SAMPLE_KEY: _sample,
        keys.DRIFT_KEY + keys.BASELINES_PART: _struct(ListedBaselines),
        keys.DRIFT_KEY + keys.BUCKET_PART: _struct(Watched),
        keys.DRIFT_KEY + keys.FEEDBACK_PART: _feedback_day,
        keys.DRIFT_KEY + keys.SKETCH_PART: _struct(DaySketch),
        keys.DRIFT_KEY + keys.RATE_PART: _struct(RateState),
        keys.DRIFT_KEY + keys.MONITOR_PART: _size,
        keys.DRIFT_KEY + keys.TERMS_PART: _terms,
    },
}
