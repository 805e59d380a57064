"""One to three things wrong with a valid input: at a field, or in the bytes. A seed gives the same faults again."""

from __future__ import annotations

import copy
import gzip
import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from bench.fuzz.written import Raw, Twice

Step = str | int

TIMES: Final = (
    "0001-01-01T00:00:00+05:30", "9999-12-31T23:59:59-05:00", "0000-01-01T00:00:00Z", "2026-02-30T00:00:00Z", "2026-11-25T24:00:00Z",
    "2016-12-31T23:59:60Z", "2026-11-25T06:00:00", "2026-11-25", "-271821-04-20T00:00:00Z", "+275760-09-13T00:00:00Z",
    "2026-11-25T06:00:00.1234567890Z", "1e999", 253402300800, -62135596801, 1e300, "२०२६-११-२५T06:00:00Z",
)  # fmt: skip
STRANGE: Final = (
    "\x00", "a\x00b", "\x1f", "\x7f", "line\nbreak", "\u2028", "\u202e\u202d", "\u200b", "\ufeff", "\uffff", "क़\u093c", "\u0301" * 50,
    "<|end|><|user|>", "../../etc/passwd", "s3://models/../x", "http://127.0.0.1/", "%00", "' OR 1=1", "𝟡𝟠𝟟𝟞𝟝𝟜𝟛𝟚𝟙𝟘", "A" * 1_000,
)  # fmt: skip
OTHERS: Final[tuple[Any, ...]] = (0, -1, 1, 7, 1.5, True, False, "text", "", [], {}, [1], {"a": 1}, [[]], ["a", "b"])
NUMBERS: Final = (
    Raw("9" * 5_000), Raw("-" + "9" * 5_000), Raw("1e999"), Raw("-1e999"), 10**30, -(10**30), 2**63, -(2**63) - 1, 2**53 + 1, Raw("-0"),
    Raw("1e-400"), Raw("0x10"), Raw("01"), Raw("1."), Raw("1_000"),
)  # fmt: skip
SURROGATES: Final = ("\ud800", "a\udfffb", "\udc00\ud800", "नदी\ud83d")


def _drop(_value: Any, _rng: random.Random) -> Any:
    return _drop  # told apart by itself: the field goes


FIELD: Final[dict[str, Callable[[Any, random.Random], Any]]] = {
    "drop": _drop,
    "rename": lambda value, rng: ("rename", rng.choice(("mood", "Query", "", "\x00", "q" * 5_000, "a.b", "98765 43210", "\ud800"))),
    "twice": lambda value, rng: Twice(value, rng.choice((value, *OTHERS))),
    "other type": lambda value, rng: rng.choice(OTHERS),
    "null": lambda value, rng: None,
    "empty": lambda value, rng: rng.choice(("", " ", "\t\n", [], {})),
    "huge": lambda value, rng: "क" * rng.choice((201, 5_001, 40_000, 300_000)),
    "deep": lambda value, rng: Raw(rng.choice(("[", '{"a":')) * rng.choice((70, 1_000, 100_000))) if rng.random() < 0.3 else _nested(rng),
    "number": lambda value, rng: rng.choice(NUMBERS),
    "nan": lambda value, rng: Raw(rng.choice(("NaN", "Infinity", "-Infinity", "nan"))),
    "surrogate": lambda value, rng: rng.choice(SURROGATES),
    "time": lambda value, rng: rng.choice(TIMES),
    "strange": lambda value, rng: rng.choice(STRANGE),
}

# What goes wrong most with these: every second fault of theirs.
SUITED: Final = {"occurred_at": "time", "revision": "number", "version": "number", "value": "number", "negative": "number"}


def _nested(rng: random.Random) -> Raw:
    depth = rng.choice((10, 64, 65, 200, 5_000, 100_000))
    return Raw("[" * depth + "]" * depth) if rng.random() < 0.5 else Raw('{"a":' * depth + "1" + "}" * depth)


def _cut(raw: bytes, rng: random.Random) -> bytes:
    return raw[: rng.randrange(len(raw) + 1)]


def _flip(raw: bytes, rng: random.Random) -> bytes:
    if not raw:
        return raw
    at = rng.randrange(len(raw))
    return raw[:at] + bytes([raw[at] ^ 1 << rng.randrange(8)]) + raw[at + 1 :]


def _insert(raw: bytes, rng: random.Random) -> bytes:
    at = rng.randrange(len(raw) + 1)
    return (
        raw[:at] + rng.choice((b"\xff", b"\xc0\x80", b"\xed\xa0\x80", b"\x00", b"\n", b"\xef\xbb\xbf", b"{", b'"', b"\\", b",")) + raw[at:]
    )


def _encoded(name: str) -> Callable[[bytes, random.Random], bytes]:
    return lambda raw, _rng: raw.decode("utf-8", "replace").encode(name, "replace")


BYTES: Final[dict[str, Callable[[bytes, random.Random], bytes]]] = {
    "cut": _cut,
    "flip": _flip,
    "insert": _insert,
    "bom": lambda raw, _rng: b"\xef\xbb\xbf" + raw,
    "utf-16": _encoded("utf-16"),
    "utf-16-le": _encoded("utf-16-le"),
    "utf-32": _encoded("utf-32"),
    "latin-1": _encoded("latin-1"),
    "gzip": lambda raw, _rng: gzip.compress(raw[:10_000], mtime=0),
    "array": lambda raw, _rng: b"[" + raw.replace(b"\n", b",\n").rstrip(b",\n") + b"]",
    "nothing": lambda _raw, rng: rng.choice((b"", b" ", b"\n\n", b"null", b"7", b'"text"', b"[]", b"{}", b"true")),
    "more": lambda raw, rng: raw + rng.choice((b"{}", b",", b"\x00", b"}", b"\n\n[1]", b"#")),
    "crlf": lambda raw, _rng: raw.replace(b"\n", b"\r\n") + b"\r\n",
}


@dataclass(frozen=True, slots=True)
class Fault:
    """A thing that is wrong: at a field of one of the objects (its number and the steps to the field), or in the bytes (no steps)."""

    kind: str
    place: int
    steps: tuple[Step, ...]
    seed: int

    @property
    def field(self) -> str:
        """The field by its names, those of a batch's items as of one alone; empty for a fault in the bytes."""
        return _name(self.steps)


def faults(objects: Sequence[Any], rng: random.Random, seen: Counter[str], known: Sequence[str]) -> tuple[Fault, ...]:
    """One to three faults; fields that had the fewest so far come first, so that each has its share. `known` fields need not be there."""
    found = []
    for _ in range(rng.choice((1, 2, 3, 3))):
        seed = rng.getrandbits(32)
        if rng.random() < 0.15:
            found.append(Fault(rng.choice(list(BYTES)), 0, (), seed))
            continue
        place = rng.randrange(len(objects))
        there = _places(objects[place])
        there += [tuple(name.split(".")) for name in known if tuple(name.split(".")) not in there]
        rng.shuffle(there)
        chosen = min(there, key=lambda steps: seen[_name(steps)])
        suited = SUITED.get(str(chosen[-1]))
        kind = suited if suited is not None and rng.random() < 0.5 else rng.choice(list(FIELD))
        fault = Fault(kind, place, chosen, seed)
        seen[fault.field] += 1
        found.append(fault)
    return tuple(found)


def _name(steps: Sequence[Step]) -> str:
    named = [step for step in steps if isinstance(step, str)]
    return ".".join(named[1:] if named[:1] == ["items"] and len(named) > 1 else named)


def broken(objects: Sequence[Any], wrong: Sequence[Fault]) -> list[Any]:
    """The objects with the faults at their fields."""
    made = copy.deepcopy(list(objects))
    for fault in wrong:
        if fault.steps:
            _break(made[fault.place], fault)
    return made


def garbled(raw: bytes, wrong: Sequence[Fault]) -> bytes:
    """The bytes with the faults in them."""
    for fault in wrong:
        if not fault.steps:
            raw = BYTES[fault.kind](raw, random.Random(fault.seed))
    return raw


def _break(target: Any, fault: Fault) -> None:
    for step in fault.steps[:-1]:
        try:
            target = target[step]
        except (KeyError, IndexError, TypeError):
            return  # an earlier fault took it away
    last, rng = fault.steps[-1], random.Random(fault.seed)
    there = isinstance(target, dict) or (isinstance(target, list) and isinstance(last, int) and last < len(target))
    if not there:
        return
    holder: Any = target
    before = holder.get(last) if isinstance(holder, dict) else holder[last]
    after = copy.deepcopy(FIELD[fault.kind](before, rng))
    renamed = isinstance(after, tuple)
    if after is _drop or (renamed and isinstance(target, dict)):
        if isinstance(holder, dict):
            holder.pop(last, None)
        else:
            del holder[int(last)]
        if renamed:
            holder[after[1]] = before
    elif not renamed:
        holder[last] = after


def _places(value: Any, before: tuple[Step, ...] = ()) -> list[tuple[Step, ...]]:
    found: list[tuple[Step, ...]] = []
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, held in items:
        found.append((*before, step))
        found += _places(held, (*before, step))
    return found
