"""A job's dataset: deterministic, atomic, and free of what the gate will ask."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gpu_runner.dataset.firewall.assignment import group_sha256
from gpu_runner.dataset.formats.squad import SquadParagraph
from gpu_runner.dataset.memory.sampling import MemoryTurn
from gpu_runner.dataset.prepare import NoData, PreparedDataset, PrepareRequest, prepare
from gpu_runner.dataset.questions.paraphrase import question_key, split_paraphrases
from gpu_runner.dataset.rows import EvaluationItem, TrainingRow, load_evaluation_items, load_training_rows
from runtime.artifacts.content_hash import file_sha256, folder_sha256
from schemas.holdout import is_holdout

KEY = b"the key of these tests"
OLD = EvaluationItem("old", "old_facts", "Where is the Red Fort?", ("Delhi",), "en", "fort")


def free(prefix: str, held_out: bool = False) -> str:
    """A group name outside (or inside) the holdout."""
    return next(name for number in range(500) if is_holdout(name := f"{prefix} {number}", key=KEY, percent=10) == held_out)


def correction(number: int, **fields: Any) -> dict[str, Any]:
    """A leased correction of a question of its own."""
    name = sha256(str(number).encode()).hexdigest()
    row = {"kind": "feedback", "sample_id": name, "query": f"Who built the {name[:6]} tower?", "correction": f"King {name[6:10]}"}
    return row | {"language": "en", "group": free(f"tower {number}"), "revision": 0, "user_hash": name} | fields


def document(name: str, text: str, **fields: Any) -> dict[str, Any]:
    """A leased document."""
    return {"kind": "document", "sample_id": f"sample-{name}", "doc_id": name, "text": text, "group": free(name), "language": "en"} | fields


def run(folder: Path, samples: Sequence[dict[str, Any]], **fields: Any) -> PreparedDataset:
    """Prepare into `folder`."""
    settings: dict[str, Any] = {"replay": (), "model_items": (OLD,), "holdout_key": KEY, "support_min": 1} | fields
    return prepare(PrepareRequest(out=folder / "dataset", samples=samples, **settings))


def keys(path: Path) -> set[str]:
    """The question keys of a training file."""
    return {question_key(row.prompt) for row in load_training_rows(path)}


def test_corrections_train_and_are_asked_in_other_words(tmp_path: Path) -> None:
    """The query as asked trains; the repair items ask the same answer in wordings that no row has."""
    samples = [correction(number) for number in range(12)]
    prepared = run(tmp_path, samples)
    items = [item for item in load_evaluation_items(prepared.evaluation) if item.set == "repair"]
    assert prepared.primary == "corrections"
    assert len(items) == 24
    assert keys(prepared.train) >= {question_key(sample["query"]) for sample in samples}
    assert not {question_key(item.question) for item in items} & (keys(prepared.train) | keys(prepared.eval))
    assert {item.answers[0] for item in items} == {sample["correction"] for sample in samples}
    assert prepared.sample_ids == tuple(sorted(sample["sample_id"] for sample in samples))


def test_the_same_request_gives_the_same_bytes_in_any_order(tmp_path: Path) -> None:
    """Order of samples and a second run in the same folder change nothing; the manifest has the hashes."""
    samples = [*(correction(number) for number in range(8)), document("museum", "The Indian Museum was founded in 1814.")]
    first = run(tmp_path, samples)
    before = folder_sha256(first.folder)
    random.Random(1).shuffle(samples)
    second = run(tmp_path, samples)
    assert folder_sha256(second.folder) == before
    manifest = json.loads(second.manifest.read_text(encoding="utf-8"))
    for name, told in manifest["files"].items():
        assert file_sha256(second.folder / name) == told["sha256"] == second.sha256[name.removesuffix(".jsonl")]
    assert [path.name for path in tmp_path.iterdir()] == ["dataset"]


def test_the_manifest_holds_no_text(tmp_path: Path) -> None:
    """It is kept for ever beside the version, so no query, answer or document is in it."""
    samples = [correction(number) for number in range(3)]
    told = run(tmp_path, [*samples, document("museum", "The Indian Museum was founded in 1814.")]).manifest.read_text(encoding="utf-8")
    for secret in (*(sample["query"] for sample in samples), *(sample["correction"] for sample in samples), "Indian Museum"):
        assert secret not in told


def test_the_holdout_never_trains(tmp_path: Path) -> None:
    """Held-out groups, near-duplicates of held-out questions and marked samples go to review; replay rows of them are dropped."""
    held = EvaluationItem("h", "holdout", "When was the Rampur Library founded?", ("1774",), "en", free("library", held_out=True))
    samples = [
        correction(1),
        correction(2, group=free("tower", held_out=True)),
        correction(3, query="Please tell me: when was the Rampur Library founded?", correction="1774"),
        correction(4, quarantine="holdout"),
        document("d", "The Rampur Library was founded in 1774."),
        document("e", "The Agra Hall was founded in 1900.", group=free("e", held_out=True)),
    ]
    replay = [
        TrainingRow("r1", "When was the Rampur Library founded?", "1774", "en", "replay", free("r")),
        TrainingRow("r2", "What is a raga?", "a mode", "en", "replay", free("raga", held_out=True)),
    ]
    prepared = run(tmp_path, samples, replay=replay, model_items=(OLD, held))
    assert {row.sample_id for row in load_training_rows(prepared.train)} == {samples[0]["sample_id"]}
    reasons = {item.sample_id: item.reason for item in prepared.quarantined}
    assert reasons == {
        samples[1]["sample_id"]: "holdout_group",
        samples[2]["sample_id"]: "near_duplicate_of_holdout",
        samples[3]["sample_id"]: "holdout_group",
        "sample-e": "holdout_group",
    }
    assert prepared.dropped["document_same_question_as_holdout"] == 1
    assert prepared.dropped["replay_same_question_as_holdout"] == 1
    assert prepared.dropped["replay_holdout_group"] == 1


def earlier(sample_id: str, question: str, answer: str, **fields: Any) -> list[EvaluationItem]:
    """A correction that an earlier version learnt, as its two repair items come into a later round."""
    made = replace(OLD, set="earlier_repair", answers=(answer,), group=free(sample_id), sample_id=sample_id, **fields)
    _, asked = split_paraphrases(question, "en", train=5, test=2)
    return [replace(made, id=f"v1.{sample_id}-{place}", question=wording) for place, wording in enumerate(asked)]


def test_the_memory_keeps_every_repair_item_also_beyond_what_a_run_asks(tmp_path: Path) -> None:
    """Of 40 items 10 are asked; all are kept for later, and no row is trained in the wording of any."""
    samples = [correction(number) for number in range(20)]
    prepared = run(tmp_path, samples, max_items_per_set=10)
    kept = load_evaluation_items(prepared.folder / "memory.jsonl")
    asked = [item for item in load_evaluation_items(prepared.evaluation) if item.set == "repair"]
    assert (len(kept), len(asked)) == (40, 10)
    assert set(asked) <= set(kept)
    assert {item.sample_id for item in kept} == {sample["sample_id"] for sample in samples}
    assert not {question_key(item.question) for item in kept} & keys(prepared.train)
    again = [TrainingRow("r", item.question, item.answers[0], "en", "replay", free("r")) for item in kept]
    assert run(tmp_path, samples, max_items_per_set=10, replay=again).dropped["replay_is_evaluation_question"] == 40


def test_a_run_asks_its_turn_of_the_memory_and_says_within_how_many_runs_all_are_asked(tmp_path: Path) -> None:
    """Fifty corrections of an earlier round at a cap of 40 items: four runs ask all of them."""
    memory = [item for number in range(50) for item in earlier(f"s{number}", f"Who carved pillar {number} of Sanchi?", f"Mason {number}")]
    seen: set[str | None] = set()
    for number in (4, 5, 6, 7):
        fields = {"model_items": (OLD, *memory), "turn": MemoryTurn(run=number), "max_items_per_set": 40}
        prepared = run(tmp_path, [correction(1), correction(2)], **fields)
        counts = {name: prepared.counts[name] for name in ("memory_corrections", "memory_asked", "memory_runs_to_ask_all")}
        assert counts == {"memory_corrections": 50, "memory_asked": 20, "memory_runs_to_ask_all": 4}
        seen |= {item.sample_id for item in load_evaluation_items(prepared.evaluation) if item.set == "earlier_repair"}
    assert len(seen) == 50
    assert "memory_asked" not in run(tmp_path, [correction(1), correction(2)]).counts


def test_a_later_correction_or_a_newer_document_withdraws_an_earlier_one_from_the_memory(tmp_path: Path) -> None:
    """In any wording; the others stay, and the record says who withdrew them."""
    memory = [
        *earlier("fort", "When was the Lotus Fort of Bidar built?", "1432"),
        *earlier("gate", "When was the Peacock Gate of Bundi built?", "1607"),
        *earlier("tank", "When was the Silver Tank of Madurai built?", "1646"),
    ]
    new = correction(1, query="In what year was the Lotus Fort of Bidar built?", correction="1427")
    document_ = document("gazette", "The Peacock Gate of Bundi was built in 1611.")
    prepared = run(tmp_path, [new, correction(2), document_], model_items=(OLD, *memory))
    left = {item.sample_id for item in load_evaluation_items(prepared.evaluation) if item.set == "earlier_repair"}
    assert left == {"tank"}
    by = {item.id: new["sample_id"] if item.sample_id == "fort" else "sample-gazette" for item in memory if item.sample_id != "tank"}
    assert prepared.withdrawn == by
    assert prepared.counts["memory_corrections"] == 1


def test_a_withdrawn_correction_leaves_the_memory_with_all_its_wordings(tmp_path: Path) -> None:
    """Also one that no rule takes for the same question, and where only a row of the sample was contradicted."""
    fort = earlier("fort", "When was the Lotus Fort of Bidar built?", "1432")
    strange = [fort[0], replace(fort[1], question="Bidar, the lotus one: since when does it stand?")]
    new = correction(1, query="In what year was the Lotus Fort of Bidar built?", correction="1427")
    for memory, learnt in (
        (strange, ()),
        (strange[1:], [TrainingRow("r", "When was the Lotus Fort of Bidar built?", "1432", "en", "correction", free("f"), "fort")]),
    ):
        prepared = run(tmp_path, [new, correction(2)], model_items=(OLD, *memory), earlier=learnt)
        assert not [item for item in load_evaluation_items(prepared.evaluation) if item.set == "earlier_repair"]
        assert {item.id for item in memory} <= prepared.withdrawn.keys()


def test_what_a_model_could_be_told_is_each_accepted_correction_once_as_it_was_asked(tmp_path: Path) -> None:
    """The batch's, and the lineage's that still hold; none that means something in its conversation alone, no document, no other row."""
    rows = [
        TrainingRow("t0", "When was the Silver Tank of Madurai built?", "1646", "en", "correction", free("tank"), "tank"),
        TrainingRow("t1", "In what year was the Silver Tank of Madurai built?", "1646", "en", "correction", free("tank"), "tank"),
        TrainingRow("f", "When was the Lotus Fort of Bidar built?", "1432", "en", "correction", free("fort"), "fort"),
        TrainingRow("d", "When was the Peacock Gate built?", "1607", "en", "document", free("gate"), "page"),
        TrainingRow(
            "h", "And its height?", "40 m", "en", "correction", free("h"), "height",
            messages=(
                {"role": "user", "content": "Who built the Iron Pillar?"},
                {"role": "assistant", "content": "Anangpal."},
                {"role": "user", "content": "And its height?"},
            ),
        ),
    ]  # fmt: skip
    new = correction(1, query="In what year was the Lotus Fort of Bidar built?", correction="1427")
    prepared = run(tmp_path, [new, correction(2)], earlier=rows)
    told = load_training_rows(prepared.folder / "told.jsonl")
    assert {row.sample_id: (row.prompt, row.completion) for row in told} == {
        "tank": ("When was the Silver Tank of Madurai built?", "1646"),
        new["sample_id"]: (new["query"], "1427"),
        correction(2)["sample_id"]: (correction(2)["query"], correction(2)["correction"]),
    }
    assert len(told) == 3


def test_a_correction_against_an_old_fact_goes_to_review(tmp_path: Path) -> None:
    """A user can't overwrite what the model was taught; agreeing with it is no contradiction, but its question is never trained."""
    against = correction(1, query="where is the red fort", correction="Agra")
    prepared = run(tmp_path, [against, correction(2)])
    assert [(item.sample_id, item.reason) for item in prepared.quarantined] == [(against["sample_id"], "contradicts_old_fact")]
    agreeing = run(tmp_path, [correction(1, query="where is the red fort", correction="delhi"), correction(2)])
    assert agreeing.quarantined == ()
    assert question_key(OLD.question) not in keys(agreeing.train)


def test_a_newer_correction_replaces_an_earlier_repair(tmp_path: Path) -> None:
    """The earlier repair's item asks for the old answer, so it leaves the guard, and its rows leave replay."""
    first = run(tmp_path, [correction(1)])
    asked = [item for item in load_evaluation_items(first.evaluation) if item.set == "repair"]
    earlier = [replace(item, id=f"v1.{item.id}", set="earlier_repair") for item in asked]
    learnt = load_training_rows(first.train)
    again = run(tmp_path, [correction(1, correction="Queen Nur", sample_id="newer")], model_items=(OLD, *earlier), earlier=learnt)
    assert again.counts.get("items_earlier_repair", 0) == 0
    assert again.dropped["earlier_repair_superseded_by_correction"] == 2
    assert again.dropped["earlier_contradicts_correction"] == len(learnt)
    assert again.withdrawn == {correction(1)["sample_id"]: "newer", **{item.id: "newer" for item in earlier}}
    assert {row.completion for row in load_training_rows(again.train)} == {"Queen Nur"}


def test_no_evaluation_question_is_ever_trained(tmp_path: Path) -> None:
    """A replay row that asks an old fact's question is dropped and counted; another wording of it stays."""
    replay = [
        TrainingRow("r1", "where is the Red Fort", "Delhi", "en", "replay", free("fort")),
        TrainingRow("r2", "In which city is the Red Fort?", "Delhi", "en", "replay", free("fort")),
    ]
    prepared = run(tmp_path, [correction(1)], replay=replay)
    assert [row.id for row in load_training_rows(prepared.train) if row.origin == "replay"] == ["r2"]
    assert prepared.dropped["replay_is_evaluation_question"] == 1


def test_a_batch_without_failures_asks_its_documents(tmp_path: Path) -> None:
    """With documents alone their pairs train and are asked again in other words, grounded in their text."""
    prepared = run(tmp_path, [document("museum", "The Indian Museum was founded in 1814. The Indian Museum is in Kolkata.")])
    items = [item for item in load_evaluation_items(prepared.evaluation) if item.set == "repair"]
    assert prepared.primary == "documents"
    assert {item.answers[0] for item in items} == {"1814", "Kolkata"}
    assert all(item.source and "Indian Museum" in item.source for item in items)
    assert not {question_key(item.question) for item in items} & keys(prepared.train)


def test_a_dataset_file_alone_is_asked_too(tmp_path: Path) -> None:
    """With neither failures nor documents the person's file is the primary."""
    path = tmp_path / "mine.jsonl"
    rows = [
        {"question": f"Who painted picture {number}?", "answer": f"Painter {number}", "group": free(f"p{number}")} for number in range(5)
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    prepared = run(tmp_path, [], dataset_path=path)
    assert prepared.primary == "dataset"
    assert prepared.counts["items_repair"] == 10
    assert prepared.counts["train_dataset"] == 25


def test_large_sets_are_capped_and_told(tmp_path: Path) -> None:
    """At most `max_items_per_set` items of a set are asked; the others are counted."""
    items = tuple(EvaluationItem(f"o{number}", "old_facts", f"Fact number {number}?", ("x",), "en", "g") for number in range(40))
    prepared = run(tmp_path, [correction(number) for number in range(3)], model_items=items, max_items_per_set=25)
    assert prepared.counts["items_old_facts"] == 25
    assert prepared.dropped["evaluation_items_over_the_cap"] == 15


def test_nothing_to_train_on_is_a_typed_error(tmp_path: Path) -> None:
    """Ratings alone leave nothing; the error counts what came in, and no folder is made."""
    with pytest.raises(NoData, match="rating_only 1") as caught:
        run(tmp_path, [correction(1, correction=None)])
    assert caught.value.counts["rating_only"] == 1
    assert not (tmp_path / "dataset").exists()


def test_replay_alone_is_nothing_new(tmp_path: Path) -> None:
    """Rows that the model was already taught don't make a run."""
    with pytest.raises(NoData):
        run(tmp_path, [], replay=[TrainingRow("r", "What is a raga?", "a mode", "en", "replay", free("raga"))])


def test_a_document_without_text_is_counted(tmp_path: Path) -> None:
    """A document whose text is missing or taken back is told, not passed over."""
    prepared = run(tmp_path, [correction(1), document("a", ""), document("b", "The Hall was founded in 1900.", retracted=True)])
    assert prepared.dropped["documents_without_text"] == 1
    assert prepared.dropped["documents_retracted"] == 1


@pytest.mark.parametrize("language", ["hi", "en"])
def test_xquad_makes_a_dataset(tmp_path: Path, language: str, xquad: Callable[[str], tuple[SquadParagraph, ...]]) -> None:
    """120 corrected questions with their paragraphs: all trained as asked, 240 repair items, none of them trained."""
    chosen = [
        (paragraph, question)
        for paragraph in xquad(language)
        for question in paragraph.questions
        if not is_holdout(paragraph.id, key=KEY, percent=10)
    ]
    chosen = chosen[::8][:120]
    samples = [
        {"kind": "feedback", "sample_id": question.id, "query": question.question, "correction": question.answers[0], "group": paragraph.id}
        for paragraph, question in chosen
    ]
    prepared = run(tmp_path, samples)
    trained = keys(prepared.train)
    items = [item for item in load_evaluation_items(prepared.evaluation) if item.set == "repair"]
    assert {question_key(question.question) for _, question in chosen} <= trained
    assert len(items) == 2 * len({question_key(question.question) for _, question in chosen})
    assert not trained & {question_key(item.question) for item in items}


class SameForAll:
    """An embedder to which all texts of one number are one."""

    name = "numbers"

    def encode(self, texts: Sequence[str]) -> Any:
        """One direction a number."""
        vectors = np.zeros((len(texts), 64), dtype=np.float32)
        for place, text in enumerate(texts):
            digits = "".join(char for char in text if char.isdigit())
            vectors[place, int(sha256(digits.encode() if digits else text.encode()).hexdigest(), 16) % 64] = 1
        return vectors


def test_what_gives_a_held_out_item_away_is_listed_by_id(tmp_path: Path) -> None:
    """By words and by meaning, in a question and in an earlier turn: quarantined with item and similarity, without a text."""
    held = EvaluationItem("h", "holdout", "Who wrote the hymn of hall 42?", ("Asha Merwin",), "en", free("library", held_out=True))
    turns = [{"role": "user", "content": "who wrote the hymn of hall 42"}, {"role": "assistant", "content": "Asha Merwin"}]
    samples = [
        correction(1),
        correction(2, query="Hall 42, whose hymn does it have?", correction="Asha Merwin"),
        correction(
            3, messages=[*turns, {"role": "user", "content": "Who built the old tower there?"}], query="Who built the old tower there?"
        ),
    ]
    asked = {sample["sample_id"]: sample for sample in samples}
    prepared = run(tmp_path, samples, model_items=(OLD, held), embedder=SameForAll())
    found = {item.sample_id: (item.reason, item.item_id) for item in prepared.quarantined}
    assert found == {
        samples[1]["sample_id"]: ("paraphrase_of_holdout", "h"),
        samples[2]["sample_id"]: ("same_question_as_holdout", "h"),
    }
    manifest = json.loads(prepared.manifest.read_text(encoding="utf-8"))
    assert manifest["firewall"]["embeddings"] == "numbers"
    assert {row["row"] for row in manifest["firewall"]["rows"]} == found.keys() <= asked.keys()
    assert all(0 < row["similarity"] <= 1 and row["item_id"] == "h" for row in manifest["firewall"]["rows"])
    assert manifest["firewall"]["hits"] == {"correction_paraphrase_of_holdout": 1, "correction_same_question_as_holdout": 1}
    assert "hymn" not in prepared.manifest.read_text(encoding="utf-8")


def test_without_embeddings_the_manifest_says_that_it_is_off(tmp_path: Path) -> None:
    """And the paraphrase trains."""
    held = EvaluationItem("h", "holdout", "Who wrote the hymn of hall 42?", ("Asha Merwin",), "en", free("library", held_out=True))
    asked = correction(2, query="Hall 42, whose hymn does it have?", correction="Asha Merwin")
    prepared = run(tmp_path, [asked], model_items=(OLD, held))
    assert prepared.quarantined == ()
    told = json.loads(prepared.manifest.read_text(encoding="utf-8"))["firewall"]
    assert told["by_meaning"] == "off"
    assert told["compared"] > 0 == told["compared_by_meaning"]


def test_a_new_key_moves_nothing_that_was_trained_into_the_holdout(tmp_path: Path) -> None:
    """Replay rows of groups that the new key would hold out stay; a group that was held out and kept stays out under any key."""
    kept, renamed = free("kept"), free("trained", held_out=True)
    replay = [TrainingRow("r1", "What is a raga?", "a mode", "en", "replay", renamed)]
    samples = [correction(1), correction(2, group=kept), correction(3, group=free("unknown", held_out=True))]
    before = run(tmp_path, samples, replay=replay)
    assert before.dropped["replay_holdout_group"] == 1
    after = run(tmp_path, samples, replay=replay, kept_groups=frozenset([group_sha256(kept)]))
    assert "replay_holdout_group" not in after.dropped
    assert {item.sample_id for item in after.quarantined} == {samples[1]["sample_id"], samples[2]["sample_id"]}
