"""Scores of both sides: per item without text, aggregated by set and language, hashed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from gpu_runner.dataset.fields import DataError
from gpu_runner.dataset.rows import Answer, EvaluationItem, Side, save_rows
from gpu_runner.evaluate.score import (
    DEFAULT_METRICS,
    KNOWN_METRICS,
    UnknownMetric,
    items_sha256,
    score_answers,
    score_side,
)
from gpu_runner.evaluate.signatures import SIGNATURES
from gpu_runner.text import grounding
from gpu_runner.text.script import base_words

ITEMS = (
    EvaluationItem("1", "repair", "ताज महल कहाँ है?", ("आगरा",), "hi", "secret group", "ताज महल आगरा में है।"),
    EvaluationItem("2", "old_facts", "When was it built?", ("1653",), "en", "taj", "It was built in 1653."),
    EvaluationItem("3", "old_facts", "Who built it?", ("Shah Jahan", "Emperor Shah Jahan"), "en", "taj"),
)


def answers(side: Side, *texts: str) -> list[Answer]:
    """Answers to the items in their order."""
    return [Answer(item.id, side, text, 2.0, 3, False) for item, text in zip(ITEMS, texts, strict=False)]


def scored(folder: Path, rows: list[Answer]) -> dict[str, Any]:
    """scores.json of these answers."""
    save_rows(folder / "items.jsonl", ITEMS)
    save_rows(folder / "answers.jsonl", rows)
    score_answers(folder / "items.jsonl", folder / "answers.jsonl", folder / "scores.json")
    content: dict[str, Any] = json.loads((folder / "scores.json").read_text(encoding="utf-8"))
    return content


def test_both_sides_are_scored_item_by_item(tmp_path: Path) -> None:
    """Exact match, grounding and latency of each side stand beside each other; aggregates follow."""
    scores = scored(tmp_path, [*answers("baseline", "दिल्ली", "1653", ""), *answers("candidate", "आगरा।", "in 1635", "emperor shah jahan")])
    first, second, third = scores["items"]
    assert (first["baseline"]["em"], first["candidate"]["em"]) == (0, 1)
    assert (first["baseline"]["unsupported"], first["candidate"]["unsupported"]) == (1, 0)
    assert (second["candidate"]["em"], second["candidate"]["unsupported"]) == (0, 1)
    assert (third["candidate"]["em"], third["baseline"]["abstained"]) == (1, True)
    assert scores["aggregates"]["candidate"]["old_facts"]["en"]["exact_match"] == 0.5
    assert scores["aggregates"]["candidate"]["all"]["all"]["items"] == 3
    assert scores["missing"] == {"baseline": 0, "candidate": 0}
    assert len(set(scores["items_sha256"].values())) == 1


def test_faulty_and_damaged_words_are_counted(tmp_path: Path) -> None:
    """A row has its faults and its evidence of damage, none where no vocabulary is for the text; the aggregates have the rates."""
    hurt = "उस दन सबह जब महन घर से नकला तो बारश हो रह थ और सडक पर पन भर गय थ, िकताब à¤•"
    scores = scored(tmp_path, [*answers("baseline", "आगरा", "1653"), *answers("candidate", hurt, "1653")])
    first, second, _ = scores["items"]
    assert (first["baseline"]["structural_faults"], first["candidate"]["structural_faults"]) == (0, 2)
    assert (first["baseline"]["lexical_suspect"], first["candidate"]["lexical_suspect"]) == (False, True)
    assert first["candidate"]["lexical_damaged"] > 3
    # A name of the reference is no evidence, but counts where the sides are compared.
    assert (first["baseline"]["lexical_score"], first["baseline"]["lexical_words"]) == (0, 1)
    assert 0 < first["baseline"]["lexical_damaged"] < 1
    assert (second["candidate"]["lexical_score"], second["candidate"]["lexical_suspect"]) == (None, None)
    assert scores["aggregates"]["candidate"]["all"]["hi"]["lexical_suspect_rate"] == 1
    assert scores["aggregates"]["candidate"]["all"]["all"]["structural_fault_rate"] == round(1 / 3, 6)


LONG = "The Kite Hill Fort was built by King Vajradev in 1612. A stair of 268 steps leads up to it from the river."
LONG_ITEM = EvaluationItem(
    "4", "repair", "Who built the Kite Hill Fort?", (LONG,), "en", "fort", rejected=LONG.replace("Vajradev", "Bhaskar")
)


def test_each_kind_is_fixed_by_its_own_rule() -> None:
    """A long answer in another order is fixed though no exact match; a short one counts as before; a missing one is never fixed."""
    reordered = "A stair of 268 steps leads up to the Kite Hill Fort from the river. It was built by King Vajradev in 1612."
    given = [*answers("candidate", "आगरा।", "in 1653"), Answer("4", "candidate", reordered, 1, 1)]
    side = score_side([*ITEMS, LONG_ITEM], given, ["fixed", "exact_match", "fact_recall", "contradiction_rate"])
    assert [(row["kind"], row["fixed"], row["em"]) for row in side.items] == [
        ("short", True, 1), ("short", False, 0), ("short", False, 0), ("long", True, 1),
    ]  # fmt: skip
    assert side.items[3]["em_guarded"] == 0
    assert side.items[0]["fact_recall"] is None
    assert side.metrics["fixed"] == 0.5
    assert side.metrics["exact_match"] == 0.25
    assert side.metrics["contradiction_rate"] == 0
    assert side.metrics["fact_recall"] > 0.9
    assert {"fixed", "fact_recall", "contradiction_rate"} == set(side.signatures)


def test_the_old_answer_again_is_not_fixed_and_contradicts() -> None:
    """F1 of it is 0.95."""
    side = score_side([LONG_ITEM], [Answer("4", "candidate", str(LONG_ITEM.rejected), 1, 1)], ["fixed", "contradiction_rate"])
    assert (side.metrics["fixed"], side.metrics["contradiction_rate"]) == (0, 1)
    assert side.items[0]["changed_span"] == 0


def test_scores_hold_no_text(tmp_path: Path) -> None:
    """Neither questions nor answers, and a group by its hash alone: it may be a user's question."""
    scored(tmp_path, [*answers("baseline", "x", "y", "z"), *answers("candidate", "quixotic", "y", "z")])
    told = (tmp_path / "scores.json").read_text(encoding="utf-8")
    for text in ("ताज", "आगरा", "Shah", "secret", "quixotic"):
        assert text not in told


def test_a_missing_answer_scores_zero_and_changes_the_hash(tmp_path: Path) -> None:
    """A side that answered fewer items can't be compared unnoticed."""
    scores = scored(tmp_path, [*answers("baseline", "आगरा", "1653", "Shah Jahan"), *answers("candidate", "आगरा", "1653")])
    assert scores["missing"] == {"baseline": 0, "candidate": 1}
    assert scores["items"][2]["candidate"]["em"] == 0
    assert scores["items_sha256"]["candidate"] != scores["items_sha256"]["items"] == scores["items_sha256"]["baseline"]


@pytest.mark.parametrize(
    ("extra", "told"),
    [(Answer("9", "candidate", "x", 1, 1), "'9' is no item"), (Answer("1", "candidate", "x", 1, 1), "'1' was answered twice")],
)
def test_answers_that_fit_no_item_are_refused(tmp_path: Path, extra: Answer, told: str) -> None:
    """An unknown or second answer means that files were mixed up."""
    with pytest.raises(DataError, match=told):
        scored(tmp_path, [*answers("candidate", "a", "b", "c"), extra])


def test_the_hash_of_items_knows_no_order() -> None:
    """The same items in another order have the same hash; a changed answer another one."""
    assert items_sha256(ITEMS) == items_sha256(ITEMS[::-1])
    assert items_sha256(ITEMS) != items_sha256(ITEMS[:2])


def test_one_side_is_scored_by_the_seeds_names() -> None:
    """Without a choice the seed's four metrics, each over all, by language and by set."""
    side = score_side(ITEMS, answers("candidate", "आगरा", "1653", "nobody"))
    assert set(side.metrics) == {*DEFAULT_METRICS, "items"}
    assert side.metrics["exact_match"] == pytest.approx(2 / 3)
    assert side.by_language["hi"]["exact_match"] == 1
    assert side.by_set["old_facts"]["exact_match"] == 0.5
    assert set(side.signatures) == {"bleu", "hallucination_rate"}


def test_the_rules_that_judged_are_told(tmp_path: Path) -> None:
    """scores.json names the rules of grounding and the vocabulary of the script checks by their hashes."""
    told = scored(tmp_path, answers("candidate", "आगरा", "1653", "nobody"))["signatures"]
    assert told["hallucination_rate"] == told["hallucination_coverage"] == grounding.signature()
    assert told["lexical_suspect_rate"] == told["structural_fault_rate"] == base_words.signature()
    assert SIGNATURES.keys() <= told.keys()


def test_every_known_metric_is_a_finite_number() -> None:
    """Also with answers that are missing, empty and without letters."""
    side = score_side(ITEMS, answers("candidate", "", "1653"), KNOWN_METRICS)
    # Of short answers alone nothing is told of the facts.
    unknown = {"devanagari_share", "preference_margin", "preference_accuracy", "fact_recall", "contradiction_rate"}
    assert set(side.metrics) == {*KNOWN_METRICS, "items"} - unknown
    assert all(abs(value) < 1e9 for value in side.metrics.values())


def test_k4_the_share_of_cut_answers_is_a_figure_where_it_is_known() -> None:
    """Over the answers of which it is known; answers written before it was noted have none."""
    given = [Answer("1", "candidate", "x", 1, 1, True), Answer("2", "candidate", "x", 1, 1, False), Answer("3", "candidate", "x", 1, 1)]
    assert score_side(ITEMS, given, ["cut_rate"]).metrics == {"items": 3, "cut_rate": 0.5}
    assert "cut_rate" not in score_side(ITEMS, [given[2]], ["cut_rate"]).metrics


def test_k4_items_that_were_not_asked_are_in_no_figure(tmp_path: Path) -> None:
    """Neither in the rows, nor in the hashes of what was asked, nor among the missing."""
    save_rows(tmp_path / "items.jsonl", ITEMS)
    save_rows(tmp_path / "answers.jsonl", [*answers("baseline", "x", "y"), *answers("candidate", "x", "y")])
    score_answers(tmp_path / "items.jsonl", tmp_path / "answers.jsonl", tmp_path / "scores.json", without={"3"})
    scores = json.loads((tmp_path / "scores.json").read_text(encoding="utf-8"))
    assert [item["item_id"] for item in scores["items"]] == ["1", "2"]
    assert set(scores["items_sha256"].values()) == {items_sha256(ITEMS[:2])}
    assert scores["missing"] == {"baseline": 0, "candidate": 0}


def test_an_unknown_metric_is_refused_with_the_known_ones() -> None:
    """The message lists what can be asked for."""
    with pytest.raises(UnknownMetric, match=r"'rouge' is not known: choose from exact_match, f1"):
        score_side(ITEMS, [], ["exact_match", "rouge"])


def test_sources_come_by_key_group_or_text() -> None:
    """A document id is looked up, the group stands in, and a literal text is taken as it is; an unknown id gives no source."""
    items = [
        EvaluationItem("a", "dataset", "q", ("x",), "en", "g", "doc-1"),
        EvaluationItem("b", "dataset", "q", ("x",), "en", "doc-2"),
        EvaluationItem("c", "dataset", "q", ("x",), "en", "g", "Built in 1900 by Ram."),
        EvaluationItem("d", "dataset", "q", ("x",), "en", "g", "doc-9"),
    ]
    given = [Answer(item.id, "candidate", "1900", 1, 1) for item in items]
    side = score_side(items, given, sources={"doc-1": "It is of 1900.", "doc-2": "It is of 1800."})
    assert [(row["has_source"], row["unsupported"]) for row in side.items] == [(True, 0), (True, 1), (True, 0), (False, 0)]
