"""`abhyas drift fit` and `run` over files: a shift is told with its place, bad rows with their line and field."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ops.commands.drift.documents import fit, run
from ops.errors import WrongUsage

pytestmark = pytest.mark.process

WORDS = ["नदी", "पहाड़", "राजा", "किला", "संगीत", "गाँव", "river", "hill", "king", "temple", "market", "harvest"]
NEW = ["quartz", "plasma", "enzyme", "neutron", "vector", "tensor"]


def rows(count: int, seed: int, share: float = 0.0) -> list[dict[str, Any]]:
    rng = np.random.default_rng(seed)
    return [
        {
            "text": " ".join(rng.choice(NEW if rng.random() < share else WORDS, size=8)),
            "source": f"s{rng.integers(300)}",
            "occurred_at": f"2026-11-{1 + number * 28 // count:02d}T06:00:00Z",
        }
        for number in range(count)
    ]


def written(path: Path, found: list[dict[str, Any]]) -> Path:
    path.write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in found) + "\n")
    return path


@pytest.fixture(scope="module")
def baseline(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("drift")
    fit(baseline=written(folder / "documents.jsonl", rows(3_000, 1)), out=folder / "baseline", alarms_per_100k=0.1, seed=0, as_json=True)
    return folder / "baseline"


def test_a_shift_is_told_with_its_window(baseline: Path, tmp_path: Path, capsys) -> None:
    """Each line has the fields of the documentation; the alarm is behind the shift, a fire follows, and the totals count them."""
    events = written(tmp_path / "events.jsonl", rows(1_000, 2) + rows(3_020, 3, share=0.5))
    assert run(baseline=baseline, events=events, cool_down=0, as_json=True) == 0
    *decisions, totals = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {"n", "head", "statistic", "threshold", "effect", "alarm", "fired", "since", "window_documents"} <= decisions[0].keys()
    first = decisions[0]
    assert 1_000 < first["n"] <= 1_400
    assert first["since"] == first["n"] - first["window_documents"] + 1
    assert any(row["fired"] for row in decisions)
    assert {told["term"] for told in decisions[-1]["terms"]["rose"]} <= set(NEW)
    assert len(decisions[-1]["terms"]["rose"]) >= 5
    assert set(NEW).isdisjoint(told["term"] for told in decisions[-1]["terms"]["fell"])
    assert totals["docs"] == 4_020
    assert totals["left_out"] == 20
    assert totals["alarms"] + totals["fired"] == len(decisions)
    assert totals["us_per_doc"] > 0


def test_a_quiet_file_has_totals_alone(baseline: Path, tmp_path: Path, capsys) -> None:
    """Nothing moved: one sentence."""
    assert run(baseline=baseline, events=written(tmp_path / "events.jsonl", rows(2_000, 4)), cool_down=0, as_json=False) == 0
    (line,) = capsys.readouterr().out.splitlines()
    assert line.startswith("2,000 documents: 0 alarms, 0 fired")


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ('{"text": "a"}', "source: expected"),
        ('{"text": 1, "source": "s"}', "text: expected"),
        ('{"text": "a", "source": "s", "occurred_at": "noon"}', "occurred_at"),
        ("{", "not JSON"),
        ('{"text": "a", "source": "s", "occurred_at": "0001-01-01T00:00:00+05:30"}', "occurred_at: before the year 1"),
        ('{"text": "a", "source": "s", "occurred_at": "9999-12-31T23:59:59-05:00"}', "occurred_at: before the year 1 or after 9999"),
        ('{"text": "\\ud800", "source": "s"}', "text: holds half of a surrogate pair"),
        ('{"text": "a", "source": "s", "seen": ' + "9" * 5_000 + "}", "seen: a number of too many digits"),
        ('{"text": "a", "source": "s", "seen": ' + "[" * 100_000 + "]" * 100_000 + "}", "nested too deeply"),
    ],
)
def test_a_bad_row_is_named(baseline: Path, tmp_path: Path, line: str, expected: str) -> None:
    """File, line, field and what was expected."""
    events = tmp_path / "events.jsonl"
    events.write_text('{"text": "नदी", "source": "s"}\n' + line + "\n")
    with pytest.raises(WrongUsage, match=expected) as told:
        run(baseline=baseline, events=events, cool_down=0, as_json=True)
    assert f"{events}:2:" in str(told.value)


def test_too_few_documents_and_no_baseline_are_said(tmp_path: Path) -> None:
    """How many there are and how many are needed; what was looked for in the folder."""
    few = written(tmp_path / "few.jsonl", rows(30, 1))
    with pytest.raises(WrongUsage, match="30 documents: expected at least 2000"):
        fit(baseline=few, out=tmp_path / "out", alarms_per_100k=0.1, seed=0, as_json=True)
    with pytest.raises(WrongUsage, match="drift fit"):
        run(baseline=tmp_path / "nothing", events=few, cool_down=0, as_json=True)
    with pytest.raises(WrongUsage, match="can't be read"):
        fit(baseline=tmp_path / "absent.jsonl", out=tmp_path / "out", alarms_per_100k=0.1, seed=0, as_json=True)


def test_k4_equal_documents_are_refused(tmp_path: Path) -> None:
    """2,500 equal texts are no baseline: the file, how many differ, how many are needed."""
    equal = written(tmp_path / "equal.jsonl", [row | {"text": "एक ही लेख"} for row in rows(2_500, 1)])
    with pytest.raises(WrongUsage, match=r"equal.jsonl: 2500 documents with 1 different texts .*: expected at least 100 different"):
        fit(baseline=equal, out=tmp_path / "out", alarms_per_100k=0.1, seed=0, as_json=True)


def test_k6_a_bom_is_passed_over_and_another_form_is_named_once(baseline: Path, tmp_path: Path, capsys) -> None:
    """A file with a BOM is read; UTF-16, an array and pretty-printed JSON are named for the whole file, with what to do."""
    events = tmp_path / "events.jsonl"
    plain = json.dumps(rows(1, 5)[0], ensure_ascii=False)
    events.write_bytes(b"\xef\xbb\xbf" + plain.encode() + b"\n")
    assert run(baseline=baseline, events=events, cool_down=0, as_json=True) == 0
    assert json.loads(capsys.readouterr().out)["docs"] == 1
    for content, expected in (
        ((plain + "\n").encode("utf-16"), "is UTF-16"),
        (json.dumps(rows(3, 5), indent=1).encode(), "is one JSON array"),
        (json.dumps(rows(1, 5)[0], indent=1).encode(), "has a JSON object over several lines"),
    ):
        events.write_bytes(content)
        with pytest.raises(WrongUsage, match=f"events.jsonl {expected}"):
            run(baseline=baseline, events=events, cool_down=0, as_json=True)
