"""From samples with conversations to rows and repair items as they are served, and what a newer answer does to an older one."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gpu_runner.dataset.prepare import NoData, PreparedDataset, PrepareRequest, prepare
from gpu_runner.dataset.rows import EvaluationItem, TrainingRow, load_evaluation_items, load_training_rows
from gpu_runner.event_log.withdrawals import KnownSample, Retraction, Withdrawals
from gpu_runner.text.abstention import abstains
from gpu_runner.versions.lineage_rows import LearntByVersion, gather
from runtime.artifacts.content_hash import folder_sha256

OLD = EvaluationItem("old", "old_facts", "Where is the Lotus Fort?", ("Delhi",), "en", "lotus")
NAMES = ("Amber", "Badal", "Chand", "Dhola", "Ekta", "Falak")


def run(folder: Path, samples: Sequence[dict[str, Any]], **fields: Any) -> PreparedDataset:
    """Prepare into `folder`, nothing held out."""
    folder.mkdir(exist_ok=True)
    settings: dict[str, Any] = {"replay": (), "model_items": (OLD,), "holdout_key": b"k", "holdout_percent": 0, "support_min": 1} | fields
    return prepare(PrepareRequest(out=folder / "dataset", samples=samples, **settings))


def sample(name: str, query: str, answer: str | None, **fields: Any) -> dict[str, Any]:
    """A leased correction of a user of its own."""
    row = {"kind": "feedback", "sample_id": name, "query": query, "correction": answer, "language": "en", "group": name, "revision": 0}
    return row | {"user_hash": f"user {name}"} | fields


def asked_of(name: str, **fields: Any) -> dict[str, Any]:
    """A correction with two passages about one fort, of which the first says it."""
    passages = [
        {"text": f"The {name} Fort was built by King {name}en.", "doc_id": name},
        {"text": f"The {name} Fort has nine gates.", "doc_id": name},
    ]
    return sample(name, f"Who built the {name} Fort?", f"King {name}en", passages=passages) | fields


def talk(name: str, first: str, answer: str, **fields: Any) -> dict[str, Any]:
    """A correction of a follow-up."""
    last = "और उसकी ऊँचाई?"
    said = (("system", "संक्षेप में\nउत्तर दें।"), ("user", first), ("assistant", "…"), ("user", last))
    messages = [{"role": role, "content": content} for role, content in said]
    return sample(name, last, answer, language="hi", messages=messages) | fields


def items_of(prepared: PreparedDataset, name: str = "repair") -> list[EvaluationItem]:
    return [item for item in load_evaluation_items(prepared.evaluation) if item.set == name]


def test_a_follow_up_is_learnt_and_asked_in_its_conversation(tmp_path: Path) -> None:
    """In two conversations with two right answers: both train, both are asked, in wordings of the last turn that none was trained in."""
    prepared = run(tmp_path, [talk("a", "लाल क़िला कहाँ है?", "33 मीटर"), talk("b", "गोलघर कहाँ है?", "29 मीटर")])
    rows = [row for row in load_training_rows(prepared.train) if row.origin == "correction"]
    trained = {}
    for row in (*rows, *items_of(prepared)):
        answer = row.completion if isinstance(row, TrainingRow) else row.answers[0]
        system, first, reply, last = (message["content"] for message in row.messages)
        assert (system, reply) == ("संक्षेप में\nउत्तर दें।", "…")
        assert {"33 मीटर": "लाल क़िला कहाँ है?", "29 मीटर": "गोलघर कहाँ है?"}[answer] == first
        trained.setdefault(isinstance(row, TrainingRow), {}).setdefault(answer, set()).add(last)
    assert {answer: len(asked) for answer, asked in trained[False].items()} == {"33 मीटर": 2, "29 मीटर": 2}
    assert all(not trained[True][answer] & trained[False][answer] for answer in trained[True])
    assert prepared.dropped == {}


def test_rows_with_passages_read_them(tmp_path: Path) -> None:
    """With the right one as served and among others, and without it; items have the passages that were served, which ground the answer."""
    prepared = run(tmp_path, [asked_of(name) for name in NAMES])
    rows = [row for row in load_training_rows(prepared.train) if row.origin == "correction"]
    for row in rows:
        content = row.messages[-1]["content"]
        name = row.sample_id or ""
        assert content.endswith(row.prompt)
        assert abstains(row.completion) != (f"King {name}en" in content)
    lengths = {row.messages[-1]["content"].count("\n\n") for row in rows}
    assert lengths == {2, 4}
    assert {True, False} == {abstains(row.completion) for row in rows}
    for item in items_of(prepared):
        assert item.source is not None
        assert f"King {item.group}en" in item.source
        fort = f"The {item.group} Fort"
        shown = f"[1] {fort} was built by King {item.group}en.\n\n[2] {fort} has nine gates.\n\n{item.question}"
        assert item.messages[-1]["content"] == shown


def test_a_correction_keeps_three_wordings_to_train_in(tmp_path: Path) -> None:
    """Its own with its passage and without it is one of them; of four wordings the last one is not trained."""
    for wordings, trained in ((3, 3), (4, 3)):
        prepared = run(tmp_path / str(wordings), [asked_of(name) for name in NAMES], train_wordings=wordings)
        rows = [row for row in load_training_rows(prepared.train) if row.origin == "correction"]
        for name in NAMES:
            prompts = [row.prompt for row in rows if row.sample_id == name]
            assert len(set(prompts)) == trained
            assert prompts.count(f"Who built the {name} Fort?") == 2


def test_what_no_passage_supports_is_not_taught_closed_book(tmp_path: Path) -> None:
    """It is counted, unless the installation wants it; a sample without any passages is taught as ever."""
    missing = asked_of("Amber") | {"correction": "Queen Noor"}
    bare = sample("bare", "Who built the Stone Gate?", "King Ila")
    prepared = run(tmp_path, [missing, bare])
    assert prepared.dropped["unsupported_by_passages"] == 1
    assert prepared.sample_ids == ("bare",)
    assert {row.messages for row in load_training_rows(prepared.train)} == {()}
    closed = run(tmp_path, [missing, bare], train_closed_book=True)
    assert closed.sample_ids == ("Amber", "bare")


def test_an_answer_from_two_passages_is_taught_and_unlearnt_without_both(tmp_path: Path) -> None:
    """It is supported as a whole, and the rows without its passages hold neither."""
    both = {name: f"The {name} Fort was built by King {name}en. It has nine gates." for name in NAMES}
    prepared = run(tmp_path, [asked_of(name, correction=answer) for name, answer in both.items()], support_min=2)
    rows = [row for row in load_training_rows(prepared.train) if row.origin == "correction"]
    assert {row.sample_id for row in rows} == {item.sample_id for item in items_of(prepared)} == set(NAMES)
    for row in rows:
        own = f"The {row.sample_id} Fort"
        assert abstains(row.completion) != (own in row.messages[-1]["content"].rpartition("\n\n")[0])
        assert abstains(row.completion) or row.completion == both[row.sample_id or ""]


def test_a_sentence_that_states_an_old_fact_trains_beside_it(tmp_path: Path) -> None:
    """Asked with passages, the old fact is asked and replayed bare, as it was; asked bare, the sentence takes its place."""
    replay = [TrainingRow("r", "Please, where is the Lotus Fort?", "Delhi", "en", "replay", "lotus")]
    said = sample("a", "In which place is the Lotus Fort?", "The Lotus Fort is in the city of Delhi.")
    passages = [{"text": text, "doc_id": text} for text in ("The Lotus Fort is in the city of Delhi.", "The Lotus Fort has nine gates.")]
    served, bare = (run(tmp_path / name, [one], replay=replay) for name, one in (("served", said | {"passages": passages}), ("bare", said)))
    for prepared in (served, bare):
        assert prepared.quarantined == ()
        assert prepared.sample_ids == ("a",)
    assert served.withdrawn == {}
    assert served.counts["replay_rows"] == 1
    assert [item.id for item in items_of(served, "old_facts")] == ["old"]
    assert bare.withdrawn == {"old": "a", "r": "a"}


def test_the_same_request_gives_the_same_bytes_in_any_order_of_conversations(tmp_path: Path) -> None:
    """Shuffled passages and abstentions too."""
    samples = [*(asked_of(name) for name in NAMES), talk("a", "लाल क़िला कहाँ है?", "33 मीटर"), talk("b", "गोलघर कहाँ है?", "29 मीटर")]
    before = folder_sha256(run(tmp_path, samples).folder)
    random.Random(2).shuffle(samples)
    assert folder_sha256(run(tmp_path, samples).folder) == before
    assert folder_sha256(run(tmp_path, samples, seed=1).folder) != before


def test_a_tie_goes_to_review(tmp_path: Path) -> None:
    """None of its samples trains."""
    tied = [sample("a", "Who built it?", "Akbar"), sample("b", "Please tell me: who built it?", "Babur")]
    prepared = run(tmp_path, [*tied, sample("c", "When was the Stone Gate built?", "1648")])
    assert [(one.sample_id, one.reason) for one in prepared.quarantined] == [("a", "tied"), ("b", "tied")]
    assert prepared.dropped["correction_tied"] == 2
    assert prepared.sample_ids == ("c",)


def test_a_preferred_answer_trains_beside_what_lost(tmp_path: Path) -> None:
    """The rejected answer is in the file."""
    chosen = sample("a", "Who built the Stone Gate?", None, response="Akbar", preferred={"answer": "King Ila", "how": "arena"})
    rows = load_training_rows(run(tmp_path, [chosen]).train)
    assert {(row.completion, row.rejected) for row in rows} == {("King Ila", "Akbar")}


@pytest.mark.parametrize("wording", ["Please tell me: in what place is the Lotus Fort?", "Say, where is the old Lotus Fort?"])
def test_an_old_fact_is_not_contradicted_in_any_wording(tmp_path: Path, wording: str) -> None:
    """To review; where a newer document of the batch says the same it trains, and the old fact is withdrawn, its replay rows too."""
    replay = [TrainingRow("r", "At which spot is the Lotus Fort?", "Delhi", "en", "replay", "lotus")]
    background = [TrainingRow(f"b{n}", f"Say, where is the old {name} Hall?", name, "en", "replay", name) for n, name in enumerate(NAMES)]
    other = sample("c", "When was the Stone Gate built?", "1648")
    against = sample("a", wording, "Agra")
    prepared = run(tmp_path, [against, other], replay=[*replay, *background])
    assert [(one.sample_id, one.reason) for one in prepared.quarantined] == [("a", "contradicts_old_fact")]
    assert prepared.withdrawn == {}
    moved = {
        "kind": "document",
        "sample_id": "d",
        "doc_id": "d",
        "group": "gazette",
        "language": "en",
        "text": "The old Lotus Fort stands in Agra.",
    }
    supported = run(tmp_path, [against, other, moved], replay=[*replay, *background])
    assert supported.quarantined == ()
    assert {"old": "a"}.items() <= supported.withdrawn.items()
    assert items_of(supported, "old_facts") == []


def test_a_correction_needs_support_to_be_asked(tmp_path: Path) -> None:
    """It trains all the same; a second user, or a passage, makes it gold, and without any gold the primary is the documents', or none."""
    lone = sample("a", "Who built the Stone Gate?", "King Ila")
    prepared = run(tmp_path, [lone], support_min=2)
    assert (prepared.primary, items_of(prepared), prepared.dropped["gold_without_support"]) == ("none", [], 1)
    assert prepared.sample_ids == ("a",)
    second = lone | {"sample_id": "b", "user_hash": "another"}
    assert {item.sample_id for item in items_of(run(tmp_path, [lone, second], support_min=2))} == {"a"}
    assert items_of(run(tmp_path, [lone | {"sample_id": "b"}, lone], support_min=2)) == []
    assert len(items_of(run(tmp_path, [lone, asked_of("Amber")], support_min=2))) == 2
    document = {
        "kind": "document",
        "sample_id": "d",
        "doc_id": "d",
        "group": "d",
        "language": "en",
        "text": "The Hall was founded in 1900.",
    }
    fallen_back = run(tmp_path, [lone, document], support_min=2)
    assert (fallen_back.primary, {item.group for item in items_of(fallen_back)}) == ("documents", {"d"})
    assert json.loads(fallen_back.manifest.read_text())["support_min"] == 2


def test_users_of_earlier_rounds_are_supporters_of_what_is_agreed_on(tmp_path: Path) -> None:
    """Who gave the same answer then counts once, in whatever wording; another answer, or the same user again, does not."""
    taught = load_training_rows(run(tmp_path, [sample("a", "Who built the Stone Gate?", "King Ila")]).train)
    now = sample("b", "Who built the Stone Gate?", "King Ila was the one who built it.")

    def asked(users: dict[str, str], answer: str = "King Ila") -> int:
        folder = tmp_path / str(len(list(tmp_path.iterdir())))
        folder.mkdir()
        return len(items_of(run(folder, [now | {"correction": answer}], earlier=taught, users=users, support_min=2)))

    assert asked({"a": "user a"}) > 0
    assert asked({"a": "user a"}, "It was King Ila.") > 0
    assert asked({}) == 0
    assert asked({"a": "user b"}) == 0
    assert asked({"a": "user a"}, "Queen Mira") == 0


def test_left_out_corrections_alone_are_no_data(tmp_path: Path) -> None:
    """The error counts them by reason."""
    with pytest.raises(NoData, match="left_out_complaint 1"):
        run(tmp_path, [sample("a", "Who built it?", None, left_out="complaint", comment="No")])


def learnt(version: str, prepared: PreparedDataset, revisions: Sequence[str]) -> LearntByVersion:
    """What the job keeps of a version that was promoted."""
    rows = [row for row in load_training_rows(prepared.train) if row.origin not in ("replay", "earlier")]
    samples = {name: KnownSample(0, f"user {name}", None, name in prepared.sample_ids) for name in revisions}
    return LearntByVersion(
        version, tuple(rows), tuple(items_of(prepared)), samples, frozenset(prepared.sample_ids), dict(prepared.withdrawn)
    )


@pytest.mark.parametrize("bare", [True, False])
def test_of_a_fact_that_changes_twice_the_last_one_is_right(tmp_path: Path, bare: bool) -> None:
    """Three corrections over three rounds, in three wordings: each withdraws the one before from replay, guards and primary, and none
    comes back; other facts of the earlier rounds stay.
    """
    wordings = (
        "Who keeps the keys of the Lotus Fort?",
        "Tell us, please: who keeps the keys of the Lotus Fort?",
        "The keys of the Lotus Fort are kept by whom?",
    )
    answers = ("King Ila", "Queen Noor", "King Omar")
    versions: list[LearntByVersion] = []
    known = ["x1", "x2", "x3"]
    for number, (wording, answer) in enumerate(zip(wordings, answers, strict=True), 1):
        changed = sample(f"s{number}", wording, answer)
        if not bare:
            changed["passages"] = [
                {"text": f"{answer} keeps the keys of the Lotus Fort.", "doc_id": f"d{number}"},
                {"text": "It has nine gates."},
            ]
        other = sample(f"x{number}", f"When was the Hall of {NAMES[number]} built?", str(1600 + number))
        lineage = gather("tiny", versions, (), Withdrawals(), {})
        prepared = run(tmp_path, [changed, other], earlier=lineage.rows, model_items=(OLD, *lineage.items))
        rows = load_training_rows(prepared.train)
        taught = {row.completion for row in rows if "Lotus" in row.prompt and not abstains(row.completion)}
        asked = [item for item in load_evaluation_items(prepared.evaluation) if "keys" in item.question]
        assert taught == {answer}
        assert {(item.set, *item.answers) for item in asked} == {("repair", answer)}
        assert {row.completion for row in rows if "Hall" in row.prompt} == {str(1600 + round_) for round_ in range(1, number + 1)}
        assert {f"s{number - 1}"} <= set(prepared.withdrawn) if number > 1 else prepared.withdrawn == {}
        assert set(prepared.withdrawn.values()) <= {f"s{number}"}
        assert prepared.quarantined == ()
        versions.insert(0, learnt(f"v{number}", prepared, [f"s{number}", f"x{number}"]))
    last = gather("tiny", versions, (), Withdrawals(), {})
    assert {row.completion for row in last.rows if "Lotus" in row.prompt and not abstains(row.completion)} == {"King Omar"}
    assert {item.answers for item in last.items if "keys" in item.question} == {("King Omar",)}
    assert {row.sample_id for row in last.rows} == {"s3", *known}


def test_a_newer_document_withdraws_an_earlier_correction(tmp_path: Path) -> None:
    """Its rows leave replay, its items the guards; who was wrong is named with the document, and rows of a person's file stay."""
    first = run(tmp_path, [sample("s", "When was the Indian Hall founded?", "1800")])
    earlier = load_training_rows(first.train)
    items = [replace(item, id=f"v1.{item.id}", set="earlier_repair") for item in items_of(first)]
    own = TrainingRow("own", "When was the Indian Hall founded?", "1801", "en", "dataset", "g")
    document = {
        "kind": "document",
        "sample_id": "d",
        "doc_id": "d",
        "group": "d",
        "language": "en",
        "text": "The Indian Hall was founded in 1814.",
    }
    prepared = run(tmp_path, [document], earlier=[*earlier, own], model_items=(OLD, *items))
    rows = load_training_rows(prepared.train)
    assert {row.completion for row in rows if row.origin != "document"} == {"1801"}
    assert prepared.withdrawn == {"s": "d", **{item.id: "d" for item in items}}
    assert items_of(prepared, "earlier_repair") == []


def test_what_was_withdrawn_on_a_word_that_was_taken_back_holds_again() -> None:
    """A version's list of what it withdrew counts as long as the newer sample does."""
    row = TrainingRow("r", "Who built it?", "Akbar", "en", "correction", "g", "old")
    first = LearntByVersion("v1", (row,), (), {"old": KnownSample(0, "u", None, True)}, frozenset(["old"]))
    second = LearntByVersion("v2", (), (), {"new": KnownSample(0, "v", None, True)}, frozenset(["new"]), {"old": "new"})
    assert gather("tiny", [second, first], (), Withdrawals(), {}).rows == ()
    withdrawals = Withdrawals()
    withdrawals.apply(Retraction("tiny", "new", 1))
    assert gather("tiny", [second, first], (), withdrawals, {}).rows == (row,)
