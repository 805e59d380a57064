"""A judge's reply, read strictly: the object that was asked for, or a failure of a named kind; never a number made of neither."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Final, Literal

from gpu_runner.evaluate.judge.prompts import CRITERIA, SCALE
from gpu_runner.model_folder.thinking import BLOCKS, answer_of

JudgeFailureKind = Literal["timeout", "unreachable", "http_error", "bad_json", "out_of_range"]
FAILURES: Final[tuple[JudgeFailureKind, ...]] = ("timeout", "unreachable", "http_error", "bad_json", "out_of_range")
Winner = Literal["first", "second", "tie"]


class JudgeFailed(Exception):
    """One request for a judgement that gave none."""

    def __init__(self, kind: JudgeFailureKind) -> None:
        super().__init__(kind)
        self.kind: JudgeFailureKind = kind


@dataclass(frozen=True, slots=True)
class ThreeScores:
    """One judgement of one answer, each part from 1 to 5."""

    relevance: int
    correctness: int
    completeness: int


def read_rating(text: str) -> ThreeScores:
    """The three scores of a reply. Raises JudgeFailed `bad_json` or `out_of_range`.

    >>> read_rating('{"relevance": 5, "correctness": 1, "completeness": 3, "reason": "Another king."}')
    ThreeScores(relevance=5, correctness=1, completeness=3)
    """
    found = _object(text, {*CRITERIA, "reason"})
    scores = [found[name] for name in CRITERIA]
    if any(not isinstance(score, int) or isinstance(score, bool) for score in scores):
        raise JudgeFailed("bad_json")
    if any(not SCALE[0] <= score <= SCALE[1] for score in scores):
        raise JudgeFailed("out_of_range")
    return ThreeScores(*scores)


def read_winner(text: str) -> Winner:
    """Which of the two is better, as they were shown. Raises JudgeFailed.

    >>> read_winner('<think>Hm.</think>{"winner": "B", "reason": "It names the year."}')
    'second'
    """
    winner = _object(text, {"winner", "reason"})["winner"]
    if not isinstance(winner, str):
        raise JudgeFailed("bad_json")
    names: dict[str, Winner] = {"A": "first", "B": "second", "tie": "tie"}
    if winner not in names:
        raise JudgeFailed("out_of_range")
    return names[winner]


def _object(text: str, names: set[str]) -> dict[str, Any]:
    """The one object in a reply, in a fence of code or not, with these fields and no other; the reason may be missing."""
    said, inside = answer_of(text, known=BLOCKS[:1] if BLOCKS[0].closing in text else ())
    if said.startswith("```") and said.endswith("```"):
        said = said.removeprefix("```json").removeprefix("```").removesuffix("```")
    try:
        found = None if inside else json.loads(said)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict) or not names - {"reason"} <= found.keys() <= names:
        raise JudgeFailed("bad_json")
    return found
