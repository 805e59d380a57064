"""The baseline asked again: which items, and that nothing but figures is left."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from gpu_runner.dataset.rows import EvaluationItem, save_rows
from gpu_runner.evaluate.engine.protocol import Done, EngineAnswer, LimitedQuestion, QuestionRefused
from gpu_runner.model_folder.memory import DoesNotFit
from gpu_runner.train.repeated import MOST_ITEMS, RepeatedBaseline
from gpu_runner.train.spec import Item

SPEC: Any = SimpleNamespace(seed=0, max_new_tokens=8, dataset=SimpleNamespace(evaluation="items.jsonl"))


class Engine:
    """Says what it is told to for each item; refuses those without words."""

    def __init__(self, said: dict[str, str], *, fits: bool = True) -> None:
        self.said, self.fits = said, fits
        self.asked: list[str] = []

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return [len(text) for text in texts]

    def answer(self, questions: Sequence[LimitedQuestion], done: Done) -> None:
        if not self.fits:
            raise DoesNotFit("no room")
        for place, question in enumerate(questions):
            self.asked.append(question.item_id)
            said = self.said.get(question.item_id)
            done(place, QuestionRefused("not now") if said is None else EngineAnswer(said, 1, 1.0, False))


def arm(folder: Path, count: int = 4, kept: int | None = None) -> RepeatedBaseline:
    """So many repair items and one of the holdout; `kept` of them are still in the file when they are scored."""
    names = [f"i{number}" for number in range(count)]
    save_rows(folder / "items.jsonl", [EvaluationItem(n, "repair", f"Who built {n}?", ("Ashoka",), "en", n) for n in names[:kept]])
    items = [Item(n, f"Who built {n}?", set="repair", answers=("Ashoka",), group=n, language="en") for n in names]
    return RepeatedBaseline(folder, SPEC, [*items, Item("h", "Who?", set="holdout", answers=("x",), group="h", language="en")])


def test_what_the_second_answers_fix_is_told_by_item(tmp_path: Path) -> None:
    """A refused question has no figure, the holdout is not asked, and nothing is written."""
    again = arm(tmp_path)
    engine: Any = Engine({"i0": "Ashoka", "i1": "Akbar", "i2": "Ashoka"})
    again.ask(engine)
    assert again.figures() == {"i0": 1.0, "i1": 0.0, "i2": 1.0}
    assert sorted(engine.asked) == ["i0", "i1", "i2", "i3"]
    assert [path.name for path in tmp_path.iterdir()] == ["items.jsonl"]


def test_an_item_that_was_taken_back_meanwhile_has_no_figure(tmp_path: Path) -> None:
    """Its line is gone from the file."""
    again = arm(tmp_path, kept=1)
    again.ask(Engine({"i0": "Ashoka", "i1": "Ashoka"}))  # type: ignore[arg-type]
    assert again.figures() == {"i0": 1.0}


def test_it_is_bounded_and_may_fail(tmp_path: Path) -> None:
    """At most 64 items; where they don't fit into the memory, there are no figures."""
    again = arm(tmp_path, count=200)
    engine: Any = Engine({})
    again.ask(engine)
    assert len(engine.asked) == MOST_ITEMS
    again.ask(Engine({}, fits=False))  # type: ignore[arg-type]
    assert again.figures() == {}
