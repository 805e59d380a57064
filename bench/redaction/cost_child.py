"""Redacts the texts of recorded events, or goes through them without; run under callgrind by `bench.redaction.cost`.

Imports nothing of this project but the redactor, so that it runs beside an older revision's.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

from schemas.reading.json_lines import own_lines

# Where this revision has the redactor, and where former ones had it.
_MODULES = ("producers.redact", "producers.redaction.redact")
redact_together = import_module(next(name for name in _MODULES if find_spec(name))).redact_together


def untouched(texts: Sequence[str]) -> None:
    """What stands in the redactor's place."""


def main() -> int:
    """`cost_child FILE redact|leave`; prints how many events had something taken out."""
    events = [tuple(texts) for _, texts in own_lines(Path(sys.argv[1]).read_bytes())]
    redactor = redact_together if sys.argv[2] == "redact" else untouched
    print(sum(redactor(texts) is not None for texts in events))
    return 0


if __name__ == "__main__":
    sys.exit(main())
