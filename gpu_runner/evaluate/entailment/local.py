"""A model of entailment in a local folder, asked in a child process of its own: this one never imports torch."""

from __future__ import annotations

import json
import queue
import subprocess
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from gpu_runner.evaluate.entailment.protocol import EntailmentVerdict, ModelFailed, checked
from runtime.artifacts.content_hash import folder_sha256
from runtime.die_with_parent import command

LOADING_S: Final = 600.0


class LocalEntailment:
    """A sequence classifier in transformers' form whose labels name entailment; loaded at the first claim, ended by `close`."""

    def __init__(self, folder: Path, *, timeout_s: float) -> None:
        if not (folder / "config.json").is_file():
            raise ModelFailed(f"{folder} holds no config.json: expected a model in transformers' form")
        self._folder, self._timeout_s = folder, timeout_s
        self._name = f"{folder.name} {folder_sha256(folder)[:12]}"
        self._child: subprocess.Popen[str] | None = None
        self._lines: queue.Queue[str | None] = queue.Queue()

    @property
    def name(self) -> str:
        return self._name

    def score(self, premise: Sequence[str], claim: str) -> EntailmentVerdict:
        """Asks the child; a child that does not reply in time is ended, and the next claim starts another. Raises ModelFailed."""
        child = self._started()
        try:
            assert child.stdin is not None
            child.stdin.write(json.dumps({"premise": list(premise), "claim": claim}) + "\n")
            child.stdin.flush()
        except OSError:
            self.close()
            raise ModelFailed("the model's process has ended") from None
        found = self._line(self._timeout_s)
        if "error" in found:
            raise ModelFailed(str(found["error"]))
        return checked(found.get("label"), found.get("prob"), found.get("sentence"), len(premise))

    def close(self) -> None:
        """Ends the child."""
        child, self._child = self._child, None
        if child is not None:
            child.kill()
            child.wait()
            for pipe in (child.stdin, child.stdout):
                if pipe is not None:
                    with suppress(OSError):  # what was not yet written cannot be
                        pipe.close()

    def _started(self) -> subprocess.Popen[str]:
        if self._child is None:
            program = command(sys.executable, "-m", "gpu_runner.evaluate.entailment.child", str(self._folder))
            self._child = subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
            self._lines = queue.Queue()
            threading.Thread(target=_read, args=(self._child, self._lines), daemon=True).start()
            ready = self._line(LOADING_S)
            if "error" in ready:
                self.close()
                raise ModelFailed(str(ready["error"]))
        return self._child

    def _line(self, timeout_s: float) -> dict[str, Any]:
        try:
            line = self._lines.get(timeout=timeout_s)
        except queue.Empty:
            self.close()
            raise ModelFailed(f"no reply within {timeout_s:g} s") from None
        if line is None:
            self.close()
            raise ModelFailed("the model's process has ended")
        found = json.loads(line)
        return found if isinstance(found, dict) else {}


def _read(child: subprocess.Popen[str], lines: queue.Queue[str | None]) -> None:
    assert child.stdout is not None
    try:
        for line in child.stdout:
            lines.put(line)
    except (OSError, ValueError):
        pass
    lines.put(None)
