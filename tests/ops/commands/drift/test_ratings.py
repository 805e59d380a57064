"""`abhyas drift ratings` over files."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from ops.commands.drift.ratings import ratings
from ops.errors import WrongUsage

ABHYAS = [sys.executable, "-c", "import sys; sys.argv[0] = 'abhyas'; from ops.cli import main; main()"]


def abhyas(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [*ABHYAS, "drift", "ratings", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60, check=False)


def write(path: Path, values: Iterable[int]) -> Path:
    path.write_text("".join(f'{{"negative": {value}}}\n' for value in values))
    return path


def draws(seed: int, rate: float, count: int) -> list[int]:
    source = random.Random(seed)
    return [int(source.random() < rate) for _ in range(count)]


def run(path: Path, capsys: pytest.CaptureFixture[str], **options: Any) -> list[dict[str, Any]]:
    given = {"baseline": 20_000, "arl": 2e6, "direction": "up", "cool_down": 20_000, "as_json": True} | options
    assert ratings(events=path, **given) == 0
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


@pytest.mark.process
def test_the_command_finds_a_doubled_rate(tmp_path: Path) -> None:
    """As a process: a JSON line for the alarm, one for what fired, one of totals; n counts from the file's first rating."""
    write(tmp_path / "events.jsonl", draws(1, 0.1, 25_000) + draws(2, 0.2, 3_000))
    done = abhyas(tmp_path, "--events", "events.jsonl", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    alarm, fired, totals = map(json.loads, done.stdout.splitlines())
    assert alarm.keys() == fired.keys()
    assert alarm.keys() >= {"n", "head", "statistic", "threshold", "effect", "alarm", "fired"}
    assert (alarm["alarm"], alarm["fired"], fired["alarm"], fired["fired"]) == (True, False, True, True)
    assert 25_000 < alarm["n"] < fired["n"] < 26_500
    assert abs(alarm["since"] - 25_000) < 500
    assert alarm["statistic"] >= alarm["threshold"] == 2_000_000
    assert fired["effect"] == pytest.approx(0.1, abs=0.06)
    assert totals["us_per_event"] > 0
    assert {name: totals[name] for name in ("events", "alarms", "fired", "baseline_events", "alarm_open")} == {
        "events": 28_000, "alarms": 1, "fired": 1, "baseline_events": 20_000, "alarm_open": False,
    }  # fmt: skip


def test_a_quiet_file_says_only_its_totals(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """60,000 ratings at one rate."""
    (totals,) = run(write(tmp_path / "quiet.jsonl", draws(3, 0.1, 60_000)), capsys)
    assert (totals["events"], totals["alarms"], totals["fired"]) == (60_000, 0, 0)


def test_baseline_direction_and_cool_down_are_heard(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A shorter baseline ends earlier; a fall is found only where asked for; without a cool-down it fires again."""
    path = write(tmp_path / "fall.jsonl", draws(4, 0.2, 5_000) + draws(5, 0.1, 10_000))
    assert run(path, capsys, baseline=5_000)[-1]["alarms"] == 0
    fell = run(path, capsys, baseline=5_000, direction="down")
    assert (fell[-1]["fired"], fell[-1]["baseline_events"]) == (1, 5_000)
    assert fell[0]["effect"] < 0
    assert run(path, capsys, baseline=5_000, direction="both", cool_down=1_000)[-1]["fired"] > 2
    assert run(path, capsys, baseline=5_000, direction="down", arl=1e3)[0]["n"] < fell[0]["n"]


def test_people_read_sentences(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Without --json the same is said in words."""
    path = write(tmp_path / "events.jsonl", draws(1, 0.1, 20_500) + draws(2, 0.2, 3_000))
    assert ratings(events=path, baseline=20_000, arl=1e6, direction="up", cool_down=20_000, as_json=False) == 0
    alarm, fired, totals = capsys.readouterr().out.splitlines()
    assert ": alarm: " in alarm
    assert ": confirmed, fired: " in fired
    assert totals.startswith("23,500 ratings, 1 alarms, 1 fired, ")
    assert "the first 20,000 are the baseline" in totals
    assert "a rate that stays over 11." in totals


def test_a_baseline_that_is_too_small_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With 10 ratings no change is certain to be found, with 200 only a large one; ratings in runs are worth fewer."""
    path = write(tmp_path / "events.jsonl", draws(9, 0.1, 1_000))
    assert ratings(events=path, baseline=3, arl=2e6, direction="down", cool_down=0, as_json=False) == 0
    assert capsys.readouterr().out.rstrip().endswith("it is too small to be sure of any change: give a longer one")
    few, more = run(path, capsys, baseline=200)[-1], run(path, capsys, baseline=900)[-1]
    assert few["found_above"] > more["found_above"] > 0.114
    assert few["found_below"] is None
    path = write(tmp_path / "runs.jsonl", [value for value in draws(10, 0.1, 1_000) for _ in range(5)])
    assert ratings(events=path, baseline=4_500, arl=2e6, direction="up", cool_down=0, as_json=False) == 0
    assert "of them worth one independent rating" in capsys.readouterr().out


def test_further_fields_and_empty_lines_are_passed_over(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A row may hold more than is needed, and a file may end with empty lines."""
    path = tmp_path / "events.jsonl"
    path.write_text('{"negative": 1, "occurred_at": "2026-01-01"}\n\n{"stars": 5, "negative": 0}\r\n   \n{"negative": 0}')
    assert run(path, capsys, baseline=1)[-1]["events"] == 3


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (b'{"negative": 2}', "negative: 2: expected"),
        (b'{"negative": true}', "negative: true: expected"),
        (b'{"negative": "1"}', "negative: a string: expected"),
        (b'{"negative": null}', "negative: null: expected"),
        (b'{"negative": 0.5}', "negative: 0.5: expected"),
        (b'{"negatives": 1}', "negative: missing: expected"),
        (b"[1]", "an array: expected"),
        (b"1", "a number: expected"),
        (b'{"negative": 1', "not JSON at column 15 (expected ',' delimiter): expected"),
        (b'{"negative": 1} {"negative": 0}', "not JSON at column 17 (expected the end, found more): expected"),
        (b'{"negative": "\xff"}', "not UTF-8 at byte 15: save it as UTF-8: expected"),
        (b" " * 2_000_000, "longer than 1048576 bytes: expected shorter lines: expected"),
        (b'{"negative": ' + b"9" * 5_000 + b"}", "negative: a number of too many digits: expected at most 4300: expected"),
        (
            b'{"negative": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
            "negative" + "[0]" * 7 + "…: nested too deeply: expected at most 64 levels: expected",
        ),
        (rb'{"negative": "\udc00"}', "negative: holds half of a surrogate pair: expected whole characters: expected"),
    ],
)
@pytest.mark.parametrize("in_baseline", [True, False])
def test_a_bad_row_is_named(row: bytes, words: str, in_baseline: bool, tmp_path: Path) -> None:
    """File, line, field, what was found and what was expected, in the baseline and after it."""
    path = tmp_path / "bad.jsonl"
    path.write_bytes(b'{"negative": 0}\n' * 3 + row + b"\n" + b'{"negative": 0}\n' * 3)
    with pytest.raises(WrongUsage) as caught:
        ratings(events=path, baseline=5 if in_baseline else 2, arl=1e6, direction="up", cool_down=0, as_json=True)
    assert str(caught.value).startswith(f"{path}:4: {words} a JSON object as")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--events", "bad.jsonl", "--baseline", "1"], "bad.jsonl:2: negative: 7: expected a JSON object"),
        (["--events", "nothing.jsonl"], "nothing.jsonl can't be read (No such file or directory): expected JSONL"),
        (["--events", "."], "can't be read (Is a directory): expected JSONL"),
        (["--events", "short.jsonl"], "short.jsonl holds 1 ratings: expected more than the 20000 that --baseline takes"),
        (["--events", "short.jsonl", "--direction", "left"], "--direction 'left': expected one of up, down, both"),
        (["--events", "short.jsonl", "--arl", "inf"], "--arl inf: expected a number of ratings"),
        (["--events", "short.jsonl", "--baseline", "0"], "--baseline"),
        ([], "Missing option '--events'"),
    ],
)
@pytest.mark.process
def test_wrong_usage_is_one_line_and_ends_with_2(arguments: list[str], words: str, tmp_path: Path) -> None:
    """No traceback; the line says what was expected."""
    (tmp_path / "bad.jsonl").write_text('{"negative": 0}\n{"negative": 7}\n')
    (tmp_path / "short.jsonl").write_text('{"negative": 0}\n')
    done = abhyas(tmp_path, *arguments, "--json")
    assert done.returncode == 2
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_k6_a_file_of_another_form_is_named_once(tmp_path: Path) -> None:
    """UTF-16, an array and pretty-printed JSON are named for the whole file; a BOM is passed over."""
    path = tmp_path / "events.jsonl"
    for content, words in (
        ('{"negative": 0}\n'.encode("utf-16-le"), "is UTF-16"),
        (b'[{"negative": 0}]', "is one JSON array: expected one JSON object a line"),
        (b'{\n "negative": 0\n}\n', "has a JSON object over several lines"),
    ):
        path.write_bytes(content)
        with pytest.raises(WrongUsage, match=words) as caught:
            ratings(events=path, baseline=1, arl=1e6, direction="up", cool_down=0, as_json=True)
        assert str(caught.value).startswith(f"{path} ")
    path.write_bytes(b'\xef\xbb\xbf{"negative": 0}\n{"negative": 0}\n')
    assert ratings(events=path, baseline=1, arl=1e6, direction="up", cool_down=0, as_json=True) == 0
