"""What the firewall finds in a trial, and what it takes wrongly, beside the rule of the release before."""

from __future__ import annotations

import random
import time
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from bench.firewall.templates import CITIES, FORMS
from bench.firewall.trial import FREE, Trial, Tried, with_other_answers
from gpu_runner.dataset.firewall.embedder import Embedder
from gpu_runner.dataset.firewall.questions import HeldOut, TrainingQuestion
from gpu_runner.dataset.firewall.screen import Firewall
from gpu_runner.dataset.near_duplicates import NearDuplicates

# The kinds that are part of what a runner knows all at once; variants and near-duplicates of one question come one at a time.
TOGETHER: Final = (FREE, "paraphrase", "translation")
COST_ROWS: Final = 20_000
COST_HELD: Final = 300


@dataclass
class Count:
    """How many of a kind were set aside."""

    of: int = 0
    found: int = 0
    by_words: int = 0
    by_the_rule_before: int = 0
    with_another_answer: int = 0

    def as_dict(self) -> dict[str, Any]:
        """The counts, and the shares in percent."""
        shares = {
            name: round(100 * getattr(self, name) / max(self.of, 1), 2)
            for name in ("found", "by_words", "by_the_rule_before", "with_another_answer")
        }
        return {"of": self.of, "found": self.found, "percent": shares}


def measure(made: Trial, embedder: Embedder | None) -> dict[str, Count]:
    """Counts by kind; of FREE ones `found` are those taken wrongly."""
    known = [(one.candidate.question, one.candidate.answer) for one in made.tried if one.kind in TOGETHER]
    rng = random.Random(f"other answers {made.corpus.name} {made.language}")
    answers = [answer for _, answer in made.free] or [one.candidate.answer for one in made.tried]
    others = [one if one.kind == FREE else with_other_answers(one, rng, answers) for one in made.tried]
    whole, words = Firewall(made.held, known, embedder), Firewall(made.held, known)
    before = NearDuplicates([(one.question, one.answers) for one in made.held], [question for question, _ in known])
    counts: dict[str, Count] = defaultdict(Count)
    asked = [one.candidate for one in made.tried]
    found = zip(made.tried, whole.screen(asked), words.screen(asked), whole.screen([one.candidate for one in others]), strict=True)
    for one, hit, by_words, other in found:
        count = counts[one.kind]
        count.of += 1
        count.found += hit is not None
        count.by_words += by_words is not None
        count.with_another_answer += other is not None
        count.by_the_rule_before += before.nearest(one.candidate.question, one.candidate.answer) is not None
    return counts


def wrongly_taken(made: Trial, embedder: Embedder | None) -> Iterable[tuple[Tried, str, str]]:
    """What may train and was set aside, with the reason and the held-out question."""
    known = [(one.candidate.question, one.candidate.answer) for one in made.tried if one.kind in TOGETHER]
    free = [one for one in made.tried if one.kind == FREE]
    held = {one.item_id: one.question for one in made.held}
    for one, hit in zip(free, Firewall(made.held, known, embedder).screen([one.candidate for one in free]), strict=True):
        if hit is not None:
            yield one, hit.reason, held[hit.item_id]


def cost() -> dict[str, Any]:
    """Seconds to compare 20,000 rows with 300 held-out items by words: questions of templates, the slowest there are."""
    rng = random.Random(0)
    forms = [form for half in FORMS.values() for english, hindi, _ in half for form in (*english, *hindi)]
    texts = list(dict.fromkeys(rng.choice(forms).format(x=f"{rng.choice(CITIES)[rng.randrange(2)]} {number}") for number in range(30_000)))
    rows = [TrainingQuestion(text, f"answer {number % 5000}") for number, text in enumerate(texts[: COST_ROWS + COST_HELD])]
    held = [HeldOut(f"h{number}", one.question, (one.answer,)) for number, one in enumerate(rows[:COST_HELD])]
    start = time.process_time()
    firewall = Firewall(held, [(one.question, one.answer) for one in rows[COST_HELD:]])
    built = time.process_time()
    firewall.screen(rows[COST_HELD:])
    done = time.process_time()
    return {"rows": len(rows) - COST_HELD, "held_out": COST_HELD, "index_s": round(built - start, 2), "compare_s": round(done - built, 2)}
