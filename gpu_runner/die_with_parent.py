"""`python -m gpu_runner.die_with_parent PARENT_PID PROGRAM ARG…` becomes PROGRAM, which the kernel kills when the parent ends.

A run that outlives a killed runner would hold the GPU and write into a folder that its successor writes into too. The
setting survives exec, so no code has to run between fork and exec of a process that has threads.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from typing import Final

PR_SET_PDEATHSIG: Final = 1  # linux/prctl.h


def main(arguments: list[str]) -> None:
    """Arms the signal, then replaces this process; exits with 3 where the parent is gone already."""
    if len(arguments) < 2:
        sys.exit("usage: python -m gpu_runner.die_with_parent PARENT_PID PROGRAM ARG…")
    parent, program = int(arguments[0]), arguments[1:]
    if sys.platform == "linux":
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0) != 0:
            sys.exit(f"prctl(PR_SET_PDEATHSIG) failed: {os.strerror(ctypes.get_errno())}")
    if os.getppid() != parent:
        sys.exit(3)  # it ended before the signal was armed
    os.execv(program[0], program)


if __name__ == "__main__":
    main(sys.argv[1:])
