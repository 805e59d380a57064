"""The chat assistant of the demo: it answers with the model that serves, in a process of its own."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self


class AssistantError(RuntimeError):
    """The answering process ended or refused; the message carries what it said."""


class Assistant:
    """Speaks JSON lines with `python -m gpu_runner.evaluate.answer`; loads a folder only if its hash is the published one."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    @classmethod
    async def start(cls, log: Path) -> Self:
        """The process starts at once and imports torch while nothing is asked of it; its stderr goes to `log`."""
        log.parent.mkdir(parents=True, exist_ok=True)
        environment = os.environ | {
            "OMP_NUM_THREADS": "2",
            "OMP_WAIT_POLICY": "PASSIVE",  # spinning threads on shared cores cost 30 times the step
            "HF_HUB_OFFLINE": "1",
            "TOKENIZERS_PARALLELISM": "false",
        }
        with log.open("ab") as errors:
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "gpu_runner.evaluate.answer",
                stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=errors, env=environment, limit=1 << 26,
            )  # fmt: skip
        return cls(process)

    async def load(self, folder: Path, sha256: str) -> None:
        """Loads the weights of `folder`; raises AssistantError where the hash differs."""
        await self._exchange({"load": str(folder), "sha256": sha256})

    async def ask(self, questions: Sequence[str | Sequence[Mapping[str, Any]]], *, max_new_tokens: int) -> list[str]:
        """One greedy answer for each question, or conversation in OpenAI's form, in order."""
        if not questions:
            return []
        reply = await self._exchange({"ask": list(questions), "max_new_tokens": max_new_tokens})
        return [str(answer["text"]) if isinstance(answer, dict) else str(answer) for answer in reply["answers"]]

    async def stop(self) -> None:
        """Closes its input and waits; kills it where it does not end."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        try:
            await asyncio.wait_for(self._process.wait(), 10)
        except TimeoutError:
            self._process.kill()
            await self._process.wait()

    async def _exchange(self, message: dict[str, Any]) -> dict[str, Any]:
        stdin, stdout = self._process.stdin, self._process.stdout
        if stdin is None or stdout is None:
            raise AssistantError("the answering process has no pipes")
        stdin.write(json.dumps(message, ensure_ascii=False).encode() + b"\n")
        await stdin.drain()
        reply: object = {"ready": True}
        while reply == {"ready": True}:
            line = await stdout.readline()
            if not line:
                raise AssistantError("the answering process ended: see its log")
            reply = json.loads(line)
        if not isinstance(reply, dict) or "error" in reply:
            raise AssistantError(f"the answering process refused: {reply}")
        return reply
