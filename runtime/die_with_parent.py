"""`die_with_parent.py PARENT_PID PROGRAM ARG…` becomes PROGRAM, which the kernel ends when the parent ends (Linux: PR_SET_PDEATHSIG).

A service or a training that outlives whoever started it would write into what its successor writes into too. A parent that is killed with
SIGKILL can end nothing, so the kernel does it; the setting survives exec, so no code has to run between fork and exec of a process that has
threads. Elsewhere the command simply runs.

The signal comes when the *thread* that forked ends: start from one that lives as long as the child should. Run it as a script with
`-I -S` (`command`): it must start fast, so it imports nothing of ours.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from typing import Final

PR_SET_PDEATHSIG: Final = 1  # linux/prctl.h


def command(*program: str) -> list[str]:
    """What to run instead of `program` so that it ends with this process."""
    return [sys.executable, "-I", "-S", __file__, str(os.getpid()), *program]


def main(arguments: list[str]) -> None:
    """Arms the signal, then replaces this process; exits with 3 where the parent is gone already."""
    if len(arguments) < 2:
        sys.exit("usage: die_with_parent.py PARENT_PID PROGRAM ARG…")
    parent, program = int(arguments[0]), arguments[1:]
    if sys.platform == "linux":
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.prctl(PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0) != 0:
            sys.exit(f"prctl(PR_SET_PDEATHSIG) failed: {os.strerror(ctypes.get_errno())}")
        if os.getppid() != parent:
            sys.exit(3)  # it ended before the signal was armed
    os.execv(program[0], program)


if __name__ == "__main__":
    main(sys.argv[1:])
