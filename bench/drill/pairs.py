"""Turns and the feedback that gets its words from them: in both orders, some turns never sent, some sent otherwise, some users erased."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from schemas.catalogue import Event
from schemas.conversation import Message, Passage
from schemas.events.feedback_submitted import FeedbackSubmitted
from schemas.events.turn_completed import TurnCompleted
from schemas.events.user_erased import UserErased

# Of the feedback that names a turn: whose turn is never sent; where the turn alone says model and language; of no user.
NEVER: Final = 0.20
TOLD_BY_TURN: Final = 0.20
OF_A_CONVERSATION: Final = 0.20
# Of the turns: sent again in other words; given passages; told with the whole conversation.
OTHERWISE: Final = 0.03
WITH_PASSAGES: Final = 0.30
WITH_MESSAGES: Final = 0.30
# A turn that comes before its feedback does so by at most this many records.
JUST_BEFORE: Final = 20.0


class Placed(NamedTuple):
    """An event with its place in the history, and whether it is shuffled among its neighbours."""

    place: float
    event: Event
    time: datetime
    shuffled: bool = False


@dataclass(frozen=True, slots=True)
class Pairs:
    """Draws turns and their feedback, at most `reach` records apart. `model` is said by the turn where the feedback names none."""

    source: random.Random
    reach: int
    model: str

    def pair(self, whole: FeedbackSubmitted, place: float, time: datetime) -> list[Placed]:
        """A feedback that carries a turn's id in place of its words, and the turn with those, in any order.

        Some turns are never sent, some once more in other words.
        """
        draw = self.source.random
        who = {"user_hash": None, "conversation_id": f"talk-{whole.feedback_id}"} if draw() < OF_A_CONVERSATION else {}
        told = {"model": None, "language": None} if draw() < TOLD_BY_TURN else {}
        said = named(whole, **who, **told)
        found = [Placed(place, said, time)]
        if draw() < NEVER:
            return found
        seconds = self.source.uniform(1, 7_200) if draw() < 0.9 else self.source.uniform(-3_600, 0)
        asked = time - timedelta(milliseconds=round(seconds * 1000))
        turn = self._turn(said, whole)
        place += self.source.uniform(-JUST_BEFORE, 0) if draw() < 0.5 else self.source.uniform(0, self.reach)
        found.append(Placed(place, turn, asked))
        if draw() < OTHERWISE:
            found.append(Placed(self._near(place), turn.model_copy(update={"response": "Something else."}), asked))
        return found

    def leaving(self, user_hash: str, place: float, time: datetime, feedback: Callable[[int], FeedbackSubmitted]) -> Iterator[Placed]:
        """A user who is erased at `time`, with feedback and turns on both sides of it and across; `feedback` makes one of a number.

        Joined or still waiting, their words go; what is said after the erasure stays, of a turn before it the rating alone.
        """
        until = time.replace(microsecond=0)

        def at(event: Event, minutes: float) -> Placed:
            return Placed(self._near(place), event, until + timedelta(minutes=minutes))

        def both(number: int) -> tuple[FeedbackSubmitted, TurnCompleted]:
            whole = feedback(number).model_copy(update={"user_hash": user_hash})
            said = named(whole)
            return said, self._turn(said, whole)

        yield at(UserErased(user_hash=user_hash, actor="asha"), 0)
        yield at(feedback(0).model_copy(update={"user_hash": user_hash}), -180)
        joined, its_turn = both(1)
        yield at(its_turn, -120)
        yield at(joined, -110)
        yield at(both(2)[1], -60)
        yield at(both(3)[0], -50)
        across, turn_before = both(4)
        yield at(turn_before, -10)
        yield at(across, 10)
        later, turn_after = both(5)
        yield at(turn_after, 20)
        yield at(later, 25)

    def _near(self, place: float) -> float:
        return place + self.source.uniform(-self.reach, self.reach)

    def _turn(self, said: FeedbackSubmitted, whole: FeedbackSubmitted) -> TurnCompleted:
        """The turn of a feedback that says its words `whole`."""
        messages: tuple[Message, ...] = ()
        if self.source.random() < WITH_MESSAGES:
            system, hello = Message(role="system", content="Answer briefly."), Message(role="user", content="Who are you?")
            messages = (system, hello, Message(role="assistant", content="A guide."), Message(role="user", content=whole.query))
        passages = (Passage(id="p1", text=f"Of {whole.query}"), Passage(text="Beside it."))
        return TurnCompleted(
            turn_id=said.turn_id or "",
            model=said.model or self.model,
            user_hash=said.user_hash,
            conversation_id=said.conversation_id,
            language=whole.language,
            messages=messages,
            query="" if messages else whole.query,
            response=whole.response,
            passages=passages if self.source.random() < WITH_PASSAGES else (),
            latency_ms=self.source.uniform(100, 3_000),
        )


def named(whole: FeedbackSubmitted, **changed: object) -> FeedbackSubmitted:
    """A feedback that gets its words from a turn."""
    without_words = {"query": "", "response": "", "passages": (), "turn_id": f"t-{whole.feedback_id}"}
    return whole.model_copy(update=without_words | changed)
