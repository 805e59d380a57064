"""The child's ties to its parent: it does not outlive it, and a SIGTERM ends it in good order. Torch-free."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from types import FrameType

PR_SET_PDEATHSIG = 1


class Terminated(BaseException):
    """SIGTERM arrived: the process ends with 143. A BaseException, so that no library takes it for an error of its own."""


class Termination:
    """Turns SIGTERM into an exception at once, or, while a step is being trained, into a flag read at its end."""

    def __init__(self) -> None:
        self.asked = False
        self.at_end_of_step = False
        signal.signal(signal.SIGTERM, self._on_signal)

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        self.asked = True
        if not self.at_end_of_step:
            raise Terminated

    def check(self) -> None:
        """Raises Terminated if SIGTERM arrived."""
        if self.asked:
            raise Terminated


class Parent:
    """The process that started this one."""

    def __init__(self) -> None:
        self._pid = os.getppid()

    def tie(self) -> None:
        """Where Linux has it, the kernel kills this process when the parent's starting thread ends; raises SystemExit if it already has."""
        if sys.platform == "linux":
            ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        self.require()

    def require(self) -> None:
        """Raises SystemExit if the parent is gone; the check for systems without a death signal, once a step."""
        if os.getppid() != self._pid:
            raise SystemExit("the parent process is gone: nobody waits for this training")
