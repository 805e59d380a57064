"""`abhyas dataset check`: what a file is read as, without a service and without torch."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from ops.commands.dataset.check import check
from ops.errors import OperationFailed

ROOT = Path(__file__).parents[4]
GOLDEN = ROOT / "tests" / "gpu_runner" / "dataset" / "formats" / "golden"
MESSAGES = [
    {"role": "system", "content": "You are a guide."},
    {"role": "user", "content": "Who founded it?"},
    {"role": "assistant", "content": "Leela Farrow"},
    {"role": "user", "content": "And when?"},
]


def test_the_first_rows_are_shown_as_they_would_be_trained(capsys: pytest.CaptureFixture[str]) -> None:
    """The conversation, what is learnt after it, the form, and what is left out, each reason with its lines."""
    assert check(file=GOLDEN / "messages.jsonl", first=2, as_json=True) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["holds"], told["compressed"], told["forms"], told["languages"], told["rows"]) == (
        "JSON Lines", False, {"messages": 4}, {"en": 4}, 4,
    )  # fmt: skip
    assert [row["where"] for row in told["first"]] == ["1", "2"]
    assert (told["first"][1]["messages"], told["first"][1]["answer"]) == (MESSAGES, "In 1927.")
    assert told["left_out"] == {
        "earlier_answers_as_context_alone": {"count": 1, "where": ["2"]},
        "passages_beside_a_conversation": {"count": 1, "where": ["4"]},
        "turns_behind_the_last_answer": {"count": 1, "where": ["4"]},
    }


@pytest.mark.parametrize("name", sorted(path.name for path in GOLDEN.iterdir() if not path.name.endswith(".expected.json")))
def test_it_tells_of_every_form_what_is_trained_of_it(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """As many rows and reasons as the golden file expects, for people and for programs, with each answer that is learnt."""
    expected = json.loads((GOLDEN / f"{name}.expected.json").read_text(encoding="utf-8"))
    check(file=GOLDEN / name, first=100, as_json=True)
    told = json.loads(capsys.readouterr().out)
    assert told["rows"] == len(expected["rows"])
    assert [row["answer"] for row in told["first"]] == [row["completion"] for row in expected["rows"]]
    assert {reason: found["count"] for reason, found in told["left_out"].items()} == expected["dropped"]
    check(file=GOLDEN / name, first=100)
    words = capsys.readouterr().out
    assert f"{len(expected['rows'])} rows would be trained" in words
    assert all(f"learnt: {row['completion']}" in words for row in expected["rows"])
    assert all(f"{count} {reason.replace('_', ' ')} (line " in words for reason, count in expected["dropped"].items())


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b'{"prompt": "q", "completion": "a"}\n{"prompt": "q"}\n', ":2: field 'completion': expected a string that is not blank"),
        (gzip.compress(b"question,answer\nq,\n"), ":2: field 'answers'"),
        (b"", ": the file is empty"),
        (None, ": no such file: expected a file of questions and answers there"),
    ],
)
def test_a_file_that_would_be_refused_is_refused_here(tmp_path: Path, content: bytes | None, told: str) -> None:
    """By file, line and field."""
    path = tmp_path / "mine"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(OperationFailed) as refused:
        check(file=path, first=3)
    assert str(refused.value).startswith(f"{path}{told}")


@pytest.mark.process
def test_the_command_needs_no_service_and_no_torch(tmp_path: Path) -> None:
    """Exit 0 with what was read, 1 with one line for a file that is refused."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("KAFKA_", "TOPIC_", "APP_"))}
    program = "import sys; sys.modules['torch'] = None; sys.argv[0] = 'abhyas'; from ops.cli import main; main()"
    (tmp_path / "bad.jsonl").write_text('{"text": "a text"}\n', encoding="utf-8")
    for name, code, words in ((str(GOLDEN / "kto.csv"), 0, "2 KTO"), ("bad.jsonl", 1, "abhyas: bad.jsonl:1: field 'text'")):
        done = subprocess.run(
            [sys.executable, "-c", program, "dataset", "check", name],
            cwd=tmp_path, env=clean, capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        assert done.returncode == code, done.stderr
        assert words in done.stdout + done.stderr
