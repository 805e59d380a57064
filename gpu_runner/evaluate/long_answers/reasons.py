"""Why a long answer is right or wrong, in words: what contradicts the reference, what is missing, what was corrected and is there."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from gpu_runner.evaluate.long_answers.comparison import (
    Compared,
    conflicts,
    core_sentences,
    denied_anew,
    novel_units,
    said_old,
    unmatched_denials,
    unmet_opposites,
)
from gpu_runner.evaluate.long_answers.units import Kind, Unit

# Two numbers stand for each other where at least so much about them is alike.
ALIKE: Final = 0.4
_MOST_NAMED: Final = 4


def contradictions_of(pair: Compared) -> tuple[str, ...]:
    """Each contradiction in words: another number or name, a denial on one side, an opposite, changed places, the old answer."""
    core = core_sentences(pair)
    novel = [unit for unit in novel_units(pair) if unit.sentence in core]
    missing = [unit for unit in pair.reference.units if not unit.keys & pair.answer.keys]
    out: dict[str, str] = {}
    kinds: tuple[Kind, ...] = ("number", "name")
    for kind in kinds:
        for new, lost, alike in conflicts(pair, novel, missing, kind):
            if alike >= ALIKE:
                out.setdefault(new.text, f"says {new.text!r} where the reference has {lost.text!r}")
    for gap in pair.alignment.gaps:
        known = frozenset(key for unit in gap.left for key in unit.keys)
        put = [unit for unit in gap.put if not unit.keys & known]
        left = [unit for unit in gap.left if not any(unit.keys & other.keys for other in gap.put)]
        for new in put:
            told = next((lost for lost in left if _stand_for(new, lost)), None)
            if told is not None:
                out.setdefault(new.text, f"says {new.text!r} where the reference has {told.text!r}")
            elif left and new.kind != "denial" and new.keys & pair.reference.keys:
                out.setdefault(new.text, f"says {new.text!r} in the place of {left[0].text!r}")
    for unit in denied_anew(pair):
        out.setdefault(f"denies {unit.place}", f"denies with {unit.text!r} what the reference says")
    for unit in unmatched_denials(pair.reference.units, pair.answer.units):
        out.setdefault(f"affirms {unit.place}", f"leaves out the reference's {unit.text!r}")
    for unit, other in unmet_opposites(pair):
        out.setdefault(unit.text, f"says {unit.text!r} where the reference has {other.text!r}")
    for unit in said_old(pair):
        if unit.kind in ("number", "name"):
            out.setdefault(f"old {unit.text}", f"says {unit.text!r} again, which was corrected")
    return tuple(out.values())


def reasons_of(pair: Compared, contradictions: Sequence[str], *, fixed: bool) -> tuple[str, ...]:
    """What a person should read: the verdict, what was corrected and is there or missing, the contradictions."""
    there = [unit for unit in pair.changed if unit.keys & pair.answer.keys]
    lost = [unit for unit in pair.changed if not unit.keys & pair.answer.keys]
    what = "what was corrected" if pair.rejected is not None else "what the reference says"
    out = ["its facts agree with the reference" if fixed else "its facts do not agree with the reference"]
    out += [f"has of {what}: {_named(there)}"] if there else []
    out += [f"lacks of {what}: {_named(lost)}"] if lost else []
    return (*out, *contradictions)


def _stand_for(new: Unit, lost: Unit) -> bool:
    return (new.kind == lost.kind and new.kind in ("number", "name")) or bool(new.opposed & lost.keys)


def _named(units: Iterable[Unit]) -> str:
    texts = list(dict.fromkeys(unit.text for unit in units))
    told = ", ".join(texts[:_MOST_NAMED])
    return f"{told} and {len(texts) - _MOST_NAMED} more" if len(texts) > _MOST_NAMED else told
