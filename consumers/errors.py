"""The errors that stop the stream processor. A record that cannot be read is not one: it goes to its dead letters."""

from __future__ import annotations


class FatalError(RuntimeError):
    """The process has to stop: the open transaction is aborted, and the message tells the operator what to do.

    Stopping loses nothing: the next start restores the state and the input positions of the last committed transaction.
    """


class StateMismatch(FatalError):
    """Topics, changelog and position do not fit together; starting again changes nothing before the cause is gone."""


class BaselineUnavailable(FatalError):
    """A drift baseline that is needed now cannot be had: the store is away, or what it holds is damaged."""
