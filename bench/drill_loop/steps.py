"""The steps of the runner's work at which it can be killed: their names, and random points among those that a run passed."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Final

from schemas.reading.json_lines import own_lines

PHASES: Final = ("preparation", "upload", "promotion")
# The first step of a phase after which its work is not begun anew: a kill from there on ends what can be hit of the phase.
LAST_REPEATED: Final = {"preparation": "rename to jobs/*/spec.json", "upload": "", "promotion": "before commit"}

_RANDOM_NAME: Final = re.compile(r"(?<=[/-])[0-9a-f]{32}(?=[./]|$)")
_JOB: Final = re.compile(r"^(jobs|eval_reports)/[^/]+")
_REQUEST: Final = re.compile(rb"(PUT|POST|GET|HEAD|DELETE) /([^/? ]*)/?([^? ]*)(?:\?(\S*))? HTTP/")
_PART: Final = re.compile(r"partNumber=(\d+)")


@dataclass(frozen=True, slots=True)
class StepPoint:
    """Kill before the `nth` step of a phase that fits the pattern (as of `fnmatch`), counted anew from each step named `after`.

    Where `after` is empty the count begins with the phase. A count is one process's.
    """

    phase: str
    pattern: str
    nth: int = 1
    after: str = ""

    def fits(self, phase: str, step: str) -> bool:
        """Whether a step is one that the point counts."""
        return phase == self.phase and (self.pattern == step or fnmatchcase(step, self.pattern))


def file_name(relative: str) -> str:
    """A path below the data folder without what differs between two runs: the job's name and random names.

    >>> file_name("jobs/cmd-1/.part-0123456789abcdef0123456789abcdef"), file_name("models/.parts/0123456789abcdef0123456789abcdef/x")
    ('jobs/*/.part-*', 'models/.parts/*/x')
    """
    return _RANDOM_NAME.sub("*", _JOB.sub(r"\1/*", relative))


def request_name(head: bytes) -> str | None:
    """The name of an S3 request by its first bytes; None for what is no request, empty for looks at the store's health.

    >>> request_name(b"PUT /models/finetuned/t/v1/a?partNumber=2&uploadId=x HTTP/1.1"), request_name(b"weights")
    ('PUT finetuned/t/v1/a part 2', None)
    """
    found = _REQUEST.match(head)
    if found is None:
        return None
    if b"abhyas-check" in found[0]:
        return ""
    method, key, query = found[1].decode(), found[3].decode(errors="replace"), (found[4] or b"").decode(errors="replace")
    part = _PART.search(query)
    if part is not None:
        return f"{method} {key} part {part[1]}"
    if query.startswith("uploads"):
        return f"{method} {key} begin of parts"
    return f"{method} {key} end of parts" if method == "POST" else f"{method} {key}"


def draw(passed: Sequence[tuple[str, str]], count: int, rng: random.Random) -> list[StepPoint]:
    """`count` points of each phase among the steps (phase, name) that an undisturbed run passed, in its order.

    In their order all can be hit one after the other by one job: work is begun anew after a kill, and comes at least as far. Of steps
    that a job passes once there is one at most. Raises ValueError for a phase without steps.
    """
    return [point for phase in PHASES for point in _of_phase(phase, [name for of, name in passed if of == phase], count, rng)]


def _of_phase(phase: str, names: Sequence[str], count: int, rng: random.Random) -> list[StepPoint]:
    if not names:
        raise ValueError(f"the undisturbed run passed no step of the {phase}: expected some, or nothing could be hit")
    last = names.index(LAST_REPEATED[phase]) if LAST_REPEATED[phase] in names else len(names) - 1
    once = _behind_the_record(names)
    repeated = [place for place in range(last + 1) if place not in once]
    ends = [rng.choice(range(last + 1, len(names)))] if last + 1 < len(names) and rng.random() < 0.5 else []
    ends += [rng.choice(once)] if once and len(ends) < count else []
    wanted = count - len(ends)
    chosen = rng.sample(repeated, wanted) if wanted <= len(repeated) else rng.choices(repeated, k=wanted)
    return [_point(phase, names, place) for place in sorted([*chosen, *ends])]


def _behind_the_record(names: Sequence[str]) -> range:
    """The steps between the decision record, which is written once, and the first event of it: only one of them can be hit."""
    written = [place for place, name in enumerate(names) if name.endswith("/decision.json")]
    sent = [place for place, name in enumerate(names) if name.startswith("send ")]
    return range(written[-1] + 1, sent[0]) if written and sent else range(0)


def _point(phase: str, names: Sequence[str], place: int) -> StepPoint:
    """By its name where no other step has it, else by how many steps after one that is the only one of its name."""
    if names.count(names[place]) == 1:
        return StepPoint(phase, names[place])
    for before in range(place - 1, -1, -1):
        if names.count(names[before]) == 1:
            return StepPoint(phase, "*", place - before, names[before])
    return StepPoint(phase, "*", place + 1)


def first_steps(count: int, rng: random.Random) -> list[StepPoint]:
    """`count` points of each phase among its first five steps, whatever these are: for a run without an undisturbed one before it."""
    return [StepPoint(phase, "*", nth) for phase in PHASES for nth in sorted(rng.choices(range(1, 6), k=count))]


def told_file(orders: Path) -> Path:
    """Where the processes of one file of points tell what they did."""
    return orders.with_suffix(".told")


def told_lines(orders: Path) -> list[dict[str, str]]:
    """What was told up to now: `what` (passed, killed, missed), `phase` and `step`."""
    file = told_file(orders)
    return [line for _, line in own_lines(file.read_bytes())] if file.exists() else []
