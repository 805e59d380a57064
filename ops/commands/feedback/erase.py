"""`abhyas erase`: a user's right to be forgotten, as a user.erased event."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ops.commands.models.operator import login_name, publish
from ops.commands.options import Actor, Data
from ops.errors import OperationFailed, WrongUsage
from ops.stack.description import connection, service_urls

if TYPE_CHECKING:
    from schemas.events.user_erased import UserErased


def erase(
    *,
    user: Annotated[
        str | None, typer.Option(help="The user's raw id; it is hashed here, with the gateway's key.", show_default=False)
    ] = None,
    user_hash: Annotated[str | None, typer.Option(help="Instead of --user: the hash that events hold.", show_default=False)] = None,
    actor: Actor = None,
    reason: Annotated[str, typer.Option(help="Why; it is kept with the erasure.")] = "",
    data: Data = None,
) -> None:
    """Erases everything that a user said up to now; asking again changes nothing."""
    from producers.samples_met import samples_met

    events = erasures(user=user, user_hash=user_hash, actor=actor or login_name(), reason=reason, data_dir=data)
    # Before they are gone.
    met = asyncio.run(samples_met(service_urls(data)["consumers"], [event.user_hash for event in events]))
    for event in events:
        receipt = asyncio.run(publish(connection(data), event))
        print(f"asked to erase user {event.user_hash} ({receipt.topic} partition {receipt.partition} offset {receipt.offset})")
    print(met.sentence())
    print(
        "gone within a minute, where the services run: state, buffers, review, datasets, replay data, reports, exports in the data folder"
    )
    print("not reached:")
    for line in out_of_reach():
        print(f"- {line}")


def erasures(*, user: str | None, user_hash: str | None, actor: str, reason: str, data_dir: Path | None) -> tuple[UserErased, ...]:
    """The events, one for each hash that the user may have; raises WrongUsage unless one of the two is given and can be used."""
    from pydantic import ValidationError

    from producers.errors import SubmissionError
    from producers.gateway.settings import user_hash_key
    from producers.submissions import ErasureSubmission, prepare_erasures
    from schemas.envelope import describe

    if not (user or user_hash) or (user and user_hash):
        raise WrongUsage("expected one of --user RAW_ID and --user-hash HASH")
    folder = data_dir or Path(os.environ.get("DATA_DIR") or "data")
    key = user_hash_key(os.environ.get("USER_HASH_KEY"), folder)
    if user and key is None:
        # Another key would make another hash, and the erasure would reach nobody.
        raise OperationFailed(
            f"the user cannot be hashed: set USER_HASH_KEY, or give the --data folder with user_hash.key (not in {folder})"
        )
    try:
        submission = ErasureSubmission(actor=actor, reason=reason)
        return prepare_erasures(user or user_hash or "", submission, hashed=user is None, user_hash_key=key)
    except SubmissionError as error:
        raise WrongUsage(str(error)) from None
    except ValidationError as error:
        raise WrongUsage(f"the erasure is not valid: {describe(error)}") from None


def out_of_reach() -> list[str]:
    """What holds a user's text after an erasure, and until when."""
    from schemas import topics

    days = {spec.name: (spec.retention_ms or 0) // topics.DAY_MS for spec in topics.specs("")}
    raw = [
        f"{name} ({days[topics.topic(name, '')]} days)"
        for name in (topics.FEEDBACK_SUBMITTED, topics.TURN_COMPLETED, topics.SAMPLE_COLLECTED)
    ]
    return [
        f"the topics {', '.join(raw[:-1])} and {raw[-1]} and their dead letters: the records stay until their retention ends",
        "weights of versions that were trained on it: the runner lists them, GET /finetune/tainted",
        "files that people made themselves: copies of exports, data sets named by a request, backups",
    ]
