"""The baseline that is told corrections: which, in which form, within the limit; and what is left of it."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from gpu_runner.child.parent import Parent
from gpu_runner.child.reporter import Reporter
from gpu_runner.dataset.memory.bm25 import Bm25
from gpu_runner.dataset.rows import Answer, EvaluationItem, save_rows
from gpu_runner.json_files import write_json
from gpu_runner.model_folder.template_messages import Asked, words_of
from gpu_runner.model_folder.token_limit import TokenLimit
from gpu_runner.train.spec import Item, Row, RowMessage, load_items, load_spec
from gpu_runner.train.told import MOST_ITEMS, ToldQuestions, told_questions, write_told
from gpu_runner.train.told_outcome import told_outcome, told_sentence
from runtime.artifacts.content_hash import file_sha256, folder_sha256


def corrections(number: int = 12) -> list[Row]:
    """One of each building."""
    places = range(number)
    return [Row(f"r{n}", f"Who built the {name(n)} tower?", f"King {name(n)}", "correction", f"g{n}", f"s{n}") for n in places]


def name(number: int) -> str:
    """A building's."""
    return hashlib.sha256(str(number).encode()).hexdigest()[:8]


def item(number: int, wording: int = 0, **fields: Any) -> Item:
    """A repair item of a correction."""
    fields = {"set": "repair", "answers": (f"King {name(number)}",), "sample_id": f"s{number}", "language": "en"} | fields
    return Item(f"i{number}-{wording}", f"By whom was the {name(number)} tower built, please ({wording})?", **fields)


def changed(struct: Any, **fields: Any) -> Any:
    """Another one with these fields."""
    return type(struct)(**({field: getattr(struct, field) for field in struct.__struct_fields__} | fields))


def text(asked: Asked) -> str:
    return asked if isinstance(asked, str) else "\n".join(words_of([dict(message) for message in asked]))


def words(asked: Sequence[Asked]) -> list[int]:
    """A tokenizer that counts words."""
    return [len(text(one).split()) for one in asked]


def told(items: Sequence[Item], known: Sequence[Row], *, most: int = 3, limit: int = 10_000, lengths: Any = words) -> ToldQuestions:
    return told_questions(items, known, most=most, seed=0, lengths=lengths, limit=TokenLimit(limit))


def test_the_own_correction_is_told_in_its_trained_wording_beside_the_likest_others() -> None:
    """The likest last; each with its answer; the question itself at the end, in a wording that was not trained."""
    known = corrections()
    (question,) = told([item(3)], known).questions
    assert (len(question.examples), question.examples[-1], question.found) == (3, 3, True)
    system, user = question.asked
    assert (system["role"], user) == ("system", {"role": "user", "content": item(3).question})
    assert system["content"].endswith(f"Question: Who built the {name(3)} tower?\nAnswer: King {name(3)}")
    assert system["content"].count("Answer: ") == 3


def test_its_own_is_told_also_where_no_look_up_would_have_found_it() -> None:
    """And that it was not found is said."""
    known = [*corrections(), Row("r", "झील कितनी गहरी है?", "40 मीटर", "correction", sample_id="lake")]
    three = f"Who built the {name(0)} tower, the {name(1)} tower or the {name(2)} tower?"
    asked = changed(item(0), question=three, sample_id="lake", language="hi")
    (question,) = told([asked], known).questions
    assert (question.examples[-1], len(question.examples), question.found) == (12, 3, False)
    assert "प्रश्न: झील कितनी गहरी है?\nउत्तर: 40 मीटर" in text(question.asked)


def test_a_conversation_keeps_its_system_prompt_and_its_turns() -> None:
    """What is told comes after what the system said, and before the first turn."""
    messages = (RowMessage("system", "Be brief."), RowMessage("user", "[1] A passage.\n\nBy whom?"))
    (question,) = told([item(1, messages=messages)], corrections()).questions
    assert [message["role"] for message in question.asked] == ["system", "user"]  # type: ignore[index]
    assert text(question.asked).startswith("Be brief.\n\nUsers corrected these answers.")
    assert text(question.asked).endswith("[1] A passage.\n\nBy whom?")


def test_what_is_too_long_is_told_fewer_and_at_last_not_asked() -> None:
    """The own correction stays to the end; what the template refuses, and what cannot be told, is counted apart."""
    known = corrections()
    sizes = {n: words([told([item(2)], known, most=n).questions[0].asked])[0] for n in (1, 2, 3)}
    for limit, examples in ((sizes[3] + 1, 3), (sizes[3], 2), (sizes[2], 1)):
        (question,) = told([item(2)], known, limit=limit).questions
        assert (len(question.examples), question.examples[-1]) == (examples, 2)
    found = told([item(2), item(99)], known, limit=sizes[1])
    assert (found.questions, dict(found.not_asked)) == ([], {"too_long_with_one": 1, "its_correction_cannot_be_told": 1})
    assert dict(told([item(2)], known, lengths=lambda asked: [0] * len(asked)).not_asked) == {"refused_by_the_template": 1}


def test_at_most_a_hundred_repair_items_are_asked_even_over_languages_and_corrections() -> None:
    """No other set; of 400 items of 200 corrections, a quarter of them Hindi, half the questions are Hindi's, one a correction."""
    items = [item(n, wording, language="hi" if n < 50 else "en") for n in range(200) for wording in (0, 1)]
    others = [item(n, 2, set="holdout") for n in range(10)]
    found = told([*items, *others], corrections(200))
    asked = [question.item for question in found.questions]
    assert len(asked) == MOST_ITEMS
    assert sum(one.language == "hi" for one in asked) == MOST_ITEMS // 2
    assert len({one.sample_id for one in asked}) == MOST_ITEMS
    assert {one.set for one in asked} == {"repair"}
    assert [one.id for one in asked] == sorted(one.id for one in asked)
    assert [one.item.id for one in told(items[::-1], corrections(200)).questions] == [one.id for one in asked]


def test_bm25_finds_a_question_by_its_rare_words_whatever_their_inflection() -> None:
    """Of 200 questions of one form; a text that shares nothing finds nothing."""
    index = Bm25([row.prompt for row in corrections(200)])
    assert [index.nearest(item(n).question, 1) for n in (0, 7, 150)] == [[0], [7], [150]]
    assert Bm25(["लाल किला किसने बनवाया?", "ताजमहल किसने बनवाया?"]).nearest("लाल किले को बनवाने वाला कौन था?", 1) == [0]
    assert Bm25(["abc"]).nearest("zzzz", 3) == Bm25([]).nearest("abc", 3) == []


def test_figures_without_a_word_are_left_and_the_answers_go(tmp_path: Path) -> None:
    """Of items that are still there: one whose words were taken back meanwhile is not scored."""
    items = [EvaluationItem(f"i{n}-0", "repair", "Who?", (f"King {name(n)}",), "en", f"g{n}", sample_id=f"s{n}") for n in range(3)]
    asked = told([item(n) for n in range(3)], corrections())
    answers = tmp_path / "told_answers.jsonl"
    save_rows(answers, [Answer(f"i{n}-0", "baseline", f"King {name(n)}" if n else "I secretly know", 1.0, 2) for n in range(3)])
    write_told(asked, items[:2], answers, tmp_path / "told.json", most=3)
    assert not answers.exists()
    content = (tmp_path / "told.json").read_text(encoding="utf-8")
    assert "King" not in content
    assert "secretly" not in content
    rows = json.loads(content)["items"]
    assert rows == [{"item_id": f"i{n}-0", "told": 3, "found": True, "fixed": bool(n)} for n in range(2)]


def test_the_outcome_compares_the_three_on_the_same_items(tmp_path: Path) -> None:
    """Of the items that were asked so alone; another file than the one that was named is no outcome; a sentence says it decides nothing."""
    rows = [{"item_id": f"i{n}", "told": 3, "found": n != 3, "fixed": n < 3} for n in range(4)]
    path = tmp_path / "evaluation" / "told.json"
    path.parent.mkdir()
    write_json(path, {"format": 1, "most": 3, "items": [*rows, {"item_id": "gone"}], "not_asked": {"too_long_with_one": 2}})
    scores = {
        "items": [{"item_id": f"i{n}", "baseline": {"fixed": n == 0}, "candidate": {"fixed": n < 2}} for n in range(4)]
        + [{"item_id": "other", "baseline": {"fixed": True}, "candidate": {"fixed": True}}]
    }
    named = {"path": "evaluation/told.json", "sha256": file_sha256(path)}
    found = told_outcome(tmp_path, named, scores)
    assert found == {
        "most": 3, "items": 4, "baseline": 0.25, "baseline_told": 0.75, "candidate": 0.5, "found_by_likeness": 0.75,
        "not_asked": {"too_long_with_one": 2}, "sha256": named["sha256"],
    }  # fmt: skip
    sentence = told_sentence(found)
    assert "Of 4 repair items the baseline fixes 25 %, the baseline with 3 corrections in its prompt" in sentence
    assert "75 %, the candidate 50 %" in sentence
    assert "no reason of the verdict" in sentence
    assert told_outcome(tmp_path, named | {"sha256": "0" * 64}, scores) is None
    assert told_outcome(tmp_path, None, scores) is None
    nothing = told_outcome(tmp_path, named, {"items": []})
    assert nothing is not None
    assert "No repair item could be asked" in told_sentence(nothing)


@pytest.mark.torch
def test_the_arm_leaves_scores_and_answers_as_they_are(make_job: Callable[..., Path], small_base: Path, tmp_path: Path) -> None:
    """Both sides' answers are byte for byte those of a job that tells nothing, but for times; the arm's own file has its figures."""
    from gpu_runner.train.answers import ModelFolder, write_answers
    from gpu_runner.train.told import ToldArm

    job = make_job(tmp_path / "job")
    spec = load_spec(job)
    evaluation = job / "dataset" / "evaluation.jsonl"
    lines = [json.loads(line) | {"set": "repair", "sample_id": f"s{n}"} for n, line in enumerate(evaluation.read_text().splitlines()[:6])]
    evaluation.write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines), encoding="utf-8")
    rows = [
        {"id": f"t{n}", "prompt": line["question"], "completion": line["answers"][0], "origin": "correction", "sample_id": f"s{n}"}
        for n, line in enumerate(lines)
    ]
    (job / "dataset" / "told.jsonl").write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    limits = changed(spec.hyperparameters, max_seq_length=512)
    items = load_items(evaluation)
    written = {}
    for most, path in ((0, "plain"), (3, "telling")):
        dataset = changed(spec.dataset, told="dataset/told.jsonl")
        telling = changed(spec, told_corrections=most, dataset=dataset, hyperparameters=limits)
        (job / "evaluation").mkdir(exist_ok=True)
        arm = ToldArm(job, telling, items, Parent())
        sides: Any = {side: ModelFolder(small_base, folder_sha256(small_base)) for side in ("baseline", "candidate")}
        out = tmp_path / f"{path}.jsonl"
        write_answers(items, sides, out, spec=telling, reporter=Reporter(io.StringIO()), parent=Parent(), also_of_baseline=(arm.ask,))  # type: ignore[arg-type]
        written[path] = [json.loads(line) | {"latency_ms": 0} for line in out.read_text(encoding="utf-8").splitlines()], arm.finish()
    assert written["plain"][0] == written["telling"][0]
    assert written["plain"][1] is None
    assert written["telling"][1] == {"path": "evaluation/told.json", "sha256": file_sha256(job / "evaluation" / "told.json")}
    figures = json.loads((job / "evaluation" / "told.json").read_text())
    assert len(figures["items"]) + sum(figures["not_asked"].values()) == len(items)
    assert figures["items"]
    assert [path.name for path in (job / "evaluation").iterdir()] == ["told.json"]
