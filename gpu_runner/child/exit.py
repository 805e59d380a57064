"""What a child's end means: its exit code and the error it reported, if any. Pure."""

from __future__ import annotations

import signal
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

# Exit codes of both children: 0 with a result, 3 after a reported error, 143 after SIGTERM.
DONE: Final = 0
REPORTED: Final = 3
TERMINATED: Final = 143

# Errors that the same inputs would meet again; everything else may be the machine's fault.
_PERMANENT: Final = frozenset({"bad_base", "bad_data", "does_not_fit", "non_finite"})
# `unavailable`: a server that answers for an evaluation did not.
_KINDS: Final = _PERMANENT | {"no_data", "out_of_memory", "internal", "unavailable"}


@dataclass(frozen=True, slots=True)
class ChildEnd:
    """`kind` is `done`, one of the child's error kinds, or `crashed`."""

    kind: str
    message: str
    retryable: bool


def read_end(exit_code: int, reported: Mapping[str, Any] | None) -> ChildEnd:
    """What to make of a child that ended by itself.

    >>> read_end(-9, None)
    ChildEnd(kind='crashed', message='the child was killed by SIGKILL (out of memory?)', retryable=True)
    """
    if exit_code == DONE:
        return ChildEnd("done", "", False)
    if exit_code == REPORTED and reported is not None:
        kind = str(reported.get("kind"))
        kind = kind if kind in _KINDS else "internal"
        return ChildEnd(kind, f"{kind}: {str(reported.get('message', ''))[:1500]}", kind not in _PERMANENT and kind != "no_data")
    if exit_code < 0:
        name = signal.Signals(-exit_code).name
        hint = " (out of memory?)" if -exit_code == signal.SIGKILL else ""
        return ChildEnd("crashed", f"the child was killed by {name}{hint}", True)
    return ChildEnd("crashed", f"the child ended with exit code {exit_code} and reported nothing", True)
