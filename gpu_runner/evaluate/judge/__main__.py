"""`python -m gpu_runner.evaluate.judge PAIRS.jsonl --out FOLDER`: a judge's calibration against people, from JUDGE_URL and its kin.

Writes `calibration.json`, which JUDGE_CALIBRATION may name, and `judgements.jsonl`, the raw replies, from which a killed run goes on.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from gpu_runner.dataset.fields import DataError
from gpu_runner.evaluate.judge.calibration import calibrate, read_pairs
from gpu_runner.evaluate.judge.configured import JudgeSettings, response_quality
from gpu_runner.json_files import write_json
from gpu_runner.settings import RunnerSettings


def main(arguments: list[str]) -> int:
    """Prints a line for each language; 2 for input that can't be used."""
    parser = argparse.ArgumentParser(prog="python -m gpu_runner.evaluate.judge", description="Calibrates the judge against people.")
    parser.add_argument("pairs", type=Path, help="JSON Lines of comparisons or of reviews' decisions (docs/evaluation/judge.md)")
    parser.add_argument("--out", type=Path, required=True, help="the folder of the report and of the raw replies")
    given = parser.parse_args(arguments)
    try:
        told = RunnerSettings().judge()
        if told is None:
            raise DataError("no judge is configured: set JUDGE_URL and JUDGE_MODEL")
        pairs = read_pairs(given.pairs)
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    given.out.mkdir(parents=True, exist_ok=True)
    judge = response_quality(JudgeSettings(**told), os.environ, path=given.out / "judgements.jsonl")
    report = calibrate(judge, pairs)
    write_json(given.out / "calibration.json", report)
    for name, figures in [("all", report["all"]), *report["languages"].items()]:
        print(
            f"{name}: {figures['judged']} of {figures['pairs']} pairs judged, agreement {figures['agreement']:.3f} "
            f"(at least {figures['agreement_low']:.3f}), kappa {figures['kappa']:.3f}, longer wins "
            f"{figures['longer_wins']['agreement']:.3f}: {'calibrated' if figures['calibrated'] else 'advisory'}"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
