"""`python -m bench.complaints --out bench/results/complaints.json`: complaints trained and corrections reviewed, on each set.

`--show` prints what went wrong on the cases that were fitted on; the final half is for the figure alone. Exit code 1 where a stratum of the
final half misses the goals: complaints trained 2 %, corrections sent to review 5 %.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from pathlib import Path

from bench.complaints.cases import BY_OTHERS, MORE, SET, of_half, read
from bench.complaints.measure import Stratum, cost_us, cuts, measure

TRAINED, REVIEWED = 0.02, 0.05


def main() -> int:
    """Measures, prints and writes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--show", action="store_true")
    args = parser.parse_args()
    own, others = read(SET), read(BY_OTHERS)
    sets = {"own": own, "tuning": of_half(others, "tuning"), "final": of_half(others, "final")}
    strata = {name: measure(cases) for name, cases in sets.items()}
    for name, found in strata.items():
        _print(name, found, show=args.show and name != "final")
    cost = cost_us([*own, *others])
    print(f"{cost:.0f} microseconds of processor time a call, over all {len(own) + len(others)} cases")
    missed = [name for name, stratum in strata["final"].items() if stratum.trained_share > TRAINED or stratum.reviewed_share > REVIEWED]
    if args.out:
        whole = {
            "sets_sha256": {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in (SET, BY_OTHERS, MORE)},
            "goals": {"complaints_trained_share": TRAINED, "corrections_reviewed_share": REVIEWED},
            "goals_missed_by": missed,
            **{name: {stratum: counts.as_json() for stratum, counts in found.items()} for name, found in strata.items()},
            "answers": {name: cuts(cases) for name, cases in sets.items()},
            "processor_us_a_call": round(cost, 1),
        }
        args.out.write_text(json.dumps(whole, indent=1) + "\n", encoding="utf-8")
    return int(bool(missed))


def _print(half: str, strata: dict[str, Stratum], *, show: bool) -> None:
    for name, stratum in strata.items():
        print(
            f"{half}, {name}: complaints trained {len(stratum.trained)} of {stratum.complaints} ({stratum.trained_share:.1%}), "
            f"corrections reviewed {len(stratum.reviewed)} of {stratum.corrections} ({stratum.reviewed_share:.1%})"
        )
        if show:
            for case in (*stratum.trained, *stratum.reviewed):
                print(f"  {case.label} {case.kind}: {case.correction!r} to {case.query!r}, answered {case.response!r}")


if __name__ == "__main__":
    sys.exit(main())
