"""Runs a command that dies with the process that started it: `with_parent.py PARENT_PID PROGRAM ARGUMENT…`.

A stack that is killed with SIGKILL cannot stop its services, and a forgotten runner would go on training. The kernel
does it instead (Linux: PR_SET_PDEATHSIG, which survives exec). Elsewhere the command simply runs.

The signal comes when the *thread* that forked ends, so a stack starts every service from one thread that lives as
long as it does. Run as a script with `-I -S`: it must start fast, so it imports nothing of ours.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def main() -> None:
    """Asks for the signal, makes sure that the parent is still there, and becomes the command."""
    parent, command = int(sys.argv[1]), sys.argv[2:]
    if sys.platform == "linux":
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.prctl(PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0) != 0:
            raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG) failed")
        if os.getppid() != parent:
            sys.exit(f"the process {parent} that started this one has ended")
    os.execv(command[0], command)


if __name__ == "__main__":
    main()
