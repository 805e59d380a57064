"""The history that the drill publishes, from a seed: feedback of many users and models, turns, erasures, documents, duplicates, revisions,
retractions, poison."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Final

from bench.drill.pairs import Pairs, Placed
from bench.drill.poison import make_poison
from bench.drill.sent import Sent
from runtime.kafka.transaction import partition_of
from schemas import topics
from schemas.conversation import Passage, Preferred
from schemas.events.document_ingested import DocumentIngested
from schemas.events.feedback_submitted import FeedbackSubmitted
from schemas.rating import Rating, normalise

USERS: Final = 2_000
DUPLICATES: Final = 0.30
REVISIONS: Final = 0.06
RETRACTIONS: Final = 0.02
DOCUMENTS: Final = 0.03
# Of the feedback: what gets its words from a turn; what has passages; what names a preferred answer; what complains in place of correcting.
OF_TURNS: Final = 0.10
WITH_PASSAGES: Final = 0.10
PREFERRED: Final = 0.05
COMPLAINING: Final = 0.05
# Event times run over these days up to an hour ago; each is off by at most JITTER. Feedback waits for its turn for about LATENESS and two
# days, so that of what names a turn that never comes the first days are given up under the faults of the last ones. Half the days and
# three times the reach are within LATENESS: added partitions come in the middle, and what was drained may come once more at any time.
DAYS: Final = 16.0
LATENESS_HOURS: Final = 264
JITTER_H: Final = 2.0
# A duplicate, a revision or a turn comes at most this many records after (or before) what it belongs to.
REACH: Final = 400
LONGEST_REACH: Final = 0.05
# A user who is erased in this many records.
ERASED_EVERY: Final = 250


def model_names() -> list[str]:
    """Two models for each partition of the topics that are keyed by model, so that every shard of stage 2 has work.

    >>> len(model_names())
    8
    """
    names: dict[int, list[str]] = {partition: [] for partition in range(topics.MODEL_PARTITIONS)}
    for number in range(1_000):
        found = names[partition_of(f"model-{number}".encode(), topics.MODEL_PARTITIONS)]
        if len(found) < 2:
            found.append(f"model-{number}")
    return sorted(name for found in names.values() for name in found)


def make_more(number: int, source: random.Random, now: datetime) -> Sent:
    """One more feedback where a history has come to its end, as old as its last ones."""
    return Sent.of(_feedback(f"more-{number}", number, source, source.choice(model_names())), now - timedelta(hours=1))


def reach_of(records: int) -> int:
    """How many records lie at most between what belongs together, in a history of so many."""
    return min(REACH, round(records * LONGEST_REACH))


def make_history(events: int, *, seed: int, poison: int, now: datetime) -> list[Sent]:
    """`events` healthy records, DUPLICATES of them sent before, with `poison` bad ones between; the same for the same arguments.

    `now` is the newest event time that is possible, an hour is taken off.
    """
    source, reach = random.Random(seed), reach_of(events)
    fresh = list(_fresh(round(events * (1 - DUPLICATES)), source, now, reach))
    placed = [(one.place + (source.uniform(-reach, reach) if one.shuffled else 0), _sent(one)) for one in fresh]
    for _ in range(events - len(fresh)):
        place, sent = placed[source.randrange(len(fresh))]
        placed.append((place + source.uniform(0, reach), sent))
    placed += [(source.uniform(0, len(fresh)), make_poison(number, source)) for number in range(poison)]
    placed.sort(key=lambda item: item[0])
    return [sent for _, sent in placed]


def _sent(one: Placed) -> Sent:
    # To the millisecond: two revisions of one number that were said at the same moment would be a conflict, which is another matter.
    return Sent.of(one.event, one.time.replace(microsecond=one.time.microsecond // 1000 * 1000))


def _fresh(count: int, source: random.Random, now: datetime, reach: int) -> Iterator[Placed]:
    """About `count` records, each said once."""
    # What a turn alone says of its model, and all that is erased, is of the first model: what was counted there, and when, depends on which
    # topic was read first.
    models, said = model_names(), list[FeedbackSubmitted]()
    pairs = Pairs(source, reach, models[0])
    leaves = sorted(source.uniform(0.05, 0.9) * count for _ in range(max(2, count // ERASED_EVERY)))
    documents: dict[str, int] = {}
    number = 0
    while number < count:
        time = now - timedelta(days=DAYS * (1 - number / count), hours=1 + source.uniform(0, JITTER_H))
        draw = source.random()
        if leaves and leaves[0] <= number:
            leaves.pop(0)
            group = list(pairs.leaving(f"{USERS + number:032x}", number, time, _numbered(number, source, models[0])))
        elif said and draw < REVISIONS + RETRACTIONS:
            again = _revised(source.choice(said[-reach:]), source, retracted=draw < RETRACTIONS)
            group = [Placed(number, again, time, shuffled=True)]
        elif draw < REVISIONS + RETRACTIONS + DOCUMENTS:
            group = [Placed(number, _document(number, reach, source, models, documents), time)]
        else:
            whole = _feedback(f"f{number}", number, source, source.choice(models))
            group = pairs.pair(whole, number, time) if source.random() < OF_TURNS else [Placed(number, whole, time)]
            # One that names no model has no revisions: theirs would be the default model's, or the turn's.
            said += [event for one in group if isinstance(event := one.event, FeedbackSubmitted) and event.model is not None]
        yield from group
        number += len(group)


def _document(number: int, reach: int, source: random.Random, models: list[str], versions: dict[str, int]) -> DocumentIngested:
    # One to two versions of most, soon after each other: what is older than the allowed lateness is forgotten.
    name = f"doc-{number // (2 * reach)}-{source.randrange(max(1, reach // 25))}"
    versions[name] = versions.get(name, 0) + 1
    text = f"अनुच्छेद {number} of {name}. " + "The monument is old. " * source.randrange(1, 5)
    sha256 = hashlib.sha256(text.encode()).hexdigest()
    # A document keeps its model over its versions: a sample that moves is another matter than faults.
    model = models[int(hashlib.sha256(name.encode()).hexdigest(), 16) % len(models)]
    return DocumentIngested(doc_id=name, version=versions[name], model=model, text=text, sha256=sha256)


_WORDS: Final = {
    "hi": ("स्मारक {} कहाँ है?", "उत्तर {}", "यह आगरा {} में है।"),
    "en": ("Where is monument {}?", "Answer {}", "It is in Agra, at Gate {}."),
}
# What stage 1 knows for no answer, in the languages of the drill.
COMPLAINTS: Final = {"hi": "यह गलत है।", "en": "This is wrong."}


def _feedback(name: str, number: int, source: random.Random, model: str) -> FeedbackSubmitted:
    stars = source.choice((1, 1, 2, 3, 4, 5))
    language = source.choice(("hi", "en"))
    query, response, correction = _WORDS[language]
    corrected = stars < 3 and source.random() < 0.9
    return FeedbackSubmitted(
        feedback_id=name,
        model=model,
        user_hash=f"{source.randrange(USERS):032x}",
        language=language,
        query=query.format(number),
        response=response.format(number),
        correction=(COMPLAINTS[language] if source.random() < COMPLAINING else correction.format(number)) if corrected else None,
        rating=Rating(scale="stars_1_5", value=float(stars), score=normalise("stars_1_5", stars)),
        passages=(Passage(text=f"Of monument {number}.", rank=1),) if source.random() < WITH_PASSAGES else (),
        preferred=Preferred(answer=correction.format(number), how="arena") if source.random() < PREFERRED else None,
    )


def _numbered(number: int, source: random.Random, model: str) -> Callable[[int], FeedbackSubmitted]:
    return lambda which: _feedback(f"f{number}-{which}", number, source, model)


def _revised(before: FeedbackSubmitted, source: random.Random, *, retracted: bool) -> FeedbackSubmitted:
    revision = before.revision + source.choice((1, 1, 2))
    if retracted:
        return before.model_copy(update={"revision": revision, "retracted": True})
    stars = source.choice((1, 2, 4, 5))
    rating = Rating(scale="stars_1_5", value=float(stars), score=normalise("stars_1_5", stars))
    return before.model_copy(update={"revision": revision, "rating": rating, "correction": None})
