"""`python -m gpu_runner.evaluate.answer`: a process that answers questions, JSON lines on stdin and stdout.

`{"load": FOLDER, "sha256": HASH}` → `{"loaded": FOLDER, "sha256": HASH}` once the folder's hash is checked and its weights are
in memory; the model loaded before stays until then. With `"max_seq_length"` (else 2048) longer questions are errors; with
`"date"` (ISO 8601) a chat template's date is that, else the day's. `{"ask": [questions], "max_new_tokens": 32}` →
`{"answers": [{"text", "tokens", "latency_ms"}]}`; a question is a text, or a list of messages in OpenAI's form. Anything
wrong → `{"error": text}`, and the process goes on. It ends at the end of stdin. The first line out, `{"ready": true}`,
comes once torch is imported; lines in may be sent before.
"""

from __future__ import annotations

import json
import os
import sys
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from gpu_runner.model_folder.template_messages import Asked
from gpu_runner.model_folder.token_limit import TokenLimit
from gpu_runner.settings import RunnerSettings
from runtime.artifacts.content_hash import folder_has_sha256, folder_sha256
from schemas.conversation import Message

if TYPE_CHECKING:
    from gpu_runner.evaluate.generate import Generator


class Answering:
    """Holds at most one model and answers one request at a time."""

    def __init__(self) -> None:
        self._generator: Generator | None = None

    def handle(self, line: str) -> dict[str, Any]:
        """The reply to one line; errors are replies too."""
        try:
            request = json.loads(line)
            if isinstance(request, dict) and "load" in request:
                return self._load(Path(request["load"]), request.get("sha256"), request.get("max_seq_length"), request.get("date"))
            if isinstance(request, dict) and "ask" in request:
                return self._ask(request["ask"], request.get("max_new_tokens", 32))
            raise ValueError('expected {"load": FOLDER, "sha256": HASH} or {"ask": [QUESTION, …]}')
        except (OSError, ValueError, TypeError, KeyError, RuntimeError) as error:
            return {"error": f"{type(error).__name__}: {error}"}

    def _load(self, folder: Path, expected: object, limit: object, date: object) -> dict[str, Any]:
        if limit is not None and (not isinstance(limit, int) or limit < 1):
            raise ValueError("max_seq_length has to be an integer of 1 or more")
        if not isinstance(expected, str) or not folder_has_sha256(folder, expected):
            raise ValueError(f"sha256 of {folder} is {folder_sha256(folder)}, expected {expected}: fetch the artifact again")
        from gpu_runner.evaluate.generate import Generator

        self._generator = Generator(
            folder,
            date=None if date is None else datetime.fromisoformat(str(date)),
            limit=TokenLimit(RunnerSettings.model_fields["training_max_seq_length"].default if limit is None else limit),
        )
        return {"loaded": str(folder), "sha256": expected}

    def _ask(self, questions: object, max_new_tokens: object) -> dict[str, Any]:
        if self._generator is None:
            raise ValueError('no model is loaded: send {"load": FOLDER, "sha256": HASH} first')
        if not isinstance(questions, list):
            raise ValueError("ask has to be a list of questions, each a string or a list of messages")
        if not isinstance(max_new_tokens, int) or max_new_tokens < 1:
            raise ValueError("max_new_tokens has to be an integer of 1 or more")
        return {
            "answers": [
                asdict(answer) for answer in self._generator.answer([_asked(one) for one in questions], max_new_tokens=max_new_tokens)
            ]
        }


def _asked(question: object) -> Asked:
    if isinstance(question, str):
        return question
    if not isinstance(question, list) or not question:
        raise ValueError("ask has to be a list of questions, each a string or a list of messages")
    return [Message.model_validate(message).model_dump(exclude_none=True) for message in question]


def serve(lines: IO[str], out: IO[str]) -> None:
    """Answers every line until the end of `lines`; an empty line is skipped."""
    answering = Answering()
    for line in lines:
        if line.strip():
            print(json.dumps(answering.handle(line), ensure_ascii=False), file=out, flush=True)


def main() -> int:
    """Claims stdout for the replies, imports torch, says that it is ready, and serves."""
    for name, value in {"OMP_WAIT_POLICY": "PASSIVE", "HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false"}.items():
        os.environ.setdefault(name, value)
    from gpu_runner.child.parent import Parent
    from gpu_runner.child.reporter import claim_stdout

    out = claim_stdout()
    Parent().tie()
    import gpu_runner.evaluate.generate  # noqa: F401  imported while the first request is on its way

    print(json.dumps({"ready": True}), file=out, flush=True)
    with open(0, encoding="utf-8", closefd=False) as lines:
        serve(lines, out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
