"""What an edge made of an input, and whether that is as it should be."""

from __future__ import annotations

import re
import traceback
from dataclasses import dataclass, field
from typing import Final

# A refusal has to say where: a line, an item or field by its name, or what the whole input is instead of JSON.
_PLACE: Final = re.compile(
    r":\d+: |\bline \d+|\bcolumn \d+|\bbyte \d+|\bfield\b|\bitem \d+|empty|UTF-16|compressed|JSON array|over several lines"
    r"|no rows|no items|no documents|JSON object|larger than|expected at least \d+|holds \d+ ratings"
)


@dataclass(frozen=True, slots=True)
class Answer:
    """`accepted`: all or part of it was taken. `refusals` are what was said; `wrong` is what must not be (None: nothing)."""

    accepted: bool
    refusals: tuple[str, ...] = field(default=())
    wrong: str | None = None


def answer(accepted: bool, refusals: tuple[str, ...]) -> Answer:
    """The answer of an edge that stayed up: wrong where it refused without saying where, or without saying anything."""
    if not accepted and not refusals:
        return Answer(False, (), "refused without a word")
    for said in refusals:
        if not _PLACE.search(said):
            return Answer(accepted, refusals, f"names no field and no line: {said[:160]}")
        if len(said) > 20_000:
            return Answer(accepted, refusals, f"a refusal of {len(said)} characters: {said[:80]}")
    return Answer(accepted, refusals)


def surprised(error: BaseException) -> Answer:
    """The answer of an edge that raised what nobody expects."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    return Answer(False, (), f"{type(error).__name__} in {last.filename.rsplit('/', 1)[-1]}:{last.name}: {str(error)[:120]}")
