"""`python -m bench.redaction --out bench/results/redaction.json`: recall and precision on both halves of the set, by kind.

`--show tuning` prints what went wrong there; the final half is for the figure alone. Exit code 1 below the goals: recall 99.5 % and
precision 99 % on the final half.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from pathlib import Path

from bench.redaction.cases import SET, read
from bench.redaction.measure import Measured, measure, of_half

RECALL, PRECISION = 0.995, 0.99


def main() -> int:
    """Measures, prints and writes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--half", choices=("tuning", "final"), action="append")
    parser.add_argument("--show", choices=("tuning", "final"))
    args = parser.parse_args()
    cases = read()
    halves = {half: measure(of_half(cases, half)) for half in args.half or ("tuning", "final")}
    for half, measured in halves.items():
        _print(half, measured, show=args.show == half)
    if args.out:
        whole = {"set_sha256": hashlib.sha256(SET.read_bytes()).hexdigest()} | {half: found.as_json() for half, found in halves.items()}
        args.out.write_text(json.dumps(whole, indent=1) + "\n", encoding="utf-8")
    final = halves.get("final")
    return int(final is not None and (final.recall < RECALL or final.precision < PRECISION))


def _print(half: str, measured: Measured, *, show: bool) -> None:
    for title, kinds in (("go", measured.going), ("stay", measured.staying)):
        print(f"{half}, must {title}: " + ", ".join(f"{name} {tally.right}/{tally.cases}" for name, tally in kinds.items()))
        if show:
            for tally in kinds.values():
                for case in tally.wrong:
                    print(f"  {case.form} {case.text!r}")
    print(f"{half}: recall {measured.recall:.2%}, precision {measured.precision:.2%}")


if __name__ == "__main__":
    sys.exit(main())
