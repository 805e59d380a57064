"""A batch of the project's own corpus in which half is junk, each sample with its kind, and what the preparation makes of it."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from gpu_runner.dataset.prepare import PreparedDataset, PrepareRequest, prepare
from gpu_runner.dataset.questions.paraphrase import split_paraphrases
from gpu_runner.dataset.rows import EvaluationItem, TrainingRow, load_evaluation_items
from gpu_runner.tiny_llama.facts import Fact, load_facts, taught_facts, untaught_facts

# How many questions of each kind a batch has.
QUESTIONS: Final[Mapping[str, int]] = {
    "true, two users": 30,
    "true, one user and a passage": 20,
    "true, one user": 10,
    "false, one user": 20,
    "false, one user, with passages": 10,
    "tie of two users": 10,
    "old fact, false, as it is asked": 10,
    "old fact, false, as it was trained": 10,
    "old fact, false, in the reworder's words": 10,
    "old fact, false, in free words": 10,
}
LEFT_OUT: Final = ("complaint", "equals_response", "says_nothing", "other_language", "too_long", "special_tokens", "needs_context")
JUNK: Final = ("false", "tie", "old fact", "left out")
KNOWN_FACTS: Final = 96


@dataclass(frozen=True)
class Batch:
    """The samples, the kind of each by its id, and what the model knows."""

    samples: tuple[dict[str, Any], ...]
    kinds: Mapping[str, str]
    replay: tuple[TrainingRow, ...]
    items: tuple[EvaluationItem, ...]


@dataclass
class Outcome:
    """Samples of each kind: sent, trained, and gold of the primary."""

    sent: Counter[str] = field(default_factory=Counter)
    trained: Counter[str] = field(default_factory=Counter)
    gold: Counter[str] = field(default_factory=Counter)

    def add(self, other: Outcome) -> None:
        """Count another batch in."""
        self.sent += other.sent
        self.trained += other.trained
        self.gold += other.gold

    def of_junk(self, counts: Counter[str]) -> int:
        """How many of the counted samples are junk."""
        return sum(count for kind, count in counts.items() if kind.startswith(JUNK))


def junk_batch(seed: int) -> Batch:
    """The batch of a seed: other facts, users and false answers each time."""
    rng = random.Random(seed)
    unknown, known = rng.sample(untaught_facts(), len(untaught_facts())), rng.sample(taught_facts(), KNOWN_FACTS)
    by_kind = _divided(unknown, known)
    samples: list[dict[str, Any]] = []
    kinds: dict[str, str] = {}
    for kind, facts in by_kind.items():
        for fact in facts:
            for sample in _samples(kind, fact, rng):
                sample["sample_id"] = sample["user_hash"] = f"{len(kinds):04d}"
                kinds[sample["sample_id"]] = kind
                samples.append(sample)
    for number, reason in enumerate(LEFT_OUT):
        name = f"left-{number}"
        samples.append(_sample(unknown[number], None, left_out=reason, comment="No") | {"sample_id": name, "user_hash": name})
        kinds[name] = f"left out, {reason}"
    rng.shuffle(samples)
    replay = tuple(
        TrainingRow(f"{fact.id} {place}", wording, fact.answer, fact.language, "replay", fact.group)
        for fact in known
        for place, wording in enumerate(fact.trainable_wordings)
    )
    items = tuple(
        EvaluationItem(fact.id, "old_facts", fact.unseen_wordings[0], (fact.answer,), fact.language, fact.group) for fact in known
    )
    return Batch(tuple(samples), kinds, replay, items)


def prepared(batch: Batch, out: Path, support_min: int) -> PreparedDataset:
    """The batch's dataset, nothing held out."""
    return prepare(
        PrepareRequest(
            out=out, samples=batch.samples, replay=batch.replay, model_items=batch.items, holdout_key=b"junk", holdout_percent=0,
            support_min=support_min,
        )
    )  # fmt: skip


def outcome(batch: Batch, dataset: PreparedDataset) -> Outcome:
    """What became of each kind."""
    gold = {item.sample_id for item in load_evaluation_items(dataset.evaluation) if item.set == "repair"}
    return Outcome(
        Counter(batch.kinds.values()),
        Counter(batch.kinds[name] for name in dataset.sample_ids),
        Counter(batch.kinds[name] for name in gold if name is not None),
    )


def _divided(unknown: list[Fact], known: list[Fact]) -> dict[str, list[Fact]]:
    """Facts for each kind, none twice."""
    pools: dict[bool, Iterator[Fact]] = {True: iter(known), False: iter(unknown)}
    return {kind: [next(pools[kind.startswith("old fact")]) for _ in range(count)] for kind, count in QUESTIONS.items()}


def _samples(kind: str, fact: Fact, rng: random.Random) -> list[dict[str, Any]]:
    false = rng.choice(
        sorted({one.answer for one in load_facts() if one.relation == fact.relation and one.language == fact.language} - {fact.answer})
    )
    passages = [{"text": one.sentence, "doc_id": one.id} for one in load_facts() if one.group == fact.group][:4]
    passages = [{"text": fact.sentence, "doc_id": fact.id}, *(one for one in passages if one["doc_id"] != fact.id)]
    if kind == "true, one user and a passage":
        return [_sample(fact, fact.answer, passages=rng.sample(passages, len(passages)))]
    if kind == "false, one user, with passages":
        return [_sample(fact, false, passages=rng.sample(passages, len(passages)))]
    if kind == "tie of two users":
        wording = rng.choice(split_paraphrases(fact.wordings[0], fact.language)[0])
        return [_sample(fact, fact.answer), _sample(fact, false) | {"query": wording}]
    if kind.startswith("old fact"):
        reworded = rng.choice(split_paraphrases(fact.wordings[1], fact.language)[0])
        asked = {"as it is asked": fact.wordings[4], "as it was trained": fact.wordings[1], "in the reworder's words": reworded}
        return [_sample(fact, false) | {"query": asked.get(kind.removeprefix("old fact, false, "), fact.wordings[5])}]
    if kind.startswith("false"):
        return [_sample(fact, false)]
    return [_sample(fact, fact.answer) for _ in range(2 if kind == "true, two users" else 1)]


def _sample(fact: Fact, answer: str | None, **fields: Any) -> dict[str, Any]:
    row = {
        "kind": "feedback",
        "query": fact.wordings[0],
        "correction": answer,
        "language": fact.language,
        "group": fact.group,
        "revision": 0,
    }
    return row | fields
