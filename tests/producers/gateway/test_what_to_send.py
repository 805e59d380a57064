"""docs/what-to-send.md: its commands run as they stand, and what it says of fields, classes, codes and limits is what the contract says."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest
import uvicorn

from consumers.wire import FeedbackIn, TurnIn
from producers.gateway.app import create_app
from producers.gateway.settings import GatewaySettings
from producers.messages import MessageSubmission, PassageSubmission
from producers.submissions import FeedbackSubmission, TurnSubmission
from schemas import conversation, topics
from schemas.conversation import Passage, ReasonCode
from schemas.envelope import encode
from schemas.events.sample_collected import NegativeClass

PAGE = (Path(__file__).parents[3] / "docs" / "what-to-send.md").read_text(encoding="utf-8")
COMMANDS = re.findall(r"```bash\n(.*?)```", PAGE, re.DOTALL)
READ_AS = {topics.FEEDBACK_SUBMITTED: FeedbackIn, topics.TURN_COMPLETED: TurnIn}


@pytest.fixture
def address(gateway_settings: GatewaySettings, publisher: Any) -> Iterator[str]:
    """A gateway on a free port, over a publisher that keeps what it is given."""
    server = uvicorn.Server(uvicorn.Config(create_app(gateway_settings, publisher), host="127.0.0.1", port=0, log_config=None))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started and thread.is_alive():
        time.sleep(0.01)
    yield f"127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join(10)


def run(command: str, address: str) -> tuple[int, dict[str, Any]]:
    text = re.sub(r"^curl ", "curl -s -w '\\n%{http_code}' ", command.replace("localhost:8008", address))
    done = subprocess.run(["bash", "-c", text], capture_output=True, text=True, timeout=60, check=True)
    body, _, status = done.stdout.rpartition("\n")
    return int(status), json.loads(body)


@pytest.mark.process
@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_every_command_of_the_page_is_taken(address: str, publisher: Any) -> None:
    """Whole, without a redaction; and each event is read by stage 1 as it was sent, a turn and its rating under one key."""
    assert len(COMMANDS) == 6
    for command in COMMANDS:
        status, body = run(command, address)
        assert (status, body.get("refused"), body.get("redactions")) == (202, [], {}), body
    events = {event.event_id(): event for event, _, _ in publisher.events}
    assert list(events) == ["f-1:0", "f-2:0", "f-3:0", "t-4", "f-4:0", "t-5", "t-6"]
    for event, at, _ in publisher.events:
        said = msgspec.json.decode(encode(event, source="/test", time=at).value, type=READ_AS[event.TOPIC])
        assert (len(said.messages), len(said.passages), said.response) == (len(event.messages), len(event.passages), event.response)
    assert events["t-4"].key() == events["f-4:0"].key()
    assert events["f-4:0"].waits_for_turn
    assert conversation.last_user_turn(events["f-2:0"].messages) == "और कब?"
    assert [(reason.code, reason.raw) for reason in events["f-3:0"].reasons] == [
        ("incorrect", "Not factually correct"),
        ("bad_source", None),
    ]


def test_the_page_names_every_field_class_and_code() -> None:
    """A field that nobody is told of is sent by nobody."""
    words = set(re.findall(r"`([\w.]+)`", PAGE)) | set(re.findall(r'"(\w+)":', PAGE))
    of_the_system = {"source", "revision", "retracted", "occurred_at"}  # docs/api.md has them
    fields = {*FeedbackSubmission.model_fields, *TurnSubmission.model_fields, *MessageSubmission.model_fields, *Passage.model_fields}
    assert fields - of_the_system - words == set()
    assert {*get_args(NegativeClass), *get_args(ReasonCode)} - words == set()
    assert set(PassageSubmission.model_fields) == set(Passage.model_fields)


def test_the_limits_of_the_page_are_the_contracts() -> None:
    """Each figure of the table is that of the schema that refuses what is over it."""
    table = PAGE.split("## Limits")[1].split("## ")[0]
    feedback = FeedbackSubmission.model_json_schema()
    limit = {
        name: feedback["properties"][name].get("maxLength") or feedback["properties"][name]["anyOf"][0].get("maxLength")
        for name in ("query", "response", "correction", "comment")
    }
    assert limit["response"] == limit["correction"] == feedback["$defs"]["PreferredSubmission"]["properties"]["answer"]["maxLength"]
    for words, figures in (
        ("`messages` |", [conversation.MOST_MESSAGES]),
        ("`content` of a message", [conversation.MESSAGE_CHARACTERS]),
        ("`tool_calls` of a message", [conversation.MOST_TOOL_CALLS]),
        ("`passages`;", [conversation.MOST_PASSAGES, feedback["$defs"]["PassageSubmission"]["properties"]["text"]["maxLength"]]),
        ("`query`", [limit["query"]]),
        ("`response`", [limit["response"]]),
        ("`comment`;", [limit["comment"], feedback["properties"]["reasons"]["maxItems"]]),
        ("a feedback or a turn", [topics.MAX_FEEDBACK_BYTES]),
    ):
        (row,) = [line for line in table.splitlines() if line.startswith(f"| {words}")]
        assert [int(figure.replace(",", "")) for figure in re.findall(r"\d[\d,]*", row.split("|")[2])] == figures, row
    assert topics.MAX_FEEDBACK_BYTES == topics.MAX_TURN_BYTES
