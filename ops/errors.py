"""What the command line says in one line instead of a traceback."""

from __future__ import annotations


class OperationFailed(Exception):
    """Expected trouble: the message names the thing, what was expected and what to do. `abhyas` exits with 1."""
