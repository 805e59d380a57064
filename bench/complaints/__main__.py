"""`python -m bench.complaints --out bench/results/complaints.json`: complaints trained and corrections reviewed, on both halves of the set.

`--show tuning` prints what went wrong there; the final half is for the figure alone. Exit code 1 where a stratum of the final half misses
the goals: complaints trained 2 %, corrections sent to review 5 %.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from pathlib import Path

from bench.complaints.cases import SET, of_half, read
from bench.complaints.measure import Stratum, cost_us, cuts, measure

TRAINED, REVIEWED = 0.02, 0.05


def main() -> int:
    """Measures, prints and writes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--show", choices=("tuning",))
    args = parser.parse_args()
    cases = read()
    tuning, final = measure(of_half(cases, "tuning")), measure(of_half(cases, "final"))
    _print("tuning", tuning, show=args.show == "tuning")
    _print("final", final, show=False)
    cost = cost_us(cases)
    print(f"{cost:.0f} microseconds of processor time a call, over all {len(cases)} cases")
    missed = [name for name, stratum in final.items() if stratum.trained_share > TRAINED or stratum.reviewed_share > REVIEWED]
    if args.out:
        whole = {
            "set_sha256": hashlib.sha256(SET.read_bytes()).hexdigest(),
            "goals": {"complaints_trained_share": TRAINED, "corrections_reviewed_share": REVIEWED},
            "goals_missed_by": missed,
            "tuning": {name: stratum.as_json() for name, stratum in tuning.items()},
            "final": {name: stratum.as_json() for name, stratum in final.items()},
            "answer_of": {"tuning": cuts(of_half(cases, "tuning")), "final": cuts(of_half(cases, "final"))},
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
