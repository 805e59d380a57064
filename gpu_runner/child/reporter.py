"""What the child says on stdout: one JSON object a line, and nothing else ever. Torch-free."""

from __future__ import annotations

import json
import os
import resource
import sys
import threading
import time
from collections.abc import Callable
from typing import IO, Any

INTERVAL_S = 2.0


class Reporter:
    """Writes events; progress within a phase at most every two seconds, the start and the end of a phase always."""

    def __init__(self, out: IO[str], clock: Callable[[], float] = time.monotonic) -> None:
        self._out = out
        self._clock = clock
        self._phase = ""
        self._began = clock()
        self._last = float("-inf")
        self._left_out: dict[str, int] = {}
        self._at = (0, 0)
        self._writing = threading.Lock()  # the heartbeat speaks from a thread of its own
        self.seconds: dict[str, float] = {}

    def start(self, phase: str, total: int = 0) -> None:
        """Begins a phase; `seconds` gets its duration when it ends."""
        self._at = (0, total)  # before the phase: the heartbeat may speak in between
        self._phase, self._began = phase, self._clock()
        self.progress(0, total, always=True)

    def end(self, step: int = 0, total: int = 0, **figures: float | None) -> None:
        """Ends the phase that was begun last."""
        self.seconds[self._phase] = round(self.seconds.get(self._phase, 0.0) + self._clock() - self._began, 3)
        self.progress(step, total, always=True, **figures)

    def progress(self, step: int, total: int, *, always: bool = False, **figures: float | None) -> None:
        """One progress line with `loss`, `tokens_per_s` and `eta_s` where given, null where not."""
        now = self._clock()
        self._at = (step, total)
        if not always and now - self._last < INTERVAL_S:
            return
        self._last = now
        line = {"event": "progress", "phase": self._phase, "step": step, "total": total}
        line |= {name: figures.get(name) for name in ("loss", "tokens_per_s", "eta_s")} | {"memory_bytes": memory_bytes()}
        self._write(line | self._left_out)

    def repeat(self) -> None:
        """The phase and step once more, without figures: a sign of life from another thread. Silent where a line was written just now."""
        step, total = self._at
        if self._phase:
            self.progress(step, total)

    def left_out(self, rows: int, samples: int) -> None:
        """Every line from now on says how many rows, and samples with all their rows, were too long to train on."""
        self._left_out = {"rows_too_long": rows, "samples_too_long": samples}
        self.progress(0, 0, always=True)

    def result(self, result: dict[str, Any]) -> None:
        """The last line of a run that succeeded."""
        self._write({"event": "result"} | result)

    def error(self, kind: str, message: str) -> None:
        """The last line of a run that ended with a reported error."""
        self._write({"event": "error", "kind": kind, "message": message})

    def _write(self, event: dict[str, Any]) -> None:
        line = json.dumps(event, ensure_ascii=False)
        with self._writing:
            print(line, file=self._out, flush=True)


def claim_stdout() -> IO[str]:
    """A private copy of stdout; what libraries print from now on goes to stderr."""
    private = os.fdopen(os.dup(1), "w", encoding="utf-8")
    sys.stdout.flush()
    os.dup2(2, 1)
    return private


def memory_bytes() -> int:
    """The most memory taken so far: of the GPU where torch uses one, else of this process."""
    torch = sys.modules.get("torch")
    if torch is not None and hasattr(torch, "cuda") and torch.cuda.is_initialized():
        return int(torch.cuda.max_memory_allocated())
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
