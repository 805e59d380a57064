"""The file that answers go to as they come, and from which an evaluation that was killed goes on: JSON Lines, each line whole or dropped.

A line says with `asked` what was asked of whom: an answer to another wording, by another model or under another limit is asked again.
The file is opened by its name for each write, because an erasure may have put another in its place.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from gpu_runner.dataset.fields import Fields
from gpu_runner.dataset.rows import Answer, Side, answer_row, row_id
from gpu_runner.evaluate.engine.protocol import EngineAnswer, LimitedQuestion, QuestionRefused, Reply
from runtime.whole_files import write_whole


def asked_name(question: LimitedQuestion, identity: str, least_tokens: int) -> str:
    """A short hash of what was asked, of whom, and under which rule for its length."""
    parts = (identity, str(least_tokens), json.dumps(question.asked, ensure_ascii=False, sort_keys=True), *(question.preference or ()))
    return row_id("asked", *parts)


class AnswersFile:
    """The answers of one side, or of both one after another. `names` is the `asked` of each item that may be kept."""

    def __init__(self, path: Path, side: Side) -> None:
        self._path = path
        self._side = side

    def load(self, names: Mapping[str, str]) -> dict[str, Reply]:
        """Replies that are there by item; a torn line and one of another `asked` count as not there. Of two the first counts."""
        found: dict[str, Reply] = {}
        for line in self._lines():
            name = names.get(str(line.get("item_id")))
            if name is None or line.get("side") != self._side or line.get("asked") != name:
                continue
            reply = _reply(line)
            if reply is not None:
                found.setdefault(str(line["item_id"]), reply)
        return found

    def append(self, replies: Iterable[tuple[str, str, Reply]]) -> None:
        """Adds lines of (item, asked, reply) in one write. Not synced: what a machine's fall takes is asked again."""
        data = "".join(self._line(*reply) for reply in replies).encode()
        handle = os.open(self._path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o644)
        try:
            size = os.fstat(handle).st_size
            if size and os.pread(handle, 1, size - 1) != b"\n":  # what a kill left of a line stays a line of its own, which none reads
                data = b"\n" + data
            while data:
                data = data[os.write(handle, data) :]
        finally:
            os.close(handle)

    def finish(self, order: Sequence[str], names: Mapping[str, str], replies: Mapping[str, Reply]) -> tuple[Answer, ...]:
        """Writes this side's answers whole in the order of the items, behind other sides' as they stand; refusals are no answers."""
        others = [json.dumps(line, ensure_ascii=False) + "\n" for line in self._lines() if line.get("side") != self._side]
        mine = [self._line(item, names[item], replies[item]) for item in order if isinstance(replies.get(item), EngineAnswer)]
        write_whole(self._path, "".join([*others, *mine]).encode())
        return tuple(_answer(json.loads(line)) for line in mine)

    def _lines(self) -> list[dict[str, Any]]:
        if not self._path.exists():
            return []
        found = []
        for raw in self._path.read_bytes().split(b"\n"):
            try:
                line = json.loads(raw)
            except ValueError:  # torn by a kill, or the empty rest
                continue
            if isinstance(line, dict):
                found.append(line)
        return found

    def _line(self, item_id: str, asked: str, reply: Reply) -> str:
        line: dict[str, Any] = {"item_id": item_id, "side": self._side}
        if isinstance(reply, QuestionRefused):
            line["refused"] = reply.reason
        else:
            # A latency is what it was when the answer came: it is recorded once, and a restart does not measure it again.
            line |= {"text": reply.text, "latency_ms": round(reply.latency_ms, 3), "tokens": reply.tokens, "cut": reply.cut}
            line |= {} if reply.margin is None else {"margin": round(reply.margin, 6)}
        return json.dumps({**line, "asked": asked}, ensure_ascii=False) + "\n"


def _reply(line: Mapping[str, Any]) -> Reply | None:
    if isinstance(line.get("refused"), str):
        return QuestionRefused(line["refused"])
    try:
        margin = line.get("margin")
        return EngineAnswer(
            str(line["text"]), int(line["tokens"]), float(line["latency_ms"]), bool(line["cut"]), None if margin is None else float(margin)
        )
    except (KeyError, TypeError, ValueError):
        return None


def _answer(line: dict[str, Any]) -> Answer:
    return answer_row(Fields("answers.jsonl", line))
