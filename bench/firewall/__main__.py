"""`python -m bench.firewall --out FILE`: what is set aside of each kind of likeness, and of what may train, on the halves kept apart."""

from __future__ import annotations

import argparse
import json
from collections import defaultdict
from pathlib import Path
from typing import Any, Final

from bench.firewall.cached import CachedEmbedder
from bench.firewall.material import LANGUAGES, Corpus, corpora
from bench.firewall.measure import Count, cost, measure, wrongly_taken
from bench.firewall.trial import FREE, trial
from gpu_runner.dataset.firewall.embedder import OFF, Embedder, installed_embedder

# The least share found, and the most taken wrongly, in percent.
GOALS: Final = {
    "exact": 100, "variant": 100, "near-duplicate": 97, "paraphrase": 97, "translation": 97, "reworded by rule": 97, FREE: 0.5,
}  # fmt: skip


def measured(corpus: Corpus, embedder: Embedder | None) -> dict[str, Count]:
    """The counts of a corpus by kind, both languages held out in turn."""
    total: dict[str, Count] = defaultdict(Count)
    for language in LANGUAGES:
        for kind, count in measure(trial(corpus, language), embedder).items():
            for name, value in vars(count).items():
                setattr(total[kind], name, getattr(total[kind], name) + value)
    return total


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(prog="python -m bench.firewall", description=__doc__)
    parser.add_argument("--out", type=Path, help="where the figures go")
    parser.add_argument("--cache", type=Path, default=Path(".abhyas/firewall"), help="a folder for embeddings (default: .abhyas/firewall)")
    parser.add_argument("--half", choices=("final", "tuning"), default="final", help="the half (default: final)")
    parser.add_argument("--corpus", help="a corpus alone")
    parser.add_argument("--wrong", action="store_true", help="print what is taken wrongly")
    options = parser.parse_args()
    installed = installed_embedder()
    embedder = None if installed is None else CachedEmbedder(installed, options.cache)
    told: dict[str, Any] = {
        "half": options.half,
        "embeddings": OFF if embedder is None else embedder.name,
        "goals_percent": GOALS,
        "corpora": {},
    }
    for corpus in corpora():
        if corpus.half != options.half or (options.corpus and options.corpus != corpus.name):
            continue
        counts = measured(corpus, embedder)
        held = {language: sum(one.language == language for one in corpus.held_out) for language in LANGUAGES}
        told["corpora"][corpus.name] = {"held_out": held, **{kind: count.as_dict() for kind, count in sorted(counts.items())}}
        print(f"{corpus.name}: held out {held}")
        for kind, count in sorted(counts.items()):
            shares = count.as_dict()["percent"]
            print(
                f"  {kind:32} {count.found:5} of {count.of:5} {shares['found']:6.2f} %   by words {shares['by_words']:6.2f}   "
                f"rule before {shares['by_the_rule_before']:6.2f}   another answer {shares['with_another_answer']:6.2f}"
            )
        if options.wrong:
            for language in LANGUAGES:
                for one, reason, held_question in wrongly_taken(trial(corpus, language), embedder):
                    print(f"    {reason}: {one.candidate.question} | {one.candidate.answer} => {held_question}")
        if embedder is not None:
            embedder.save()
    told["cost_by_words"] = cost()
    print(told["cost_by_words"])
    if options.out is not None:
        options.out.write_text(json.dumps(told, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
