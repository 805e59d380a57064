"""`abhyas script`: what is told of a file of texts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ops.commands.measure.script import script
from ops.errors import OperationFailed, WrongUsage

HURT = "उस दन सबह जब महन घर से नकला तो बारश हो रह थ और सडक पर पन भर गय थ।"
TEXTS = ["वे लेाग आए।", HURT, "taj mahal kahan hai", "हे संग्रहालय येथे आहे", "यह एक अच्छा दिन है।", "1950"]


def told(path: Path, capsys: pytest.CaptureFixture[str], **options: Any) -> dict[str, Any]:
    assert script(file=path, as_json=True, **options) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def test_totals_and_texts_of_a_plain_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A line is a text, empty ones are none; words with their places; each sort of trouble has its count."""
    path = tmp_path / "texts.txt"
    path.write_text("\n\n".join(TEXTS) + "\n", encoding="utf-8")
    found = told(path, capsys)
    assert (found["texts"], found["language"]) == (6, "hi")
    assert found["totals"] == {
        "structural_faults": {
            **dict.fromkeys(("mojibake", "wrong_block", "latin_mid_word", "doubled_sign", "illegal_syllable"), 0),
            "misplaced_sign": 1,
        },
        "texts_with_structural_faults": 1,
        "texts_checked_for_damage": 3,
        "lexical_suspects": 1,
        "wrong_script": 2,
        "romanised_hindi": 1,
        "marathi": 1,
        "nepali": 0,
    }
    assert [item["id"] for item in found["items"]] == ["1", "3", "5", "7", "9", "11"]
    assert found["items"][0]["structural_faults"] == [{"kind": "misplaced_sign", "word": "लेाग", "start": 3, "end": 7}]
    lexical = found["items"][1]["lexical"]
    assert lexical["suspect"]
    assert {word["word"]: word["meant"] for word in lexical["words"]}["सबह"] == "सुबह"
    assert all(HURT[word["start"] : word["end"]] == word["word"] for word in lexical["words"])
    assert (found["items"][5]["devanagari_share"], found["items"][5]["wrong_script"]) == (None, None)


@pytest.mark.parametrize(
    "content",
    [
        json.dumps({str(number): text for number, text in enumerate(TEXTS)}),
        "\n".join(json.dumps({"id": number, "text": text}) for number, text in enumerate(TEXTS)),
        "\ufeff" + "\n".join(json.dumps({"id": str(number), "prediction": text}) for number, text in enumerate(TEXTS)) + "\n\n",
    ],
)
def test_every_form_of_file_gives_the_same(tmp_path: Path, capsys: pytest.CaptureFixture[str], content: str) -> None:
    """An object of ids, rows with a text, rows with a prediction."""
    path = tmp_path / "file"
    path.write_text(content, encoding="utf-8")
    plain = tmp_path / "plain"
    plain.write_text("\n".join(TEXTS), encoding="utf-8")
    found, expected = told(path, capsys), told(plain, capsys)
    assert [item["id"] for item in found["items"]] == ["0", "1", "2", "3", "4", "5"]
    assert found["totals"] == expected["totals"]


def test_one_row_is_a_row(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """And no object of ids."""
    path = tmp_path / "one.jsonl"
    path.write_text('{"text": "कमल"}', encoding="utf-8")
    assert [item["id"] for item in told(path, capsys)["items"]] == ["1"]


def test_words_of_documents_are_known(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """They are no evidence of damage."""
    path, documents = tmp_path / "texts.txt", tmp_path / "documents.txt"
    path.write_text(HURT, encoding="utf-8")
    documents.write_text(f"{HURT}\n" * 5, encoding="utf-8")
    assert told(path, capsys)["totals"]["lexical_suspects"] == 1
    assert told(path, capsys, documents=[documents])["totals"]["lexical_suspects"] == 0


def test_the_table_is_short(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Totals, then the first twenty texts with something to tell."""
    path = tmp_path / "texts.txt"
    path.write_text("\n".join([*TEXTS, *["िकताब"] * 30]), encoding="utf-8")
    assert script(file=path) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "words with misplaced sign" in lines[6]
    assert lines[6].endswith(" 31")
    assert "1: लेाग (misplaced sign at 3)" in lines
    assert any(line.startswith("2: words look damaged: दन (दिन)") for line in lines)
    assert lines[-1] == "… and 14 more: --json shows all"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "it is empty"),
        (b'[{"text": "x"}]', "line 1: a JSON list"),
        (b'{"a": 5}', "field 'a': int: expected a string"),
        (b'{"text": "x"}\n{"text": 5}', "line 2: field 'text': int: expected a string"),
        (b'{"text": "x"}\n{"answer": "y"}', "line 2: field 'text': missing"),
        (b'{"text": "x"}\n{"text": ', "line 2: no JSON"),
        (b'{"text": "x"}\n[1]', "line 2: list: expected a JSON object"),
        (b"abc\n\xff\xfe", "line 2: no UTF-8"),
    ],
)
def test_a_file_that_is_wrong_is_told_with_its_place(tmp_path: Path, content: bytes, message: str) -> None:
    """File, line and field, and what was expected."""
    path = tmp_path / "wrong"
    path.write_bytes(content)
    with pytest.raises(OperationFailed) as failed:
        script(file=path)
    assert str(failed.value).startswith(f"{path}: {message}")


def test_no_file_and_no_language(tmp_path: Path) -> None:
    """A missing file is told, and a language in words is none."""
    with pytest.raises(OperationFailed, match="No such file"):
        script(file=tmp_path / "none")
    with pytest.raises(WrongUsage, match="no language tag"):
        script(file=tmp_path / "none", language="Hindi")
