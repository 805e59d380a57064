"""The runner's errors, by what the shell does about them."""

from __future__ import annotations


class RunnerError(Exception):
    """Root of the runner's own errors; the message tells the operator what to do."""


class JobRefused(RunnerError):
    """This attempt can never succeed as it is: the job ends as failed and is not retried."""


class JobWithoutData(RunnerError):
    """Nothing is left to train on: the job ends as `no_data`."""


class JobInterrupted(RunnerError):
    """Infrastructure failed this attempt: the job ends as failed and may be retried."""


class JobCancelled(RunnerError):
    """A person or `RUN_MAX_HOURS` ended the job."""


class Fatal(RunnerError):
    """This process can't go on: it stops its child, publishes nothing more and exits with an error."""


class LeaseLost(Fatal):
    """Another runner took over."""


class BrokenLog(Fatal):
    """A transaction failed on the embedded broker, which shows the records of aborted transactions: the stack has to start anew."""


class NotConnected(RunnerError):
    """Kafka can't be reached now; the service goes on trying."""
