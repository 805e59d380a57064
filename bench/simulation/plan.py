"""What a seed draws: the settings of its installation, what people do in it, and when."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, Final

from pydantic import BaseModel

from schemas.conversation import Passage
from schemas.events.document_ingested import DocumentIngested
from schemas.events.feedback_submitted import FeedbackSubmitted
from schemas.events.operator_requested import OperatorRequested
from schemas.events.turn_completed import TurnCompleted
from schemas.events.user_erased import UserErased
from schemas.rating import Rating, normalise

START: Final = datetime(2026, 11, 23, 23, 58, tzinfo=UTC)
SOURCE: Final = "chat"
MODELS: Final = ("tiny-a", "tiny-b")
DAY_S: Final = 24 * 3600.0
# By the number of the feedback: what is counted by language, what is not, and none told.
LANGUAGES: Final = (None, "hi", "en-IN", "mr")


@dataclass(frozen=True, slots=True)
class Settings:
    """The drawn settings of one installation; times are short, so that a seed sees many runs."""

    models: tuple[str, ...]
    threshold: int
    min_trainable: int
    cool_down_s: float
    retry_s: float
    run_max_s: float
    schedule_s: float
    max_per_user: int
    min_users: int
    max_samples: int
    max_documents: int
    tick_s: float
    stage1_shards: int
    stage2_shards: int
    instances: int
    calm_at_s: float
    failing: float
    twice: float


@dataclass(frozen=True, slots=True)
class Publication:
    """An event that somebody publishes at a time (seconds of the seed). `time` is its ce_time; `poison` goes in place of its value."""

    at_s: float
    event: BaseModel
    time: datetime
    poison: bytes | None = None


@dataclass(slots=True)
class Plan:
    """One seed's settings and publications, those in the order of their times."""

    settings: Settings
    publications: list[Publication] = field(default_factory=list)


def draw(rng: Random) -> Plan:
    """The plan of a seed."""
    settings = Settings(
        models=MODELS[: rng.choice((1, 1, 2))],
        threshold=rng.randint(2, 5),
        min_trainable=rng.choice((1, 1, 2, 3)),
        cool_down_s=rng.choice((0.0, 15.0, 40.0)),
        retry_s=rng.choice((2.0, 6.0)),
        run_max_s=rng.choice((40.0, 90.0)),
        schedule_s=rng.choice((60.0, 150.0, 1000.0)),
        max_per_user=rng.choice((1, 2, 5)),
        min_users=rng.choice((1, 1, 2, 3)),
        max_samples=rng.choice((3, 6, 50)),
        max_documents=rng.choice((1, 2, 10)),
        tick_s=rng.choice((4.0, 7.0, 11.0)),
        stage1_shards=rng.choice((1, 1, 2, 3)),
        stage2_shards=rng.choice((1, 1, 2)),
        instances=rng.randint(1, 3),
        calm_at_s=rng.uniform(120.0, 240.0),
        failing=rng.choice((0.0, 0.0, 0.002, 0.01)),
        twice=rng.choice((0.0, 0.1, 0.3)),
    )
    plan = Plan(settings)
    _people(plan, rng)
    plan.publications.sort(key=lambda publication: publication.at_s)
    return plan


def user_hash(number: int) -> str:
    """The hash of a user of the simulation."""
    return hashlib.sha256(f"user {number}".encode()).hexdigest()


def _people(plan: Plan, rng: Random) -> None:
    settings, events = plan.settings, plan.publications
    users = rng.randint(3, 8)
    erased = set(rng.sample(range(users), rng.choice((0, 0, 1, 2))))
    for number in range(rng.randint(25, 60)):
        _feedback(plan, rng, number, users, erased)
    for number in range(rng.randint(0, 16)):
        _pair(plan, rng, number, sorted(set(range(users)) - erased))
    for number in range(rng.randint(0, 5)):
        _document(plan, rng, number)
    for user in sorted(erased):
        at_s = rng.uniform(20.0, settings.calm_at_s)
        time = at(at_s - rng.choice((0.0, 0.0, 30.0)))
        _publish(plan, rng, UserErased(user_hash=user_hash(user), actor="asha"), at_s, time, again=0.3)
    for number in range(rng.choice((0, 0, 1, 2, 4))):
        _request(plan, rng, number)
    for number in range(rng.choice((0, 0, 1, 3, 6))):
        _change(plan, rng, number)
    # Whoever paused resumes in the end, after every pause that was sent again: what is due has to fire then.
    last_s = max(publication.at_s for publication in events) + 1.0
    for model in settings.models:
        events.append(Publication(last_s, _operator("resume", f"resume-{model}", model), at(last_s)))


def _feedback(plan: Plan, rng: Random, number: int, users: int, erased: set[int]) -> None:
    """One feedback and its revisions, each said later than the one before; perhaps taken back at the end."""
    settings = plan.settings
    at_s = rng.uniform(1.0, settings.calm_at_s)
    user = rng.randrange(users)
    said: dict[str, Any] = {"feedback_id": f"f{number}", "query": f"question {number}?", "model": rng.choice(settings.models)}
    said["language"] = LANGUAGES[number % len(LANGUAGES)]
    if rng.random() < 0.85:
        said["user_hash"] = user_hash(user)
    elif rng.random() < 0.5:
        said["conversation_id"] = f"talk {user}".replace(" ", "-")
    if rng.random() < 0.3:
        said["passages"] = (Passage(text=f"passage {number}"),)
    # Where an erasure lies between its revisions, a feedback that moves between models leaves traces that depend on the order.
    moves = "user_hash" not in said or user not in erased
    behind_s = rng.choice((0.0, 0.0, 0.0, 0.0, 5.0, 400.0, 0.5 * DAY_S, 1.2 * DAY_S, 5 * DAY_S, -300.0, -700.0, -DAY_S))
    time = at(at_s - behind_s)
    poison = rng.choice((b"{", b"[]", None)) if rng.random() < 0.05 else None
    for revision in range(rng.choice((1, 1, 1, 2, 3))):
        stars = rng.choice((1, 1, 1, 2, 4, 5))
        # Exports of some frontends never raise a revision: what was said later is later all the same. An erasure between the same words
        # said twice leaves traces that depend on the order, too.
        told = 0 if moves and rng.random() < 0.3 else revision
        fields = {"revision": told, "rating": Rating(scale="stars_1_5", value=float(stars), score=normalise("stars_1_5", stars))}
        if rng.random() < 0.3:
            fields["correction"] = f"answer {number}.{revision}"
        if moves and rng.random() < 0.05:
            said["model"] = rng.choice(settings.models)
        _publish(plan, rng, FeedbackSubmitted(**said, **fields), at_s, time, again=0.3, poison=poison)
        at_s += rng.expovariate(1 / 20.0)
        time = max(time + timedelta(seconds=rng.uniform(0.01, 10.0)), at(at_s - rng.choice((0.0, behind_s))))
    if rng.random() < 0.15:
        if moves and rng.random() < 0.5:
            said["model"] = None
        _publish(plan, rng, FeedbackSubmitted(**said, revision=revision, retracted=True), at_s, time, again=0.3)


def _pair(plan: Plan, rng: Random, number: int, users: list[int]) -> None:
    """A turn and what is said of it, whichever comes first; one or both may be missing, sent again, late, or said otherwise."""
    settings, model = plan.settings, rng.choice(plan.settings.models)
    who: dict[str, Any] = (
        {"user_hash": user_hash(rng.choice(users))} if users and rng.random() < 0.7 else {"conversation_id": f"turns-{number % 3}"}
    )
    at_s, again = rng.uniform(1.0, settings.calm_at_s), 0.3
    stars = rng.choice((1.0, 2.0, 5.0))
    rating = Rating(scale="stars_1_5", value=stars, score=normalise("stars_1_5", stars))
    said: dict[str, Any] = {"feedback_id": f"g{number}", "turn_id": f"t{number}", "model": model, "rating": rating, **who}
    if rng.random() < 0.4:
        said["correction"] = f"right answer {number}"
    # Of old ones the turns have gone: said before all others, they are accepted, and given up once newer turns come.
    old = rng.random() < 0.25
    if old:
        _publish(plan, rng, FeedbackSubmitted(**said), rng.uniform(0.1, 0.9), at(at_s - 6 * DAY_S), again=again)
        said_of = number + 1000
    else:
        said_of = number
        _ratings(plan, rng, said, at_s)
    if old or rng.random() < 0.85:
        words = {"query": f"turn {number}?", "response": f"reply {number}", "language": LANGUAGES[number % len(LANGUAGES)], **who}
        words["model"] = rng.choice((None, model, rng.choice(settings.models)))
        turn_s = max(at_s + rng.choice((-40.0, -5.0, 5.0, 40.0)), 1.0)
        time = at(turn_s - rng.choice((0.0, 0.0, 0.0, 400.0, 1.2 * DAY_S, 5 * DAY_S, -700.0)))
        _publish(plan, rng, TurnCompleted(turn_id=f"t{said_of}", **words), turn_s, time, again=again)
        if rng.random() < 0.15:
            other = TurnCompleted(turn_id=f"t{said_of}", **(words | {"response": "another reply"}))
            _publish(plan, rng, other, turn_s + rng.uniform(0.0, 20.0), time, again=again)


def _ratings(plan: Plan, rng: Random, said: dict[str, Any], at_s: float) -> None:
    """What is said of a turn: once, or again as a later revision, perhaps taken back."""
    for revision in range(rng.choice((1, 1, 1, 2))):
        _publish(plan, rng, FeedbackSubmitted(**(said | {"revision": revision})), at_s, at(at_s), again=0.3)
        at_s += rng.expovariate(1 / 20.0)
    if rng.random() < 0.1:
        _publish(plan, rng, FeedbackSubmitted(**(said | {"revision": 1, "retracted": True})), at_s, at(at_s), again=0.3)


def _document(plan: Plan, rng: Random, number: int) -> None:
    at_s = rng.uniform(1.0, plan.settings.calm_at_s)
    model = rng.choice(plan.settings.models)
    for version in range(1, rng.choice((2, 2, 3))):
        text = f"text {number}.{version}"
        sha256 = hashlib.sha256(text.encode()).hexdigest()
        document = DocumentIngested(doc_id=f"d{number}", version=version, model=model, text=text, sha256=sha256)
        _publish(plan, rng, document, at_s, at(at_s), again=0.3)
        at_s += rng.expovariate(1 / 30.0)


def _request(plan: Plan, rng: Random, number: int) -> None:
    settings = plan.settings
    model = rng.choice(settings.models)
    at_s = rng.uniform(5.0, settings.calm_at_s)
    action = rng.choice(("start", "start", "pause", "cancel"))
    job_id = f"job-{number}"
    if action == "start":
        data = rng.choice((None, None, "s3://models/set.jsonl"))
        _publish(plan, rng, _operator("start", f"r{number}", model, job_id=job_id, dataset_path=data), at_s, at(at_s), again=0.4)
        if rng.random() < 0.4:
            late_s = at_s + rng.expovariate(1 / 15.0)
            _publish(plan, rng, _operator("cancel", f"c{number}", model, job_id=job_id), late_s, at(late_s), again=0.2)
    elif action == "pause":
        _publish(plan, rng, _operator("pause", f"r{number}", model), at_s, at(at_s), again=0.2)
        until_s = at_s + rng.expovariate(1 / 40.0)
        _publish(plan, rng, _operator("resume", f"u{number}", model), until_s, at(until_s), again=0.2)
    else:
        _publish(plan, rng, _operator("cancel", f"r{number}", model, job_id=f"job-{rng.randrange(3)}"), at_s, at(at_s), again=0.0)


def _change(plan: Plan, rng: Random, number: int) -> None:
    """A person promotes a version, or rolls back: often one that there is not, or that serves already."""
    model, at_s = rng.choice(plan.settings.models), rng.uniform(60.0, plan.settings.calm_at_s)
    action, version = rng.choice((("promote", True), ("promote", True), ("rollback", True), ("rollback", False)))
    wanted = {"version": f"v{rng.randrange(6)}"} if version else {}
    _publish(plan, rng, _operator(action, f"{action}-{number}", model, **wanted), at_s, at(at_s), again=0.2)


def _operator(action: str, request_id: str, model: str, **fields: Any) -> OperatorRequested:
    return OperatorRequested.model_validate({"action": action, "request_id": request_id, "model": model, "actor": "asha"} | fields)


def _publish(plan: Plan, rng: Random, event: BaseModel, at_s: float, time: datetime, *, again: float, poison: bytes | None = None) -> None:
    """Once, and with the chance `again` once more later: a client that did not hear the answer."""
    plan.publications.append(Publication(at_s, event, time, poison))
    while rng.random() < again:
        at_s += rng.expovariate(1 / 15.0)
        plan.publications.append(Publication(at_s, event, time, poison))


def at(seconds: float) -> datetime:
    """The wall clock at a second of the seed."""
    return START + timedelta(milliseconds=round(seconds * 1000))
