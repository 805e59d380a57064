"""`python -m bench.script --out FILE`: structural damage, false flags, texts with damaged words, candidate against baseline, and speed."""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench.script import lexical, romanised, sides, structural
from bench.script.material import DATA, paragraphs
from gpu_runner.text.script import check_text

ANSWERS = 10_000


def speed() -> dict[str, float]:
    """CPU seconds of all checks of 10,000 answers of a sentence, most of them new to the process, and their words."""
    sentences = [one for part in ("chosen", "measured") for found in paragraphs(part) for one in found.text.split("।") if one.strip()]
    answers = [
        sentences[number % len(sentences)] + " " + sentences[(number * 7 + number // len(sentences)) % len(sentences)]
        for number in range(ANSWERS)
    ]
    began = time.process_time()
    for answer in answers:
        check_text(answer, "hi")
    return {
        "answers": ANSWERS,
        "words": sum(len(answer.split()) for answer in answers),
        "cpu_s": round(time.process_time() - began, 2),
    }


def main() -> int:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(prog="python -m bench.script", description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="where the figures go")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--repeats", type=int, default=40, help="comparisons of two sides (default: 40)")
    parser.add_argument("--part", action="append", help="measure this part alone, again, beside the others in FILE; may be given again")
    options = parser.parse_args()
    parts: dict[str, Callable[[], Any]] = {
        "speed": speed,
        "structural": lambda: structural.recall(options.seed),
        "false_flags": structural.false_flags,
        "romanised": lambda: romanised.measured(options.seed),
        "single_texts": lambda: lexical.single_texts(options.seed),
        "with_documents": lambda: lexical.with_documents(options.seed),
        "sides": lambda: sides.measured(options.seed, options.repeats),
        "sides_false_of_500": lambda: sides.false_alone(options.seed, 500),
    }
    if unknown := set(options.part or ()) - set(parts):
        parser.error(f"--part: no {', '.join(sorted(unknown))}: choose from {', '.join(parts)}")
    before = json.loads(options.out.read_text(encoding="utf-8")) if options.part else {}
    told: dict[str, Any] = {"seed": options.seed}
    for name, part in parts.items():
        told[name] = part() if not options.part or name in options.part else before[name]
        print(f"{name}: {time.process_time():.0f} CPU s", flush=True)
    options.out.write_text(json.dumps(told, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    for line in summary(told):
        print(line)
    return 0


def summary(told: dict[str, Any]) -> list[str]:
    """The figures that the goals are about."""
    lines = [f"{told['speed']['answers']} answers of {told['speed']['words']} words: {told['speed']['cpu_s']} CPU s"]
    for kind, variants in told["structural"].items():
        for name, found in variants.items():
            lines.append(f"{kind:17} {name:31} words {found['recall_of_words']:.4f} texts {found['recall_of_texts']:.4f}")
    flags = told["false_flags"]
    lines.append(f"false flags in 30,000 words: {flags['false_in_30000']} ({flags['false']}); before {flags['by_examine_alone_in_30000']}")
    latin = told["romanised"]
    lines.append(f"Hindi in Latin letters: {latin['recall']:.4f} of {latin['sentences']}; false {latin['false']} of {latin['english']}")
    for source, judges in told["single_texts"]["sources"].items():
        for name, found in judges.items():
            lines.append(f"one text, {source}, {name}: false {found['false']:.4f} mean recall {found['mean_recall']:.4f} {found['recall']}")
    documents = told["with_documents"]
    lines.append(f"one text, articles, documents learnt: false {documents['false']:.4f} mean recall {documents['mean_recall']:.4f}")
    for sort, judges in told["sides"].items():
        for name in ("expected damaged words", "unknown words"):
            found = judges[name]
            lines.append(f"200 answers, {sort}, {name}: false {found['false']:.4f} {found['found']}")
            lines.append(f"  where only damage differs: {found['found_where_only_damage_differs']}")
    return [*lines, f"false of 500 comparisons: {told['sides_false_of_500']}"]


if __name__ == "__main__":
    if not DATA.is_dir():
        raise SystemExit(f"no development data: {DATA} does not exist")
    raise SystemExit(main())
