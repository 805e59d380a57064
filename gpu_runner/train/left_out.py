"""What a run leaves out because it is longer than `max_seq_length`: rows, the samples behind them, and items. Torch-free."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from gpu_runner.dataset.rows import is_replayed, row_id
from gpu_runner.train.spec import Item, Row


@dataclass(frozen=True)
class LeftOut:
    """`rows` by the hash of id and prompt, `samples` of which no row trains, `items` that are not asked.

    The latter are too long themselves (`items_too_long` counts them by set), or of the repair set and ask for what no row teaches.
    """

    rows: tuple[str, ...] = ()
    samples: tuple[str, ...] = ()
    items: tuple[str, ...] = ()
    items_too_long: Mapping[str, int] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """As `result.json` holds it: ids and hashes, no text."""
        return {"rows": list(self.rows), "samples": list(self.samples), "items": list(self.items)}


def left_out(
    too_long: Sequence[Row],
    fitting: Sequence[Row],
    items: Sequence[Item],
    stands_for: Mapping[str, Sequence[str]],
    over_limit: Sequence[Item] = (),
) -> LeftOut:
    """What neither trains nor is asked, of rows that are too long, rows that fit, and the items, of which some are `over_limit`.

    A sample trains where one of its rows does; an item stays where a row with its sample, group and answer does. `stands_for` maps a sample
    to all that its rows stand for.
    """
    new, learnt = ([row for row in rows if not is_replayed(row.origin)] for rows in (too_long, fitting))
    lost = {(row.sample_id, row.group, row.completion) for row in new}
    lost -= {(row.sample_id, row.group, row.completion) for row in learnt}
    untrained = {row.sample_id for row in new} - {row.sample_id for row in learnt}
    samples = {name for sample in untrained if sample for name in (sample, *stands_for.get(sample, ()))}
    unasked = {
        item.id for item in items if item.set == "repair" and any((item.sample_id, item.group, answer) in lost for answer in item.answers)
    }
    return LeftOut(
        rows=tuple(sorted({row_name(row.id, row.prompt) for row in too_long})),
        samples=tuple(sorted(samples)),
        items=tuple(sorted(unasked | {item.id for item in over_limit})),
        items_too_long=dict(sorted(Counter(item.set for item in over_limit).items())),
    )


def row_name(identity: str, prompt: str) -> str:
    """What a row is called in `LeftOut.rows`: the ids of a person's file may be anything, and may repeat."""
    return row_id(identity, prompt)
