"""Which corrections a version learnt and by which items each is asked: ids and hashes without a word, so that it may be kept for ever."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Final

from gpu_runner.dataset.rows import EvaluationItem, row_id
from schemas.holdout import normalise_group

FORMAT: Final = 1


@dataclass(frozen=True, slots=True)
class RememberedCorrection:
    """One thing that a version learnt: its `items` ask it, one for each wording.

    `id` is its sample's, or that of an item where a sample (a document, a dataset) taught several things; `group` is a hash.
    """

    id: str
    sample_id: str | None
    language: str
    group: str
    items: tuple[str, ...]


def index_of(items: Iterable[EvaluationItem]) -> tuple[RememberedCorrection, ...]:
    """The corrections that the items ask, by language and group, whatever the order of the items.

    Items of one sample, group and answer are wordings of one correction.
    """
    found: dict[tuple[str | None, str, tuple[str, ...]], list[EvaluationItem]] = defaultdict(list)
    for item in {item.id: item for item in items}.values():
        found[item.sample_id, item.group, item.answers].append(item)
    taught = Counter(sample_id for sample_id, _, _ in found)
    out = []
    for (sample_id, group, _), wordings in found.items():
        names = tuple(sorted(item.id for item in wordings))
        name = sample_id if sample_id is not None and taught[sample_id] == 1 else names[0]
        out.append(RememberedCorrection(name, sample_id, wordings[0].language, row_id("group", normalise_group(group)), names))
    return tuple(sorted(out, key=lambda one: (one.language, one.group, one.id)))


def index_file(corrections: Iterable[RememberedCorrection]) -> bytes:
    """The bytes of `corrections.json`."""
    content = {"format": FORMAT, "corrections": [asdict(one) for one in corrections]}
    return json.dumps(content, indent=1).encode() + b"\n"


def read_index(data: bytes) -> tuple[RememberedCorrection, ...]:
    """What `index_file` wrote. Raises ValueError, LookupError or TypeError for anything else."""
    content = json.loads(data)
    if content["format"] != FORMAT:
        raise ValueError(f"format {content['format']!r}, expected {FORMAT}")
    return tuple(
        RememberedCorrection(
            str(one["id"]), None if one["sample_id"] is None else str(one["sample_id"]), str(one["language"]), str(one["group"]),
            tuple(map(str, one["items"])),
        )
        for one in content["corrections"]
    )  # fmt: skip
