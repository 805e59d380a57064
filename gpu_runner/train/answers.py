"""Both sides answer every evaluation item, each loaded from disk in the form that serves, and are timed in turn."""

from __future__ import annotations

import gc
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from gpu_runner.child.parent import Parent
from gpu_runner.child.reporter import Reporter
from gpu_runner.dataset.rows import answers_to
from gpu_runner.evaluate.generate import Generator
from gpu_runner.model_folder.token_limit import TokenLimit
from gpu_runner.train.spec import Item, Spec
from gpu_runner.train.timing import Timings
from runtime.whole_files import write_whole

BATCH = 64


def write_answers(
    items: Sequence[Item], sides: dict[str, Path], out: Path, *, spec: Spec, reporter: Reporter, parent: Parent
) -> dict[str, Any] | None:
    """Writes one line for each item and side, in the order of `sides` and then of the items; returns the timings of scores.json.

    No question may be over the limit. A first batch that is thrown away warms each side up. Each side is timed after its answers, and then
    once more in turn, so that what disturbs the machine for a while can't lie over all passes of one side alone.
    """
    timings = Timings(items)
    total = len(items) * len(sides)
    done = 0
    with out.open("w", encoding="utf-8") as handle:
        for side, folder in sides.items():
            generator = _generator(folder, spec)
            generator.answer([item.asked for item in items[:BATCH]], max_new_tokens=2, batch_size=BATCH)
            for start in range(0, len(items), BATCH * 4):
                part = items[start : start + BATCH * 4]
                answers = generator.answer([item.asked for item in part], max_new_tokens=spec.max_new_tokens, batch_size=BATCH)
                for item, answer in zip(part, answers, strict=True):
                    line = {
                        "item_id": item.id,
                        "side": side,
                        "text": answer.text,
                        "latency_ms": round(answer.latency_ms, 3),
                        "tokens": answer.tokens,
                        "cut": answer.cut,
                    }
                    handle.write(json.dumps(line, ensure_ascii=False) + "\n")
                parent.require()
                done += len(part)
                reporter.progress(done, total)
            timings.measure(side, generator)
            del generator
            gc.collect()
    for side, folder in sides.items():
        parent.require()
        generator = _generator(folder, spec)
        timings.measure(side, generator)
        del generator
        gc.collect()
    return timings.as_dict()


def _generator(folder: Path, spec: Spec) -> Generator:
    return Generator(folder, date=spec.now(), limit=TokenLimit(spec.hyperparameters.max_seq_length))


def keep_answers_to(items: Sequence[Item], out: Path) -> None:
    """Removes answers to other items: those of samples that were taken back, and left the file, while the models answered."""
    write_whole(out, answers_to({item.id for item in items}, out.read_bytes()))
