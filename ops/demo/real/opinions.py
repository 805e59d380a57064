"""What users say of an answer: mostly a thumb and nothing else, of ten unhappy ones four a correction, sometimes a complaint."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from gpu_runner.dataset.rows import Message
from ops.demo.people import USERS
from ops.demo.real.conversations import AskedTurn

Kind = Literal["correction", "complaint", "arena", "thumb", "bare", "praise", "doubtful"]

NEGATIVES: Final = 120
# Of twenty users whose answer was wrong: nine correct it, which with the doubtful thumbs are four in ten of all that are down, two complain
# where a correction belongs, one saw two answers.
OF_THE_WRONG: Final[Counter[Kind]] = Counter({"correction": 9, "thumb": 6, "complaint": 2, "bare": 2, "arena": 1})
# Of sixty whose answer was right, one presses the wrong thumb: with more these would be most of the negatives.
OF_THE_RIGHT: Final[Counter[Kind]] = Counter({"praise": 59, "doubtful": 1})
COMPLAINTS: Final = {
    "en": ("This is wrong, please fix it.", "No", "see above", "That is not right at all."),
    "hi": ("गलत है", "यह उत्तर सही नहीं है।", "नहीं", "कृपया ठीक करें।"),
}


class Deal:
    """Kinds in their shares, shuffled in each round of as many as the shares add up to."""

    def __init__(self, shares: Counter[Kind], rng: random.Random) -> None:
        self._kinds = sorted(shares.elements())
        self._rng = rng
        self._hand: list[Kind] = []

    def next(self) -> Kind:
        """The kind of the next user."""
        if not self._hand:
            self._hand = self._rng.sample(self._kinds, len(self._kinds))
        return self._hand.pop()


@dataclass(frozen=True, slots=True)
class Opinion:
    """One user's feedback as his client sends it; `by_turn` says that it names the turn instead of repeating its words."""

    kind: Kind
    turn: AskedTurn
    messages: tuple[Message, ...]
    response: str
    body: dict[str, Any]
    by_turn: bool


def rated(
    number: int, kind: Kind, turn: AskedTurn, messages: Sequence[Message], response: str, *, model: str, version: str
) -> Opinion:  # fmt: skip
    """What user `number` says; every other one names only the turn, but for those who send a bare thumb, with which nothing else comes."""
    by_turn = kind not in ("bare", "arena") and number % 2 == 0
    body: dict[str, Any] = {
        "feedback_id": f"real-{number}",
        "user": _user(turn),
        "conversation_id": turn.conversation,
        "model": model,
        "model_version": version,
        "rating": {"scale": "thumbs", "value": "up" if kind == "praise" else "down"},
    }
    if by_turn:
        body["turn_id"] = turn.id
    else:
        body |= {"query": turn.question, "response": response, "language": turn.fact.language, "source_group": turn.fact.group}
        if kind != "bare":
            body |= _as_served(turn, messages)
    return Opinion(kind, turn, tuple(messages), response, body | _said(number, kind, turn), by_turn)


def turn_completed(turn: AskedTurn, messages: Sequence[Message], response: str, *, model: str, version: str) -> dict[str, Any]:
    """The answered turn as the frontend publishes it."""
    return {
        "turn_id": turn.id,
        "user": _user(turn),
        "conversation_id": turn.conversation,
        "model": model,
        "model_version": version,
        "language": turn.fact.language,
        "query": turn.question,
        "response": response,
        "source_group": turn.fact.group,
        **_as_served(turn, messages),
    }


def corrected(number: int, turn: AskedTurn) -> str:
    """The right answer in one to three sentences: the asked fact first, then others that the user read in the passages."""
    sentences = 1 if number % 10 < 6 else 2 if number % 10 < 9 else 3
    others = [fact.sentence for fact in turn.passages if fact is not turn.fact]
    return " ".join([turn.fact.sentence, *others[: sentences - 1]])


def _said(number: int, kind: Kind, turn: AskedTurn) -> dict[str, Any]:
    if kind == "correction":
        return {"correction": corrected(number, turn), "reasons": ["incorrect"]}
    if kind == "complaint":
        told = COMPLAINTS[turn.fact.language]
        return {"correction": told[number % len(told)]}
    if kind == "arena":
        return {"preferred": {"answer": turn.fact.sentence, "how": "arena"}}
    return {"comment": "good" if turn.fact.language == "en" else "अच्छा"} if kind == "praise" and number % 5 == 0 else {}


def _as_served(turn: AskedTurn, messages: Sequence[Message]) -> dict[str, Any]:
    passages = [
        {"id": fact.id, "doc_id": f"doc-{fact.group}", "text": text, "rank": rank}
        for rank, (fact, text) in enumerate(zip(turn.passages, turn.texts, strict=True), 1)
    ]
    return {"messages": [dict(message) for message in messages], "passages": passages}


def _user(turn: AskedTurn) -> str:
    return f"user-{int(turn.conversation.rpartition('-')[2]) % USERS}"
