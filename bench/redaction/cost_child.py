"""Redacts the texts of recorded events, or goes through them without; run under callgrind by `bench.redaction.cost`.

Imports nothing of this project but the redactor, so that it runs beside an older revision's.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence

try:
    from producers.redaction.redact import redact_together
except ImportError:  # where revisions up to 0.1.0 have it
    from producers.redact import redact_together  # type: ignore[import-not-found, no-redef]


def untouched(texts: Sequence[str]) -> None:
    """What stands in the redactor's place."""


def main() -> int:
    """`cost_child FILE redact|leave`; prints how many events had something taken out."""
    with open(sys.argv[1], encoding="utf-8") as handle:
        events = [tuple(json.loads(line)) for line in handle]
    redactor = redact_together if sys.argv[2] == "redact" else untouched
    print(sum(redactor(texts) is not None for texts in events))
    return 0


if __name__ == "__main__":
    sys.exit(main())
