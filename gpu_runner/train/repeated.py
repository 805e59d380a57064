"""The baseline asked a part of its repair items again: how much it moves by itself is no gain of anybody. Torch-free."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from gpu_runner.dataset.memory.strata import evenly
from gpu_runner.dataset.rows import Answer, load_evaluation_items
from gpu_runner.evaluate.engine.in_process import InProcessEngine
from gpu_runner.evaluate.engine.protocol import EngineAnswer, LimitedQuestion
from gpu_runner.evaluate.engine.token_limits import token_limits
from gpu_runner.evaluate.score import score_side
from gpu_runner.model_folder.memory import DoesNotFit
from gpu_runner.train.spec import Item, Spec

log = logging.getLogger("gpu_runner.train")

MOST_ITEMS: Final = 64


class RepeatedBaseline:
    """The second answers of one job's baseline; they are never written down, only whether each item is fixed by them."""

    def __init__(self, folder: Path, spec: Spec, items: Sequence[Item]) -> None:
        self._items_path, self._spec = folder / spec.dataset.evaluation, spec
        repair = [item for item in items if item.set == "repair"]
        chosen = evenly(repair, (lambda item: item.language, lambda item: item.group), salt=f"again {spec.seed}", name=lambda item: item.id)
        self._items = list(chosen)[:MOST_ITEMS]
        self._answers: list[Answer] = []

    def ask(self, engine: InProcessEngine) -> None:
        """Asks the items under the limits that they had, in other batches than before."""
        limits = token_limits([item.answers for item in self._items], engine.count_tokens, least=self._spec.max_new_tokens)
        asked = [LimitedQuestion(item.id, item.asked, limit) for item, limit in zip(self._items, limits, strict=True)]
        replies: dict[int, EngineAnswer] = {}

        def keep(place: int, reply: object) -> None:
            if isinstance(reply, EngineAnswer):
                replies[place] = reply

        try:
            engine.answer(asked, keep)
        except DoesNotFit as error:  # hours of training must not be lost for a noise floor
            log.warning("the baseline could not be asked again: %s", error)
        self._answers = [
            Answer(asked[place].item_id, "baseline", reply.text, reply.latency_ms, reply.tokens, reply.cut)
            for place, reply in sorted(replies.items())
        ]

    def figures(self) -> dict[str, float]:
        """1.0 or 0.0 for each item that was asked again and is still there: whether it is fixed by the second answer."""
        answered = {answer.item_id for answer in self._answers}
        items = [item for item in load_evaluation_items(self._items_path) if item.id in answered] if answered else []
        if not items:
            return {}
        kept = {item.id for item in items}
        scored = score_side(items, [answer for answer in self._answers if answer.item_id in kept], ("exact_match",), side="baseline").items
        return {item.id: float(row["em"]) for item, row in zip(items, scored, strict=True)}
