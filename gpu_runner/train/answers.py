"""Both sides answer every evaluation item, each loaded from disk in the form that serves, and are timed in turn."""

from __future__ import annotations

import gc
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gpu_runner.child.parent import Parent
from gpu_runner.child.reporter import Reporter
from gpu_runner.dataset.rows import Side, answers_to
from gpu_runner.evaluate.engine.collect import collect
from gpu_runner.evaluate.engine.in_process import InProcessEngine
from gpu_runner.evaluate.engine.protocol import LimitedQuestion
from gpu_runner.evaluate.engine.token_limits import token_limits
from gpu_runner.evaluate.generate import TOKENS_AT_ONCE, Generator
from gpu_runner.model_folder.token_limit import TokenLimit
from gpu_runner.train.spec import Item, Spec
from gpu_runner.train.timing import Timings
from runtime.whole_files import write_whole

BATCH = 64


@dataclass(frozen=True, slots=True)
class ModelFolder:
    """One side's model: where it lies and what it is."""

    path: Path
    sha256: str


def write_answers(
    items: Sequence[Item], sides: dict[Side, ModelFolder], out: Path, *, spec: Spec, reporter: Reporter, parent: Parent,
    also_of_baseline: Sequence[Callable[[InProcessEngine], None]] = (),
) -> dict[str, Any] | None:  # fmt: skip
    """Writes one line for each item and side, in the order of `sides` and then of the items; returns the timings of scores.json.

    What `out` holds of an attempt that was killed is not asked again. No question may be over the limit. A first batch that is thrown away
    warms each side up. Each side is timed after its answers, and then once more in turn, so that what disturbs the machine for a while
    can't lie over all passes of one side alone. `also_of_baseline` are called with the baseline's engine when its answers and
    its time are taken.
    """
    timings = Timings(items)
    total = len(items) * len(sides)
    for number, (side, model) in enumerate(sides.items()):
        generator = _generator(model.path, spec)
        generator.answer([item.asked for item in items[:BATCH]], max_new_tokens=2, batch_size=BATCH)
        engine = InProcessEngine(generator, f"{model.sha256} {spec.date}", budget=TOKENS_AT_ONCE, most=BATCH)
        limits = token_limits([item.answers for item in items], engine.count_tokens, least=spec.max_new_tokens)
        questions = [LimitedQuestion(item.id, item.asked, limit) for item, limit in zip(items, limits, strict=True)]

        def progress(done: int, before: int = number * len(items)) -> None:
            parent.require()
            reporter.progress(before + done, total)

        collect(
            engine, questions, out, side=side, least_tokens=spec.max_new_tokens, order=[item.id for item in items], progress=progress
        )  # fmt: skip
        timings.measure(side, generator)
        for also in also_of_baseline if side == "baseline" else ():
            also(engine)
        del engine, generator
        gc.collect()
    for side, model in sides.items():
        parent.require()
        generator = _generator(model.path, spec)
        timings.measure(side, generator)
        del generator
        gc.collect()
    return timings.as_dict()


def _generator(folder: Path, spec: Spec) -> Generator:
    return Generator(folder, date=spec.now(), limit=TokenLimit(spec.hyperparameters.max_seq_length))


def keep_answers_to(items: Sequence[Item], out: Path) -> None:
    """Removes answers to other items: those of samples that were taken back, and left the file, while the models answered."""
    write_whole(out, answers_to({item.id for item in items}, out.read_bytes()))
