"""The arm that is told: the baseline with the nearest corrections in its prompt, asked repair items. "Would telling it have been enough?"

Told to the operator alone: what comes of it is in files of its own, which neither the scores nor the gate reads. Torch-free.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from gpu_runner.child.parent import Parent
from gpu_runner.dataset.memory.bm25 import Bm25
from gpu_runner.dataset.memory.strata import evenly
from gpu_runner.dataset.memory.told import telling
from gpu_runner.dataset.rows import EvaluationItem, load_answers, load_evaluation_items
from gpu_runner.evaluate.engine.collect import collect
from gpu_runner.evaluate.engine.in_process import InProcessEngine
from gpu_runner.evaluate.engine.protocol import LimitedQuestion
from gpu_runner.evaluate.engine.token_limits import token_limits
from gpu_runner.evaluate.score import score_side
from gpu_runner.json_files import write_json
from gpu_runner.model_folder.memory import DoesNotFit
from gpu_runner.model_folder.template_messages import Asked
from gpu_runner.model_folder.token_limit import TokenLimit
from gpu_runner.train.spec import Item, Row, Spec, load_rows
from runtime.artifacts.content_hash import file_sha256

log = logging.getLogger("gpu_runner.train")

FORMAT: Final = 1
# In the job's folder for evaluation: the answers, until they are scored, and what is left of them.
ANSWERS: Final = "told_answers.jsonl"
FIGURES: Final = "told.json"
MOST_ITEMS: Final = 100
# Reasons for which an item is not asked.
NOT_KNOWN: Final = "its_correction_cannot_be_told"
TOO_LONG: Final = "too_long_with_one"
REFUSED: Final = "refused_by_the_template"


@dataclass(frozen=True)
class ToldQuestion:
    """An item with what it is told: `examples` are places of the corrections, the likest last, its own among them.

    `found`: its own was among the likest by itself, as a look-up would have found it.
    """

    item: Item
    examples: tuple[int, ...]
    asked: Asked
    found: bool


@dataclass
class ToldQuestions:
    """What is asked, and how many items are not, by reason."""

    questions: list[ToldQuestion] = field(default_factory=list)
    not_asked: Counter[str] = field(default_factory=Counter)


def told_questions(
    items: Sequence[Item], corrections: Sequence[Row], *, most: int, seed: int, lengths: Callable[[Sequence[Asked]], list[int]],
    limit: TokenLimit,
) -> ToldQuestions:  # fmt: skip
    """At most MOST_ITEMS repair items, even over languages and corrections, each with its own correction and the `most` - 1 likest others.

    `lengths` are the tokens of prompts, 0 where the template refuses. What is over the limit is told fewer; an item that is over it with
    its own correction alone is not asked.
    """
    own = {row.sample_id: place for place, row in enumerate(corrections)}
    index = Bm25([row.prompt for row in corrections])
    out = ToldQuestions()
    repair = [item for item in items if item.set == "repair"]
    chosen = evenly(repair, (lambda item: item.language, lambda item: item.sample_id or ""), salt=f"told {seed}", name=lambda item: item.id)
    waiting: list[ToldQuestion] = []
    for item in list(chosen)[:MOST_ITEMS]:
        if item.sample_id is None or item.sample_id not in own:
            out.not_asked[NOT_KNOWN] += 1
            continue
        its, likest = own[item.sample_id], index.nearest(item.question, most)
        others = [place for place in likest if place != its][: most - 1]
        examples = tuple(reversed([place for place in likest if place in (its, *others)] if its in likest else [its, *others]))
        waiting.append(_question(item, examples, corrections, found=its in likest))
    while waiting:
        shorter: list[ToldQuestion] = []
        for question, tokens in zip(waiting, lengths([one.asked for one in waiting]), strict=True):
            if not tokens:
                out.not_asked[REFUSED] += 1
            elif limit.holds(tokens):
                out.questions.append(question)
            elif len(question.examples) == 1:
                out.not_asked[TOO_LONG] += 1
            else:
                shorter.append(_fewer(question, own[question.item.sample_id], corrections))
        waiting = shorter
    out.questions.sort(key=lambda question: question.item.id)
    return out


def ask_told(
    engine: InProcessEngine, questions: Sequence[ToldQuestion], out: Path, *, least_tokens: int, progress: Callable[[int], None]
) -> None:
    """One answer for each question, in a file of their own; those that are there of an attempt that was killed are not asked again."""
    limits = token_limits([one.item.answers for one in questions], engine.count_tokens, least=least_tokens)
    asked = [LimitedQuestion(one.item.id, one.asked, limit) for one, limit in zip(questions, limits, strict=True)]
    collect(engine, asked, out, side="baseline", least_tokens=least_tokens, order=[one.item.id for one in questions], progress=progress)


def write_told(told: ToldQuestions, items: Sequence[EvaluationItem], answers_path: Path, out: Path, *, most: int) -> None:
    """Scores the answers to the items that are still there, and leaves figures without a word: the answers, which may repeat what was told,
    go. An item is fixed by the rule of its kind, as everywhere.
    """
    questions = {one.item.id: one for one in told.questions}
    asked = [item for item in items if item.id in questions]
    rows: list[Mapping[str, Any]] = []
    if asked and answers_path.is_file():
        answers = [answer for answer in load_answers(answers_path) if answer.item_id in {item.id for item in asked}]
        scored = score_side(asked, answers, ("exact_match",), side="baseline").items
        rows = [
            {"item_id": item.id, "told": len(questions[item.id].examples), "found": questions[item.id].found, "fixed": bool(row["fixed"])}
            for item, row in zip(asked, scored, strict=True)
        ]
    write_json(out, {"format": FORMAT, "most": most, "items": rows, "not_asked": dict(sorted(told.not_asked.items()))})
    answers_path.unlink(missing_ok=True)


def _question(item: Item, examples: tuple[int, ...], corrections: Sequence[Row], *, found: bool) -> ToldQuestion:
    shown = [(corrections[place].prompt, corrections[place].completion) for place in examples]
    return ToldQuestion(item, examples, telling(item.asked, shown, item.language), found)


def _fewer(question: ToldQuestion, its: int, corrections: Sequence[Row]) -> ToldQuestion:
    """Without the one that is least alike and not the item's own."""
    dropped = next(place for place in question.examples if place != its)
    examples = tuple(place for place in question.examples if place != dropped)
    return _question(question.item, examples, corrections, found=question.found)


class ToldArm:
    """The arm of one job: asked while the baseline is loaded, scored once both sides have answered."""

    def __init__(self, folder: Path, spec: Spec, items: Sequence[Item], parent: Parent) -> None:
        self._folder, self._spec, self._items, self._parent = folder, spec, items, parent
        self._answers = folder / "evaluation" / ANSWERS
        self._questions: ToldQuestions | None = None

    def ask(self, engine: InProcessEngine) -> None:
        """Asks the baseline; nothing where the spec does not say so."""
        path, most = self._spec.dataset.told, self._spec.told_corrections
        if path is None or not most:
            return
        try:
            self._questions = self._asked(engine, path, most)
        except DoesNotFit as error:  # hours of training must not be lost for what decides nothing
            log.warning("the baseline could not be told corrections: %s", error)

    def _asked(self, engine: InProcessEngine, path: str, most: int) -> ToldQuestions:
        limit = TokenLimit(self._spec.hyperparameters.max_seq_length)
        told = told_questions(
            self._items, load_rows(self._folder / path), most=most, seed=self._spec.seed, lengths=engine.generator.lengths, limit=limit
        )
        ask_told(
            engine, told.questions, self._answers, least_tokens=self._spec.max_new_tokens, progress=lambda _done: self._parent.require()
        )
        return told

    def finish(self) -> dict[str, str] | None:
        """What `result.json` says of it: the file of figures and its hash. None where nothing was asked."""
        if self._questions is None:
            self._answers.unlink(missing_ok=True)
            return None
        items = load_evaluation_items(self._folder / self._spec.dataset.evaluation)
        out = self._folder / "evaluation" / FIGURES
        write_told(self._questions, items, self._answers, out, most=self._spec.told_corrections)
        return {"path": f"evaluation/{FIGURES}", "sha256": file_sha256(out)}
