"""The claims of WiCE's development split (Kamoi et al. 2023): a claim of Wikipedia against the pages that it cites."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache

from bench.drift.streams.pools import DATA, DataAbsent


@dataclass(frozen=True, slots=True)
class LabelledClaim:
    """`supported`: wholly; a claim that is supported in part is not."""

    claim: str
    sources: tuple[str, ...]
    supported: bool


@cache
def wice() -> tuple[LabelledClaim, ...]:
    """All 349; raises DataAbsent where the data is not beside the checkout."""
    path = DATA / "wice" / "claim_dev.jsonl"
    if not path.is_file():
        raise DataAbsent("no development data at ../shared/data beside this checkout")
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return tuple(LabelledClaim(row["claim"], tuple(row["evidence"]), row["label"] == "supported") for row in rows)
