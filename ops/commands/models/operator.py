"""`abhyas operator ACTION`: what a person asks for, as an operator.requested event."""

from __future__ import annotations

import asyncio
import getpass
import re
import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ops.commands.options import Actor, Data, Model, Reason
from ops.errors import OperationFailed, WrongUsage
from ops.stack.description import connection

if TYPE_CHECKING:
    from producers.publisher import Receipt
    from runtime.kafka.connection import KafkaConnection
    from schemas.events.operator_requested import OperatorRequested
    from schemas.events.user_erased import UserErased

# Bootstrap has a command of its own; a review needs the sample in front of one's eyes.
ACTIONS = ("cancel", "promote", "rollback", "pause", "resume", "start")
# What changes the serving version is asked about for years: `abhyas history` tells who and why.
_SAY_WHY = ("promote", "rollback")


def operator(
    action: Annotated[str, typer.Argument(metavar="ACTION", help="cancel, promote, rollback, pause, resume or start.")],
    *,
    model: Model = None,
    reason: Reason = "",
    job_id: Annotated[str | None, typer.Option(help="With cancel: the job.")] = None,
    version: Annotated[str | None, typer.Option(help="With promote or rollback: the version.")] = None,
    actor: Actor = None,
    data: Data = None,
) -> None:
    """Asks for something as a person, by an operator.requested event."""
    from runtime.settings import ServiceSettings

    if action not in ACTIONS:
        raise WrongUsage(f"action {action!r} is unknown: expected one of {', '.join(ACTIONS)}")
    if action in _SAY_WHY and not reason.strip():
        raise WrongUsage(f"action {action!r} changes what users are answered by: say why with --reason, it is kept with the decision")
    request_id = f"cli-{uuid.uuid4().hex}"
    if action == "start" and job_id is None:
        job_id = f"job-{uuid.uuid4().hex[:24]}"
    event = request(
        request_id=request_id, action=action, model=model or ServiceSettings().default_model, actor=actor or login_name(),
        reason=reason, job_id=job_id, version=version,
    )  # fmt: skip
    asyncio.run(publish(connection(data), event))
    print(f"asked to {action} {event.model}" + (f", job {event.job_id}" if event.job_id else "") + f" (request {request_id})")


def request(**fields: Any) -> OperatorRequested:
    """The event; raises WrongUsage that names each field that does not hold what the contract says."""
    from pydantic import ValidationError

    from schemas.envelope import describe
    from schemas.events.operator_requested import OperatorRequested

    try:
        return OperatorRequested(**fields)
    except ValidationError as error:
        raise WrongUsage(f"the request is not complete: {describe(error)}") from None


async def publish(kafka: KafkaConnection, event: OperatorRequested | UserErased) -> Receipt:
    """Returns when the broker has the request; raises OperationFailed where it has not."""
    from producers.errors import PublishError
    from producers.publisher import Publisher

    try:
        async with Publisher(kafka, "/abhyas/cli") as publisher:
            return await publisher.send(event, datetime.now(UTC))
    except PublishError as error:
        raise OperationFailed(str(error)) from None


def named_model(name: str) -> str:
    """The slug of a model that a person names; raises WrongUsage for a name of which nothing is left."""
    from schemas.model_name import model_slug

    try:
        return model_slug(name)
    except ValueError as error:
        raise WrongUsage(f"--model: {error}") from None


def login_name() -> str:
    """Who asks, as far as this machine knows."""
    try:
        name = getpass.getuser()
    except (OSError, KeyError):
        name = "unknown"
    return re.sub(r"[\s\x00-\x1f\x7f-\x9f]+", "-", name) or "unknown"
