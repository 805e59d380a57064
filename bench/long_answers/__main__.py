"""`python -m bench.long_answers --out bench/results/long-answers.json`: how often the rule for long answers is right, on each set.

`--show` prints the answers of the tuning cases that it judges otherwise than their reader; the final ones are for the figure alone.
English is tuned on its whole first set and measured on the second one; Hindi has two halves of one. Exit code 1 where a goal is missed.
Half a minute of processor time; needs ../shared/data for the generated answers.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from bench.long_answers.cases import BY_OTHERS, FINAL_EN, OWN, TUNING_EN, LongCase, of_half, read
from bench.long_answers.generated import generated
from bench.long_answers.measure import measured, of_language, scored, single_figures
from gpu_runner.evaluate.long_answers.score_long import VERSION

GOALS: Final[Mapping[str, float]] = {"en": 0.86, "hi": 0.82}
LEAST_OF_A_KIND, OVER_SINGLE, GENERATED = 0.70, 0.05, 0.97


def main() -> int:
    """Measures, prints and writes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--show", action="store_true")
    parser.add_argument("--tuning-only", action="store_true", help="leaves the final cases alone while the rule is being made")
    args = parser.parse_args()
    hindi = [case for path in BY_OTHERS if path != TUNING_EN for case in read(path)]
    tuning = [*read(TUNING_EN), *of_half(hindi, "tuning")]
    final = [] if args.tuning_only else [*read(FINAL_EN), *of_half(hindi, "final")]
    if args.show:
        _show(tuning)
    whole: dict[str, Any] = {
        "rule": VERSION,
        "sets_sha256": {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in (*BY_OTHERS, FINAL_EN, OWN) if path.exists()},
        "goals": {"balanced_accuracy": GOALS, "each_kind": LEAST_OF_A_KIND, "over_single_figures": OVER_SINGLE, "generated": GENERATED},
    }
    missed: list[str] = []
    for language, goal in GOALS.items():
        own, kept = of_language(tuning, language), of_language(final, language)
        whole[language] = {"tuning": measured(own)}
        if kept:
            found = measured(kept)
            single = single_figures(own, kept)
            whole[language] |= {
                "final": found,
                "final_without_rejected": measured(kept, with_rejected=False),
                "final_of_single_figures": single,
            }
            missed += _missed(language, goal, found, single)
        made = measured(generated(language, "final"))
        whole[language]["generated"] = made
        missed += [f"{language}: generated {made['balanced_accuracy']}"] if made["balanced_accuracy"] < GENERATED else []
    whole["processor_ms_an_answer"] = _cost_ms(tuning)
    whole["goals_missed"] = missed
    print(json.dumps(whole, ensure_ascii=False, indent=1))
    if args.out:
        args.out.write_text(json.dumps(whole, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return int(bool(missed))


def _missed(language: str, goal: float, found: Mapping[str, Any], single: Mapping[str, float]) -> list[str]:
    reached = found["balanced_accuracy"]
    out = [f"{language}: balanced accuracy {reached}"] if reached < goal else []
    out += [f"{language}: {kind} {figures['told']}" for kind, figures in found["kinds"].items() if figures["told"] < LEAST_OF_A_KIND]
    return out + [f"{language}: {name} {value}" for name, value in single.items() if reached < value + OVER_SINGLE]


def _cost_ms(cases: Sequence[LongCase]) -> float:
    start = time.process_time()
    count = len(scored(cases))
    return round(1e3 * (time.process_time() - start) / count, 2)


def _show(cases: Sequence[LongCase]) -> None:
    for case, answer, score in scored(cases):
        if score.fixed != (answer.label == "right"):
            print(
                f"{answer.label} {answer.kind} {score.score:.2f}: {answer.text}\n  reference: {case.reference}\n  rejected: {case.rejected}"
            )
            print("".join(f"  - {reason}\n" for reason in score.reasons))


if __name__ == "__main__":
    sys.exit(main())
