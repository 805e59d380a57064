"""The set itself, the same for the same seed; `python -m bench.redaction.cases --out bench/redaction/cases.jsonl` writes it.

A case belongs to the tuning half or to the final half by a keyed hash of its shape: the form of the number and the sentence around it. A
quarter of the forms and a quarter of the sentences are in the final half alone, so that it holds shapes that no rule was chosen on.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from random import Random
from typing import Final, Literal

from bench.redaction.carriers import BARE, NAMED
from bench.redaction.lookalikes import AROUND, TEMPLATES, filled, in_devanagari
from bench.redaction.numbers import FORMS, TOLD
from schemas.reading.json_lines import own_lines

SET: Final = Path(__file__).parent / "cases.jsonl"
SEED: Final = 12
_KEY: Final = b"the halves of the redaction set"
GOING: Final = {"phone": 1300, "aadhaar": 500, "pan": 160, "gstin": 120, "email": 240, "upi": 200}
TOLD_SHARE: Final = 0.12
STAYING: Final = 2600

Half = Literal["tuning", "final"]


@dataclass(frozen=True, slots=True)
class Case:
    """A text: `before` + `number` + `after`, where the number goes, or, with `goes` false, `number` that stays as it is."""

    kind: str
    goes: bool
    half: Half
    form: str
    before: str
    number: str
    after: str

    @property
    def text(self) -> str:
        """What is redacted."""
        return self.before + self.number + self.after


def make(seed: int = SEED) -> Iterator[Case]:
    """The cases of a seed, those that go first; no text is in it twice."""
    seen: set[str] = set()
    rng = Random(seed)
    for case in (*_going(rng), *_staying(rng)):
        if case.text not in seen:
            seen.add(case.text)
            yield case


def lines(cases: Sequence[Case]) -> Iterator[str]:
    """The cases as JSON Lines."""
    for case in cases:
        yield json.dumps(asdict(case), ensure_ascii=False) + "\n"


def read(path: Path = SET) -> list[Case]:
    """The cases of a file."""
    return [Case(**case) for _, case in own_lines(path.read_bytes())]


def half_of(form: str, carrier: str) -> Half:
    """The half of a shape."""
    if _hashed(form) % 4 == 0 or _hashed(carrier) % 4 == 0:
        return "final"
    return "final" if _hashed(f"{form}\x00{carrier}") % 9 == 0 else "tuning"


def _hashed(shape: str) -> int:
    return int.from_bytes(hashlib.blake2b(shape.encode(), key=_KEY, digest_size=6).digest())


def _going(rng: Random) -> Iterator[Case]:
    for kind, count in GOING.items():
        told = [(f"{kind}: told {name}", writer) for name, writer in TOLD.get(kind, {}).items()]
        forms = [(f"{kind}: {name}", writer) for name, writer in FORMS[kind].items()]
        for number in range(count):
            is_told = bool(told) and rng.random() < TOLD_SHARE
            form, writer = rng.choice(told) if is_told else forms[number % len(forms)]
            carrier = rng.choice(NAMED[kind] if is_told or rng.random() < 0.5 else BARE)
            before, after = carrier.replace("{{", "\x01").replace("}}", "\x02").split("{}")
            before, after = (part.replace("\x01", "{").replace("\x02", "}") for part in (before, after))
            yield Case(kind, True, half_of(form, carrier), form, before, writer(rng), after)


def _staying(rng: Random) -> Iterator[Case]:
    templates = [(kind, template) for kind, found in TEMPLATES.items() for template in found]
    for number in range(STAYING):
        kind, template = templates[number % len(templates)]
        around = rng.choice(AROUND)
        text = filled(template, rng)
        if not template.isascii() and rng.random() < 0.3:
            text = in_devanagari(text)
        before, after = around.split("{}")
        yield Case(kind, False, half_of(f"{kind}: {template}", around), f"{kind}: {template}", before, text, after)


def main() -> int:
    """Writes the set and says how large it is."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=SET)
    args = parser.parse_args()
    cases = list(make())
    args.out.write_text("".join(lines(cases)), encoding="utf-8", newline="\n")
    goes = sum(case.goes for case in cases)
    digest = hashlib.sha256(args.out.read_bytes()).hexdigest()
    print(
        f"{goes} that go, {len(cases) - goes} that stay, {sum(case.half == 'final' for case in cases)} in the final half; sha256 {digest}"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
