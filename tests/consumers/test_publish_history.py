"""`abhyas publish` says what stage 1 made of each line, and a history is taken whole, on the embedded broker and on Apache Kafka."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from ops.commands.feedback.publish_file import PublishReport, publish_file
from schemas import topics

NOW = datetime.now(UTC).replace(microsecond=0)


@pytest.fixture(params=[pytest.param("embedded", marks=pytest.mark.embedded), pytest.param("kafka", marks=pytest.mark.kafka)])
def installation(request: pytest.FixtureRequest) -> Any:
    """An installation of its own, on each broker."""
    return request.getfixturevalue(f"{request.param}_topics")


def jsonl(path: Path, lines: list[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines), encoding="utf-8")
    return path


def feedback(name: str, days_ago: float) -> dict[str, Any]:
    at = NOW - timedelta(days=days_ago)
    return {"feedback_id": name, "query": f"प्रश्न {name}", "correction": "उत्तर", "occurred_at": at.isoformat(), "user_hash": "ab" * 16}


def counts(report: PublishReport) -> tuple[int, int, int, int, int]:
    found = report.outcomes
    return report.published, found.taken, found.known, found.late, found.unknown


async def test_k4_a_history_newest_first_is_counted_and_taken(
    installation: Any, start_consumers: Callable[..., Any], tmp_path: Path
) -> None:
    """Without --history the late lines are counted and the exit code is 1; with it all is taken, a second time all is known, and live
    traffic around it is taken as ever."""
    connection = installation.connection
    old = [feedback(f"h{number}", number * 3) for number in range(20)]
    path = jsonl(tmp_path / "old.jsonl", old)
    start_consumers(connection, "stage1")

    plain = await publish_file(connection, "feedback", path, silence_s=60)
    # One user, so one partition: its newest event time is the first line's.
    taken = sum(3 * number <= 7 for number in range(20))
    assert plain.published == 20
    assert plain.outcomes.taken in (taken, taken + 1)  # the watermark is a day's start
    assert counts(plain) == (20, plain.outcomes.taken, 0, 20 - plain.outcomes.taken, 0)
    assert (plain.invalid, plain.exit_code) == (0, 1)

    live = await publish_file(connection, "feedback", jsonl(tmp_path / "live.jsonl", [feedback("n1", 0), feedback("n2", 0)]), silence_s=60)
    assert (counts(live), live.exit_code) == ((2, 2, 0, 0, 0), 0)
    history = await publish_file(connection, "feedback", path, history=True, silence_s=60)
    assert (counts(history), history.exit_code) == ((20, 20 - plain.outcomes.taken, plain.outcomes.taken, 0, 0), 0)
    again = await publish_file(connection, "feedback", path, history=True, silence_s=60)
    assert (counts(again), again.exit_code) == ((20, 0, 20, 0, 0), 0)

    late = await publish_file(connection, "feedback", jsonl(tmp_path / "late.jsonl", [feedback("x", 90)]), silence_s=60)
    assert (late.outcomes.refused, late.exit_code) == ({"too_late": 1}, 1)
    documents = [
        {"doc_id": f"d{number}", "text": f"लेख {number}", "occurred_at": (NOW - timedelta(days=40 * number)).isoformat()}
        for number in range(9)
    ]
    archive = await publish_file(connection, "documents", jsonl(tmp_path / "d.jsonl", documents), history=True, silence_s=60)
    assert (counts(archive), archive.exit_code) == ((9, 9, 0, 0, 0), 0)
    events = await installation.events(topics.SIGNAL_SUMMARISED)
    days = {event["event_day"] for event in events if any(event["counts"].values())}
    assert min(days) >= (NOW - timedelta(days=8)).date().isoformat()


async def test_what_stage_1_has_not_read_is_not_known(embedded_topics: Any, tmp_path: Path) -> None:
    """Where stage 1 does not run, the lines are published and it is said that nothing is known of them; that is no failure."""
    path = jsonl(tmp_path / "f.jsonl", [feedback("a", 0), feedback("b", 1)])
    report = await publish_file(embedded_topics.connection, "feedback", path, silence_s=0.3)
    assert (counts(report), report.exit_code) == ((2, 0, 0, 0, 2), 0)
    assert "stage 1 has read nothing for 0.3 s" in str(report.outcomes.unknown_because)


async def test_k4_nothing_of_an_erased_user_comes_back(embedded_topics: Any, build: Any, tmp_path: Path) -> None:
    """An erasure of any age is held against a history before it is published: each line is named, newer ones of the user go."""
    await embedded_topics.send(build.erasure("ab" * 16), time=NOW - timedelta(days=300))
    path = jsonl(tmp_path / "f.jsonl", [feedback("new", 299), feedback("old", 301), feedback("older", 700)])
    report = await publish_file(embedded_topics.connection, "feedback", path, history=True, silence_s=0.1)
    assert (report.published, report.invalid, report.exit_code) == (1, 2, 1)
    assert [error.line for error in report.errors] == [2, 3]
    assert report.errors[0].message.startswith("user: was erased on ")
    assert [event["feedback_id"] for event in await embedded_topics.events(topics.FEEDBACK_SUBMITTED)] == ["new"]


async def test_a_history_goes_oldest_first_and_each_line_says_when(embedded_topics: Any, tmp_path: Path) -> None:
    """Whatever the file's order; a line without occurred_at is named by its number, and so is one that is no JSON."""
    lines = [feedback("c", 10), feedback("a", 300), {"query": "q", "correction": "c"}, feedback("b", 200)]
    path = jsonl(tmp_path / "f.jsonl", lines)
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes() + b"{\n\n")
    report = await publish_file(embedded_topics.connection, "feedback", path, history=True, silence_s=0.1)
    assert (report.published, report.invalid) == (3, 2)
    assert [error.line for error in report.errors] == [3, 5]
    assert report.errors[0].message.startswith("occurred_at: ")
    assert [event["feedback_id"] for event in await embedded_topics.events(topics.FEEDBACK_SUBMITTED)] == ["a", "b", "c"]
    headers = {
        name
        for record in await embedded_topics.read(embedded_topics.connection.topic(topics.FEEDBACK_SUBMITTED))
        for name, _ in record.headers
    }
    assert "ce_history" in headers
