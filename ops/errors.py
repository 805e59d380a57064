"""What the command line says in one line instead of a traceback."""

from __future__ import annotations


class OperationFailed(Exception):
    """Expected trouble: the message names the thing, what was expected and what to do. `abhyas` exits with 1."""


class WrongUsage(OperationFailed):
    """The command line asks for something that does not exist or is not complete. `abhyas` exits with 2."""


def settings_trouble(error: ValueError) -> OperationFailed:
    """A settings class that refused its environment, in one line with the variables' names (pydantic's ValidationError)."""
    from pydantic import ValidationError

    if not isinstance(error, ValidationError):
        return OperationFailed(str(error))
    parts = [f"{'.'.join(map(str, item['loc'])).upper()}: {item['msg']}" for item in error.errors(include_url=False)]
    return OperationFailed(f"the environment is not right: {'; '.join(parts)}")
