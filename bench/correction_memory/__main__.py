"""`make bench-correction-memory`: which corrections a lineage asks, by hash alone and in turn; how often a look-up finds the own one.

The lineage is simulated, with rounds of 1 to 200 corrections; the questions of the look-up are XQuAD's, looked for in wordings that are
never trained. Half a minute; needs ../shared/data.
"""

from __future__ import annotations

import argparse
import json
import random
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from statistics import mean
from typing import Any, Final

from gpu_runner.dataset.evaluation_items import MOST_ITEMS_OF_A_SET
from gpu_runner.dataset.formats.squad import load_squad
from gpu_runner.dataset.memory.bm25 import Bm25
from gpu_runner.dataset.memory.index import index_of
from gpu_runner.dataset.memory.sampling import MemoryTurn, item_name, places_of, sample
from gpu_runner.dataset.questions.paraphrase import split_paraphrases
from gpu_runner.dataset.rows import EvaluationItem, row_id
from gpu_runner.text.normalise import hi_lenient

XQUAD: Final = Path(__file__).parents[3] / "shared" / "data" / "xquad"
# So many that grow the lineage, and as many in which it stays as it is.
ROUNDS: Final = 40
SEEDS: Final = (0, 1, 2)
Choose = Callable[[Sequence[tuple[str, list[EvaluationItem]]], int], frozenset[str]]


def main() -> int:
    """Writes the JSON and prints the tables."""
    parser = argparse.ArgumentParser(prog="python -m bench.correction_memory")
    parser.add_argument("--out", type=Path, required=True)
    chosen = parser.parse_args()
    found: dict[str, dict[str, Any]] = {
        "lineages": {name: [coverage(choose, seed) for seed in SEEDS] for name, choose in (("by hash", by_hash), ("in turn", in_turn))},
        "look_up": {
            f"{language}{kind}": look_up(language, worn=worn)
            for language in ("hi", "en")
            for kind, worn in (("", False), (", with typing errors", True))
        },
    }
    chosen.out.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    for name, runs in found["lineages"].items():
        print(name, *(json.dumps(run) for run in runs), sep="\n  ")
    for language, shares in found["look_up"].items():
        print(language, json.dumps(shares))
    return 0


def round_of(version: str, corrections: int) -> list[EvaluationItem]:
    """The repair items of one round, two for each correction, a fifth of them Hindi's, of twenty groups."""
    return [
        EvaluationItem(
            row_id(version, str(number), str(wording)), "earlier_repair", "?", (f"{version} {number}",),
            "hi" if number % 5 == 0 else "en", f"group {number % 20}", sample_id=f"{version}c{number}",
        )
        for number in range(corrections)
        for wording in (0, 1)
    ]  # fmt: skip


def coverage(choose: Choose, seed: int, rounds: int = ROUNDS) -> dict[str, Any]:
    """A lineage that grows by a round after each run, and then stays: who is asked in the runs in which it stays, and how long each waits.

    `never_asked` is the share of all corrections that none of them asks; the others' longest wait counts runs from one turn to the next.
    """
    rng = random.Random(seed)
    lineage: list[tuple[str, list[EvaluationItem]]] = []
    last: dict[str, int] = {}
    waits: dict[str, int] = {}
    seconds = 0.0
    for run in range(2 * rounds):
        if run < rounds:
            lineage.append((f"v{run}", round_of(f"v{run}", rng.choice((1, 5, 25, 100, 200)))))
        began = time.process_time()
        asked = choose(lineage, run)
        seconds = time.process_time() - began
        for name in asked if run >= rounds else ():
            waits[name] = max(waits.get(name, 0), run - last.get(name, rounds - 1))
            last[name] = run
    sizes = [{str(item.sample_id) for item in items} for _, items in lineage]
    shares = [len(asked & names) / len(names) for names in sizes if len(names) >= 25]
    total = sum(map(len, sizes))
    return {
        "corrections": total,
        "asked_in_a_run": len(asked),
        "never_asked": round(1 - len(waits) / total, 4),
        "longest_wait": max(waits.values()),
        "share_asked_of_a_round_of_25_or_more": [round(min(shares), 3), round(max(shares), 3)],
        "smaller_rounds_asked": [sum(bool(asked & names) for names in sizes if len(names) < 25), sum(len(names) < 25 for names in sizes)],
        "seconds": round(seconds, 3),
    }


def by_hash(lineage: Sequence[tuple[str, list[EvaluationItem]]], _run: int) -> frozenset[str]:
    """As it was: the items with the smallest hashes, but for forty of each language."""
    items = [(row_id("0", item_name(version, item.id)), item) for version, held in lineage for item in held]
    ranked = [item for _, item in sorted(items, key=lambda one: one[0])]
    first = [item for language in ("hi", "en") for item in [one for one in ranked if one.language == language][:40]]
    rest = [item for item in ranked if item not in first]
    return frozenset(str(item.sample_id) for item in [*first, *rest][:MOST_ITEMS_OF_A_SET])


def in_turn(lineage: Sequence[tuple[str, list[EvaluationItem]]], run: int) -> frozenset[str]:
    """As it is."""
    places = places_of((version, index_of(items)) for version, items in lineage)
    named = [_named(version, item) for version, items in lineage for item in items]
    found = sample(named, MemoryTurn(places, run), cap=MOST_ITEMS_OF_A_SET, seed=0)
    return frozenset(str(item.sample_id) for item in found.items)


def _named(version: str, item: EvaluationItem) -> EvaluationItem:
    return EvaluationItem(
        item_name(version, item.id), item.set, item.question, item.answers, item.language, item.group, sample_id=item.sample_id
    )


def look_up(language: str, most: int = 3, *, worn: bool) -> dict[str, float]:
    """The shares of unseen wordings whose own question is the first, and among the first three, by BM25 and by shared words.

    `worn`: of each second longer word one letter is missing.
    """
    rng = random.Random(0)
    paragraphs = load_squad(XQUAD / f"xquad.{language}.json").paragraphs
    questions = list(dict.fromkeys(one.question for paragraph in paragraphs for one in paragraph.questions))
    index, words = Bm25(questions), [frozenset(hi_lenient(question).split()) for question in questions]
    asked = [
        (place, mistyped(wording, rng) if worn else wording)
        for place, question in enumerate(questions)
        for wording in split_paraphrases(question, "hi" if language == "hi" else "en")[1]
    ]
    ranks: Mapping[str, Sequence[list[int]]] = {
        "bm25": [index.nearest(wording, most) for _, wording in asked],
        "shared_words": [_by_words(wording, words, most) for _, wording in asked],
    }
    shares: dict[str, float] = {"questions": len(questions), "wordings": len(asked)}
    for name, found in ranks.items():
        pairs = list(zip(asked, found, strict=True))
        shares[f"{name}_first"] = round(mean(near[:1] == [place] for (place, _), near in pairs), 4)
        shares[f"{name}_among_{most}"] = round(mean(place in near for (place, _), near in pairs), 4)
    return shares


def mistyped(text: str, rng: random.Random) -> str:
    """Each word of more than three letters loses one of them, or not, by the toss of a coin."""
    words = text.split(" ")
    for place, word in enumerate(words):
        if len(word) > 3 and rng.random() < 0.5:
            gone = rng.randrange(len(word))
            words[place] = word[:gone] + word[gone + 1 :]
    return " ".join(words)


def _by_words(wording: str, words: Sequence[frozenset[str]], most: int) -> list[int]:
    """The places with the largest Jaccard index of their words."""
    given = frozenset(hi_lenient(wording).split())
    scores = [len(given & held) / len(given | held) for held in words]
    return sorted(range(len(words)), key=lambda place: (-scores[place], place))[:most]


if __name__ == "__main__":
    raise SystemExit(main())
