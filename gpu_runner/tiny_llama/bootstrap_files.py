"""What a project with the tiny Llama starts from: its documents, its evaluation items and its replay rows. Torch-free."""

from __future__ import annotations

import json
import random
from collections.abc import Iterable, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any, Final

from gpu_runner.dataset.conversation import with_passages
from gpu_runner.tiny_llama.facts import Fact, load_facts, taught_facts, untaught_facts
from gpu_runner.tiny_llama.reading import Readings

DOCUMENTS, NEW_DOCUMENTS, EVALUATION, REPLAY = "documents.jsonl", "new_documents.jsonl", "evaluation.jsonl", "replay.jsonl"
# As many as plain replay rows: without them a round unlearns to say that the passages do not hold the answer.
READINGS: Final = 1152
MOST_PASSAGES: Final = 5


def documents(facts: Sequence[Fact], prefix: str = "doc") -> list[dict[str, str]]:
    """One passage for each institution, made of the sentences of the given facts, in the order given.

    The id is `{prefix}-{group}`: taught and untaught passages of one institution share the group, not the id.
    The rows are also what `abhyas publish documents` takes.
    """
    rows = []
    for group, members in groupby(facts, key=lambda fact: fact.group):
        told = list(members)
        text = " ".join(fact.sentence for fact in told)
        title = told[0].name[:1].upper() + told[0].name[1:]
        rows.append({"doc_id": f"{prefix}-{group}", "text": text, "language": told[0].language, "source_group": group, "title": title})
    return rows


def evaluation_items(facts: Sequence[Fact]) -> list[dict[str, Any]]:
    """Items of the set `old_facts`: each fact in both wordings that are never trained on, with its sentence as the source.

    Trained wordings would be lost to replay, because nothing that is asked in an evaluation is ever trained on. The
    bootstrap moves the items of holdout groups to the set `holdout`: with two a fact, three groups in 72 make enough.
    """
    return [
        {
            "id": f"old-{fact.id}-{number}",
            "set": "old_facts",
            "question": wording,
            "answers": [fact.answer],
            "language": fact.language,
            "group": fact.group,
            "source": fact.sentence,
        }
        for fact in facts
        for number, wording in enumerate(fact.unseen_wordings)
    ]


def replay_rows(facts: Sequence[Fact]) -> list[dict[str, Any]]:
    """The training rows of what the base was taught, one for each fact and trainable wording, origin `replay`."""
    return [
        {
            "id": f"replay-{fact.id}-{number}",
            "prompt": wording,
            "completion": fact.answer,
            "language": fact.language,
            "origin": "replay",
            "group": fact.group,
            "sample_id": None,
        }
        for fact in facts
        for number, wording in enumerate(fact.trainable_wordings)
    ]


def reading_rows(readings: Readings, count: int, rng: random.Random) -> list[dict[str, Any]]:
    """So many conversations of the reading course as training rows, one question each: how to read, and to say so where nothing tells."""
    rows = []
    for number in range(count):
        reading = readings.draw(rng, most_passages=MOST_PASSAGES, turns=1)
        ((question, answer),) = reading.turns
        rows.append(
            {
                "id": f"reading-{number}",
                "prompt": question,
                "completion": answer,
                "language": reading.language,
                "origin": "replay",
                "group": reading.group,
                "sample_id": None,
                "messages": with_passages(question, reading.passages, reading.system),
            }
        )
    return rows


def write_bootstrap_files(folder: Path, *, reading: bool = False) -> dict[str, Path]:
    """Writes the four files into an existing folder and returns them by the names of this module's constants.

    `documents.jsonl` and `evaluation.jsonl` are for `abhyas bootstrap --documents --eval`; `new_documents.jsonl` holds
    what the base was never told, one passage an institution. `reading`: the base was taught to read, and `replay.jsonl` keeps that too.
    """
    read = reading_rows(Readings(load_facts()), READINGS, random.Random("replay")) if reading else []
    rows: dict[str, Iterable[dict[str, Any]]] = {
        DOCUMENTS: documents(taught_facts()),
        NEW_DOCUMENTS: documents(untaught_facts(), prefix="new"),
        EVALUATION: evaluation_items(taught_facts()),
        REPLAY: [*replay_rows(taught_facts()), *read],
    }
    for name, lines in rows.items():
        (folder / name).write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in lines), encoding="utf-8")
    return {name: folder / name for name in rows}
