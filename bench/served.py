"""`make bench-served`: taught as served, asked as served: right with the passage, and abstaining where it is missing.

The base that was taught to read is asked about what it was never taught, each question with four passages about its institution, once with
the right one among them and once without, in each form of answer. Then, for each seed, one round of the loop with real feedback (the
demo's), and the corrected questions again.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import random
import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from rich.console import Console

from bench.stream.figures import Figure, table
from gpu_runner.text.abstention import abstains
from gpu_runner.tiny_llama.facts import Fact, load_facts, taught_facts, untaught_facts
from gpu_runner.tiny_llama.reading import FORMS, Form
from ops.demo.real.conversations import PASSAGES, AskedTurn, without_passage
from ops.demo.run import WORK, DemoSettings, make_base_model, play

GOAL: Final = 0.9
# The least share of what it knew without passages that the base may have kept, of the plain base's.
KEPT: Final = 0.95
ROUND: Final = {
    "right_with_passage": "right with the passage",
    "abstains_without": "abstains without it",
    "follow_up_abstains_without": "abstains without it, follow-ups",
    "same_follow_up_right": "the same follow-up right in each conversation",
}


def main() -> int:
    """Writes the JSON; exit code 1 where a goal is missed."""
    parser = argparse.ArgumentParser(prog="python -m bench.served", description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--base-only", action="store_true", help="without the rounds")
    parser.add_argument("--model", type=Path, help="a model folder to measure as the base; without one the tiny model is made")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1], help="one round for each (default: 0 1)")
    chosen = parser.parse_args()
    load = os.getloadavg()[0]
    model = chosen.model or asyncio.run(make_base_model(WORK, reading=True)) / "model"
    figures = of_the_base(model, random.Random(chosen.seeds[0]))
    rounds: dict[int, dict[str, Any]] = {}
    _write(chosen.out, load, figures, rounds)
    for seed in () if chosen.base_only else chosen.seeds:
        rounds[seed] = asyncio.run(play(DemoSettings(real=True, seed=seed), Console(stderr=True)))
        figures += of_the_round(seed, rounds[seed])
        _write(chosen.out, load, figures, rounds)  # after each: a round takes minutes, and is not lost where a later one fails
    print(table(figures))
    return int(any(figure.met is False for figure in figures))


def _write(out: Path, load: float, figures: Sequence[Figure], rounds: dict[int, dict[str, Any]]) -> None:
    report = {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": {"cores": os.cpu_count(), "platform": platform.platform(), "python": platform.python_version()},
        "load": [load, os.getloadavg()[0]],
        "figures": [figure.row() for figure in figures],
        "rounds": rounds,
    }
    out.write_text(json.dumps(report, indent=1, ensure_ascii=False) + "\n")


def of_the_base(folder: Path, rng: random.Random) -> list[Figure]:
    """Of every untaught fact, in a wording of the lessons and in one that was kept from them; and the taught facts without passages."""
    from gpu_runner.evaluate.generate import Generator

    generator = Generator(folder)
    figures = []
    for wording, name, goal in ((0, "trained wording", GOAL), (-1, "unseen wording", None)):  # what a round is for
        turns = [_turn(fact, wording, rng) for fact in untaught_facts()]
        for form in FORMS:
            said = _answers(generator, [turn.messages(form=form) for turn in turns])
            right = [_in_form(turn, form) == text for turn, text in zip(turns, said, strict=True)]
            silent = list(map(abstains, _answers(generator, [without_passage(turn).messages(form=form) for turn in turns])))
            figures += [
                Figure(
                    f"base, right with the passage, {form}, {name}", _share(right), "", f"of {len(right)} untaught facts", at_least=goal
                ),
                Figure(
                    f"base, abstains without it, {form}, {name}", _share(silent), "", f"of {len(silent)}, {PASSAGES} others", at_least=goal
                ),
            ]
    known = taught_facts()
    exact = [text == fact.answer for fact, text in zip(known, _answers(generator, [fact.wordings[0] for fact in known]), strict=True)]
    return [*figures, Figure("base, taught facts without passages", _share(exact), "", f"exact match of {len(exact)}", at_least=KEPT)]


def of_the_round(seed: int, result: dict[str, Any]) -> list[Figure]:
    """Of the corrections of the batch, asked in the conversations in which they were served."""
    figures = []
    for key, name in ROUND.items():
        shares = result.get(key) or {"before": None, "after": None, "of": 0}  # a run without a candidate has shown nothing
        told = f"of {shares['of']} of the batch's corrections; {shares['before']} before; {result['verdict']}"
        figures.append(Figure(f"round of seed {seed}, {name}", shares["after"] or 0.0, "", told, at_least=GOAL))
    return figures


def _turn(fact: Fact, wording: int, rng: random.Random) -> AskedTurn:
    others = rng.sample([other for other in load_facts() if other.group == fact.group and other is not fact], PASSAGES - 1)
    turn = AskedTurn(fact.id, fact.id, fact, fact.wordings[wording], (fact, *others))
    return replace(turn, passages=tuple(rng.sample(turn.passages, PASSAGES)))


def _in_form(turn: AskedTurn, form: Form) -> str:
    return turn.fact.sentence if form == "sentence" else turn.fact.answer


def _answers(generator: Any, asked: Sequence[Any]) -> list[str]:
    return [answer.text for answer in generator.answer(asked, max_new_tokens=48, batch_size=64)]


def _share(found: Sequence[bool]) -> float:
    return sum(found) / len(found)


if __name__ == "__main__":
    sys.exit(main())
