"""Publishing a file: every valid line, none of the others, and a report that names them."""

from __future__ import annotations

import gzip
import json
import socket
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest

from gpu_runner.dataset.fields import DataError
from ops.commands.feedback.publish import kind_of, sentences
from ops.commands.feedback.publish_file import KEPT_ERRORS, Progress, PublishReport, publish_file
from ops.commands.feedback.stage1_outcomes import Outcomes
from ops.stack.brokers.embedded import EmbeddedBroker
from ops.topic_reader import records
from producers.errors import KafkaAway
from producers.publisher import Publisher
from producers.submissions import hash_user
from runtime.kafka.connection import KafkaConnection
from schemas import topics
from schemas.envelope import decode
from schemas.events.document_ingested import DocumentIngested
from schemas.events.feedback_submitted import FeedbackSubmitted
from schemas.events.turn_completed import TurnCompleted
from schemas.events.user_erased import UserErased
from schemas.reading.json_lines import NotJsonLines

INPUTS = (topics.FEEDBACK_SUBMITTED, topics.TURN_COMPLETED, topics.DOCUMENT_INGESTED, topics.USER_ERASED)
SAID = {"query": "q", "correction": "c"}


@pytest.fixture
def connection(embedded_broker: EmbeddedBroker) -> KafkaConnection:
    prefix = f"t{uuid4().hex[:8]}"
    embedded_broker.create_topics({topics.topic(name, prefix): 4 for name in INPUTS})
    return KafkaConnection(embedded_broker.bootstrap_servers, topic_prefix=prefix, embedded=True)


async def read_all(connection: KafkaConnection, name: str) -> list:
    return [record async for record in records(connection, [connection.topic(name)])]


async def events(connection: KafkaConnection, model: type) -> dict[str, tuple]:
    found = {}
    for record in await read_all(connection, model.TOPIC):
        envelope, event = decode(record.value, record.headers, model)
        found[envelope.id] = (envelope, event)
    return found


def jsonl(path: Path, *lines: object) -> Path:
    path.write_bytes(b"\n".join(line if isinstance(line, bytes) else json.dumps(line, ensure_ascii=False).encode() for line in lines))
    return path


async def test_valid_lines_are_published_and_the_others_named(connection: KafkaConnection, tmp_path: Path) -> None:
    """Exit code 1, line numbers from 1, each field with what was expected; empty lines are passed over."""
    path = jsonl(
        tmp_path / "f.jsonl",
        {"feedback_id": "f1", "query": "सालार जंग कहाँ है?", "correction": "हैदराबाद", "user": "u1", "occurred_at": "2026-11-01T00:00:00Z"},
        b"{not json",
        b"",
        {"feedback_id": "f2", "query": "q", "rating": {"scale": "stars_1_10", "value": 3}},
        b"[1, 2]",
        {"feedback_id": "f3", "query": "q", "correction": "c" * 30_000, "response": '"' * 32_000, "tags": ["\\" * 100] * 20},
        {"feedback_id": "f4", "query": "फ़ोन 9876543210", "correction": "c", "mood": "x"},
        {"feedback_id": "f5", "query": "फ़ोन 9876543210", "rating": {"scale": "thumbs", "value": "down"}},
    )
    report = await publish_file(connection, "feedback", path, user_hash_key=b"k")
    assert (report.published, report.invalid, report.exit_code) == (3, 4, 1)
    assert [error.line for error in report.errors] == [2, 4, 5, 7]
    assert report.errors[0].message.startswith("not JSON")
    assert report.errors[1].message.startswith("rating.scale: ")
    assert report.errors[2].message == "item: expected a JSON object"
    assert report.errors[3].message.startswith("mood: ")
    assert report.redactions == {"phone": 1}
    found = await events(connection, FeedbackSubmitted)
    assert set(found) == {"f1:0", "f3:0", "f5:0"}
    envelope, event = found["f1:0"]
    assert event.user_hash == hash_user(b"k", "u1")
    assert (envelope.source, envelope.time.isoformat()) == ("/abhyas/frontend", "2026-11-01T00:00:00+00:00")
    assert found["f5:0"][1].query == "फ़ोन [PHONE]"


async def test_a_file_twice_is_the_same_events(connection: KafkaConnection, tmp_path: Path) -> None:
    """Ids that lines lack come of content and how many equal ones there are: two equal lines are two events, the same file again none."""
    line = {"query": "q", "correction": "c"}
    path = jsonl(tmp_path / "f.jsonl", line, line)
    for _ in range(2):
        assert (await publish_file(connection, "feedback", path)).published == 2
    found = await read_all(connection, topics.FEEDBACK_SUBMITTED)
    assert len(found) == 4
    assert len({dict(record.headers)["ce_id"] for record in found}) == 2


async def test_k3_a_file_again_after_a_line_was_removed_is_no_new_event(connection: KafkaConnection, tmp_path: Path) -> None:
    """What lines without ids are called has nothing to do with where they stand, or in which order their fields are."""
    first, second, third = ({"query": f"q{number}", "correction": "c"} for number in range(3))
    await publish_file(connection, "feedback", jsonl(tmp_path / "f.jsonl", first, second, third))
    again = dict(reversed(third.items()))
    await publish_file(connection, "feedback", jsonl(tmp_path / "f.jsonl", {"feedback_id": "new"} | first, second, again))
    found = await read_all(connection, topics.FEEDBACK_SUBMITTED)
    assert len(found) == 6
    assert len({dict(record.headers)["ce_id"] for record in found}) == 4


async def test_k3_source_of_a_file_and_of_a_line(connection: KafkaConnection, tmp_path: Path) -> None:
    """A line's own source comes before the one that is given for the file."""
    path = jsonl(tmp_path / "f.jsonl", {"feedback_id": "a"} | SAID, {"feedback_id": "b", "source": "https://b"} | SAID)
    await publish_file(connection, "feedback", path, source="https://a")
    found = await events(connection, FeedbackSubmitted)
    assert [found[name][0].source for name in ("a:0", "b:0")] == ["https://a", "https://b"]


async def test_k4_redactions_inside_corrections_are_counted(connection: KafkaConnection, tmp_path: Path) -> None:
    """A file whose corrections hold numbers is published, and the report and its sentences say how many lost something."""
    path = jsonl(tmp_path / "f.jsonl", SAID, SAID | {"correction": "फ़ोन 9876543210"}, SAID | {"query": "फ़ोन 9876543210"})
    report = await publish_file(connection, "feedback", path)
    assert (report.published, report.redacted_corrections) == (3, 1)
    assert any(sentence.startswith("1 corrections hold a mark") for sentence in sentences("feedback", report))


async def test_turns_are_published_under_the_keys_of_their_feedback(connection: KafkaConnection, tmp_path: Path) -> None:
    """A turn lies in the partition of its feedback's number; a line that is none is named by its field."""
    asked = {"messages": [{"role": "user", "content": [{"type": "text", "text": "फ़ोन 9876543210, कब?"}]}], "response": "1591"}
    turns = jsonl(
        tmp_path / "t.jsonl",
        {"turn_id": "t1", "user": "u1"} | asked,
        {"turn_id": "t2"} | asked,
        {"turn_id": "t3", "conversation_id": "c1", "response": "r", "messages": [{"role": "user", "content": [{"type": "image_url"}]}]},
        {"turn_id": "t4", "conversation_id": "c1"} | asked,
    )
    report = await publish_file(connection, "turns", turns, user_hash_key=b"k", silence_s=0.1)
    assert (report.published, report.invalid, report.redactions) == (2, 2, {"phone": 2})
    assert [(error.line, error.message.split(":")[0]) for error in report.errors] == [
        (2, "user, user_hash and conversation_id are all absent"),
        (3, "messages[0].content"),
    ]
    said = [{"feedback_id": name, "rating": {"scale": "thumbs", "value": "down"}} for name in ("f1", "f4")]
    feedback = jsonl(tmp_path / "f.jsonl", said[0] | {"turn_id": "t1", "user": "u1"}, said[1] | {"turn_id": "t4", "conversation_id": "c1"})
    assert (await publish_file(connection, "feedback", feedback, user_hash_key=b"k", silence_s=0.1)).published == 2
    found = await events(connection, TurnCompleted)
    assert found["t1"][1].messages[0].content == "फ़ोन [PHONE], कब?"
    places = [
        {record.key: record.partition for record in await read_all(connection, name)}
        for name in (topics.TURN_COMPLETED, topics.FEEDBACK_SUBMITTED)
    ]
    assert places[0] == places[1]
    assert set(places[0]) == {hash_user(b"k", "u1").encode(), b"c1"}


async def test_a_turn_of_a_history_says_when_and_of_whom(connection: KafkaConnection, tmp_path: Path) -> None:
    """Oldest first and marked as history; nothing that a user had erased goes, and a line without a time is named."""
    turn = {"query": "q", "response": "r"}
    async with Publisher(connection, "/test") as publisher:
        await publisher.send(UserErased(user_hash="ab" * 16, actor="t"), datetime(2026, 11, 10, tzinfo=UTC))
    path = jsonl(
        tmp_path / "t.jsonl",
        {"turn_id": "new", "conversation_id": "c", "occurred_at": "2026-11-20T00:00:00Z"} | turn,
        {"turn_id": "gone", "user_hash": "ab" * 16, "occurred_at": "2026-11-09T00:00:00Z"} | turn,
        {"turn_id": "never", "conversation_id": "c"} | turn,
        {"turn_id": "old", "conversation_id": "c", "occurred_at": "2026-11-01T00:00:00Z"} | turn,
    )
    report = await publish_file(connection, "turns", path, history=True, silence_s=0.1)
    assert [(error.line, error.message.split(":")[0]) for error in report.errors] == [(2, "user"), (3, "occurred_at")]
    found = [dict(record.headers) for record in await read_all(connection, topics.TURN_COMPLETED)]
    assert [(headers["ce_id"], headers["ce_history"]) for headers in found] == [(b"old", b"true"), (b"new", b"true")]


async def test_documents_are_published_with_progress(connection: KafkaConnection, tmp_path: Path) -> None:
    """Progress never goes back, and ends with the whole file and every line."""
    path = jsonl(tmp_path / "d.jsonl", *({"doc_id": f"d{number}", "text": f"लेख {number} " + "क" * 500} for number in range(220)))
    told: list[Progress] = []
    report = await publish_file(connection, "documents", path, on_progress=told.append)
    assert (report.published, report.invalid, report.exit_code) == (220, 0, 0)
    assert len(told) > 3
    assert [step.bytes_read for step in told] == sorted(step.bytes_read for step in told)
    assert told[-1] == Progress(220, 220, 0, path.stat().st_size, path.stat().st_size)
    assert len(await events(connection, DocumentIngested)) == 220


async def test_a_line_over_the_topics_limit_is_named_and_the_rest_published(connection: KafkaConnection, tmp_path: Path) -> None:
    """An event too large is a line like any other invalid one."""
    path = jsonl(tmp_path / "d.jsonl", {"doc_id": "d1", "text": "\n" * 250_000}, {"doc_id": "d2", "text": "लेख"})
    report = await publish_file(connection, "documents", path)
    assert (report.published, report.invalid) == (1, 1)
    assert report.errors[0].line == 1
    assert "document.ingested.v1 takes at most 393216" in report.errors[0].message


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ('{"query": "q", "correction": "c"}\n'.encode("utf-16"), "is UTF-16"),
        (b'{\n  "query": "q",\n  "correction": "c"\n}\n', "has a JSON object over several lines"),
    ],
)
@pytest.mark.parametrize("history", [False, True])
async def test_k6_a_file_of_another_form_is_named_once(
    connection: KafkaConnection, tmp_path: Path, content: bytes, words: str, history: bool
) -> None:
    """Not once a line: what it is and what to do, and nothing is published."""
    path = tmp_path / "f.jsonl"
    path.write_bytes(content)
    with pytest.raises(NotJsonLines, match=words):
        await publish_file(connection, "feedback", path, history=history)
    assert await read_all(connection, topics.FEEDBACK_SUBMITTED) == []


OPINIONS = (
    {"prompt": "When?", "chosen": "In 1591.", "rejected": "In 1687.", "user": "u1"},
    {"prompt": [{"role": "system", "content": "s"}, {"role": "user", "content": "Who?"}], "completion": "Akbar.", "label": False},
    {"query": "q", "correction": "c"},
)


async def test_opinions_in_every_form_of_file_are_the_same_events(connection: KafkaConnection, tmp_path: Path) -> None:
    """Lines, an array, both compressed, published one after the other: one event a row, whatever the file is called."""
    lines = jsonl(tmp_path / "a", *OPINIONS).read_bytes()
    array = json.dumps(OPINIONS, indent=2).encode()
    for number, content in enumerate((lines, array, gzip.compress(lines), gzip.compress(array))):
        path = tmp_path / f"{number}.txt"
        path.write_bytes(content)
        report = await publish_file(connection, "feedback", path, user_hash_key=b"k", silence_s=0.1)
        assert (report.published, report.invalid) == (3, 0)
    found = {event.response: event for _, event in (await events(connection, FeedbackSubmitted)).values()}
    assert set(found) == {"In 1687.", "Akbar.", ""}
    won, thumb = found["In 1687."], found["Akbar."]
    assert (won.query, won.preferred.answer, won.preferred.how, won.user_hash) == ("When?", "In 1591.", "arena", hash_user(b"k", "u1"))
    assert won.rating is None
    assert [message.role for message in thumb.messages] == ["system", "user"]
    assert (thumb.rating.scale, thumb.rating.value) == ("thumbs", "down")


async def test_csv_is_published_by_its_columns(connection: KafkaConnection, tmp_path: Path) -> None:
    """Columns are fields; a row that is no feedback is named by line and field, and the rest goes."""
    path = tmp_path / "f.csv"
    path.write_bytes(
        b"feedback_id;revision;query;rating;prompt;completion;label\n"
        b'f1;2;"a\nb";"{""scale"": ""thumbs"", ""value"": ""up""}";;;\n'
        b";;;;When?;In 1591.;yes\n"
        b";;;;When?;In 1591.;perhaps\n"
        b"f4;;q;;;;\n"
    )
    report = await publish_file(connection, "feedback", path, silence_s=0.1)
    assert report.published == 2
    assert [(error.line, error.message.split(":")[0]) for error in report.errors] == [
        (5, "field 'label'"),
        (6, "rating"),
    ]
    found = await events(connection, FeedbackSubmitted)
    assert found["f1:2"][1].query == "a\nb"
    thumb = next(event for name, (_, event) in found.items() if name != "f1:2")
    assert (thumb.query, thumb.response, thumb.rating.value) == ("When?", "In 1591.", "up")
    turns = tmp_path / "t.csv"
    turns.write_bytes(b"turn_id,conversation_id,query,response,latency_ms\nt1,c,q,r,12.5\n")
    assert (await publish_file(connection, "turns", turns, silence_s=0.1)).published == 1
    assert (await events(connection, TurnCompleted))["t1"][1].latency_ms == 12.5


async def test_a_file_that_is_damaged_behind_its_first_rows_publishes_nothing(connection: KafkaConnection, tmp_path: Path) -> None:
    """An array that does not end, a CSV record too short, a compressed file cut off: told by name, before any row goes."""
    row = {"doc_id": "d1", "text": "t"}
    damaged = (
        json.dumps([row, row])[:-1].encode(),
        b"doc_id,text\nd1,t\nd2\n",
        gzip.compress(jsonl(tmp_path / "d", row).read_bytes())[:-4],
    )
    for content in damaged:
        path = tmp_path / "documents"
        path.write_bytes(content)
        with pytest.raises(DataError, match=f"^{path}:"):
            await publish_file(connection, "documents", path)
    assert await read_all(connection, topics.DOCUMENT_INGESTED) == []


async def test_a_compressed_array_is_a_history(connection: KafkaConnection, tmp_path: Path) -> None:
    """Its rows are marked so; one without a time is named by its place in the list."""
    rows = [{"doc_id": name, "text": "t", "occurred_at": f"2026-11-{day}T00:00:00Z"} for name, day in (("new", "20"), ("old", "01"))]
    path = tmp_path / "h.json.gz"
    path.write_bytes(gzip.compress(json.dumps([*rows, {"doc_id": "never", "text": "t"}]).encode()))
    assert kind_of(path) == "documents"
    report = await publish_file(connection, "documents", path, history=True, silence_s=0.1)
    assert [(error.line, error.message.partition(", and absent")[0]) for error in report.errors] == [
        (1, "row 3 of the list: occurred_at: expected in a history"),
    ]
    found = await read_all(connection, topics.DOCUMENT_INGESTED)
    assert sorted(json.loads(record.value)["doc_id"] for record in found) == ["new", "old"]
    assert {dict(record.headers)["ce_history"] for record in found} == {b"true"}


async def test_k6_what_cannot_be_taken_of_a_line_is_named_by_field(connection: KafkaConnection, tmp_path: Path) -> None:
    """A BOM is passed over; halves of surrogate pairs, deep nesting, long numbers and times outside the calendar cost their line alone."""
    good = {"query": "q", "correction": "c"}
    path = jsonl(
        tmp_path / "f.jsonl",
        b"\xef\xbb\xbf" + json.dumps(good | {"feedback_id": "f1"}).encode(),
        rb'{"query": "q \ud800", "correction": "c"}',
        b'{"query": "q", "correction": "c", "tags": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"query": "q", "correction": "c", "revision": ' + b"9" * 5_000 + b"}",
        good | {"occurred_at": "0001-01-01T00:00:00+05:30"},
        good | {"occurred_at": "9999-12-31T23:59:59-05:00"},
        b'{"query": "\xff"}',
        good | {"feedback_id": "f2"},
    )
    report = await publish_file(connection, "feedback", path)
    assert (report.published, report.invalid) == (2, 6)
    told = {error.line: error.message.split(":")[0] for error in report.errors}
    assert (told[2], told[3].split("[")[0], told[4], told[5], told[6]) == ("query", "tags", "revision", "occurred_at", "occurred_at")
    assert told[7].startswith("not UTF-8 at byte")


async def test_errors_do_not_fill_the_memory(connection: KafkaConnection, tmp_path: Path) -> None:
    """All are counted, the first thousand kept; a line without an end is read past."""
    path = tmp_path / "f.jsonl"
    path.write_bytes(b"x" * 5_000_000 + b"\n" + b"{\n" * (KEPT_ERRORS + 5))
    report = await publish_file(connection, "feedback", path)
    assert (report.published, report.invalid, len(report.errors)) == (0, KEPT_ERRORS + 6, KEPT_ERRORS)
    assert report.errors[0].message.startswith("longer than")


async def test_a_broker_that_is_away_is_said(tmp_path: Path) -> None:
    """KafkaAway names the address; a missing file is an OSError before any connection."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    with pytest.raises(FileNotFoundError):
        await publish_file(KafkaConnection(address), "feedback", tmp_path / "none.jsonl")
    path = jsonl(tmp_path / "f.jsonl", {"query": "q", "correction": "c"})
    with pytest.raises(KafkaAway, match=address):
        await publish_file(KafkaConnection(address), "feedback", path)


def test_k4_what_was_not_taken_is_said_and_decides_the_exit_code() -> None:
    """Late and refused lines are counted beside the invalid ones and are exit code 1; what is not known yet is said, and why."""
    whole = PublishReport(95, 0, (), {}, Outcomes(95))
    assert (whole.exit_code, sentences("feedback", whole)) == (
        0,
        [
            "published 95 feedback, 0 lines were invalid",
            "of those published: 95 taken, 0 known already or not collected, 0 too late, 0 refused",
        ],
    )
    late = PublishReport(95, 0, (), {}, Outcomes(20, {"too_late": 66, "future_dated": 4}, 3, 2, "stage 1 sleeps"))
    assert late.exit_code == 1
    assert sentences("feedback", late) == [
        "published 95 feedback, 0 lines were invalid",
        "of those published: 20 taken, 3 known already or not collected, 66 too late, 4 refused (4 future_dated), 2 not known yet",
        "not known yet, because stage 1 sleeps",
        "what is too late lies in the dead letters; publish an old file with --history",
    ]
    assert PublishReport(1, 0, (), {}, Outcomes(unknown=1)).exit_code == 0


def test_what_waits_for_a_turn_is_not_said_to_be_known() -> None:
    """Feedback whose words are in a turn makes no sample until that came; of turns themselves nothing more can be told."""
    waiting = PublishReport(9, 0, (), {}, Outcomes(5, {"malformed": 1}, 1, waiting=2))
    assert sentences("feedback", waiting)[1] == (
        "of those published: 5 taken, 1 known already or not collected, 2 waiting for their turn or known already, 0 too late, "
        "1 refused (1 malformed)"
    )
    turns = PublishReport(9, 0, (), {}, Outcomes(0, {"too_late": 2}, 7))
    assert sentences("turns", turns)[1] == "of those published: 7 kept for their feedback or known already, 2 too late, 0 refused"
    assert turns.exit_code == 1


def test_a_historys_kind_is_that_of_its_first_line(tmp_path: Path) -> None:
    """`abhyas publish --history FILE` says nothing of what lies in the file: a document has a doc_id."""
    assert kind_of(jsonl(tmp_path / "d.jsonl", b"{", {"doc_id": "d1", "text": "t"})) == "documents"
    assert kind_of(jsonl(tmp_path / "f.jsonl", {"query": "q"}, {"doc_id": "d1"})) == "feedback"
    assert kind_of(jsonl(tmp_path / "t.jsonl", {"turn_id": "t", "query": "q", "response": "r", "rating": None})) == "turns"
    assert kind_of(jsonl(tmp_path / "p.jsonl", {"turn_id": "t"} | OPINIONS[0])) == "feedback"
    (tmp_path / "t.csv").write_text("turn_id;query;response\nt;q;r\n")
    assert kind_of(tmp_path / "t.csv") == "turns"
    for said in ({"rating": {"scale": "thumbs", "value": "up"}}, {"retracted": True}, {"preferred": {"answer": "a", "how": "arena"}}):
        assert kind_of(jsonl(tmp_path / "f.jsonl", {"turn_id": "t"} | said)) == "feedback"
