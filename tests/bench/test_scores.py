"""The comparison of Hindi scores in short: our side of it, and the pairs that it is made on."""

from __future__ import annotations

import json
from pathlib import Path

from bench.scores.__main__ import ours, table
from bench.scores.pairs import OTHER, SAME, pairs

REFERENCES = ["ताज महल का निर्माण सन् 1653 में पूरा हुआ।", "कोलकाता में संग्रहालय की स्थापना 1814 में हुई।"]


def test_the_lenient_score_takes_the_same_text_for_the_same_and_another_for_another() -> None:
    """A hundred for each kind that a reader sees as the same, none of exact match for another sentence."""
    found = {kind: ours(given) for kind, given in pairs(REFERENCES).items()}
    assert {kind: found[kind]["hi_lenient EM"] for kind in SAME} == dict.fromkeys(SAME, 100.0)
    assert found[OTHER]["hi_lenient EM"] == 0
    assert table(found).splitlines()[2].startswith("| hi_lenient EM | 100.0 |")


def test_the_committed_table_has_every_score_for_every_kind() -> None:
    """Ours and the peers', on the same pairs."""
    written = json.loads((Path(__file__).parents[2] / "bench" / "results" / "scores.json").read_text())
    assert list(written["scores"]) == [*SAME, OTHER]
    assert all(
        "rouge_score rougeL" in row and "LLaMA-Factory ROUGE-1" in row and "hi_lenient EM" in row for row in written["scores"].values()
    )
