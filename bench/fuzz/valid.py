"""Valid input of every edge, with every field that it has somewhere: what the faults are put into."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable
from typing import Any, Final

WORDS: Final = (
    "ताजमहल",
    "आगरा",
    "सालार जंग",
    "museum",
    "where",
    "कहाँ",
    "है",
    "क़िला",
    "नदी",
    "हैदराबाद",
    "1591",
    "A+",
    "?",
    "temple",
    "\u0936\u094d\u0930\u0940",
)

MODEL: Final = "tiny"
BASE_MODEL: Final = "org/tiny"
VERSION: Final = "v1.0-finetuned"
DATASET: Final = "s3://models/training_data/rows.jsonl"
EVALUATION: Final = "s3://models/eval_data/items.jsonl"


def words(rng: random.Random, most: int = 12) -> str:
    """A sentence of a few words; never only marks."""
    return " ".join(("दिल्ली", *(rng.choice(WORDS) for _ in range(rng.randint(1, most)))))


def moment(rng: random.Random) -> str:
    """A time within the last week before the tests' day, in one of the forms of RFC 3339."""
    day, hour = rng.randint(18, 23), rng.randint(0, 23)
    return f"2026-11-{day:02d}T{hour:02d}:{rng.randint(0, 59):02d}:00" + rng.choice(("Z", "+05:30", ".5Z", "-03:00"))


def _some(rng: random.Random, needed: dict[str, Any], further: dict[str, Any]) -> dict[str, Any]:
    names = [name for name in further if rng.random() < 0.6]
    return needed | {name: further[name] for name in names}


def rating(rng: random.Random) -> dict[str, Any]:
    """A raw value on its scale."""
    return rng.choice(
        (
            {"scale": "stars_1_5", "value": rng.choice((1, 2.5, 5, 3))},
            {"scale": "thumbs", "value": rng.choice(("up", "down", True, False))},
            {"scale": "unit_interval", "value": round(rng.random(), 3)},
            {"scale": "signed_unit", "value": round(2 * rng.random() - 1, 3)},
        )
    )


def feedback(rng: random.Random) -> dict[str, Any]:
    """One feedback, retractions among them."""
    if rng.random() < 0.1:
        return {"feedback_id": f"fb-{rng.getrandbits(40)}", "revision": rng.randint(1, 9), "retracted": True, "occurred_at": moment(rng)}
    person: dict[str, Any] = {"user": f"user {rng.randint(1, 99)}"} if rng.random() < 0.5 else {"user_hash": f"{rng.getrandbits(128):032x}"}
    said = {"correction": words(rng)} if rng.random() < 0.5 else {"rating": rating(rng)}
    return _some(
        rng,
        {"query": words(rng)} | said,
        person
        | {
            "feedback_id": f"fb-{rng.getrandbits(40)}", "revision": rng.randint(0, 3), "model": MODEL, "model_version": "v1",
            "retracted": False, "conversation_id": f"c{rng.randint(1, 99)}", "language": rng.choice(("hi", "en-IN")),
            "response": words(rng, 40),
            "rating": rating(rng), "correction": words(rng), "source_group": words(rng, 3), "tags": [rng.choice(WORDS[:10])],
            "occurred_at": moment(rng),
        },
    )  # fmt: skip


def document(rng: random.Random) -> dict[str, Any]:
    """One document with its text, or one by reference."""
    text = words(rng, 60)
    digest = hashlib.sha256(text.encode()).hexdigest()
    held = {"text": text} if rng.random() < 0.8 else {"uri": f"s3://documents/{rng.getrandbits(20)}.txt", "sha256": digest}
    return _some(
        rng,
        {"doc_id": f"doc-{rng.getrandbits(40)}"} | held,
        {
            "version": rng.randint(1, 5), "model": MODEL, "sha256": digest, "title": words(rng, 4), "publisher": words(rng, 2),
            "language": "hi", "source_group": words(rng, 2), "tags": ["a", "b"], "occurred_at": moment(rng),
        },
    )  # fmt: skip


def batch(one: Callable[[random.Random], dict[str, Any]]) -> Callable[[random.Random], dict[str, Any]]:
    """One object, or a few of them as `items`."""
    return lambda rng: one(rng) if rng.random() < 0.6 else {"items": [one(rng) for _ in range(rng.randint(1, 4))]}


def erasure(rng: random.Random) -> dict[str, Any]:
    """The body of an erasure."""
    return {"actor": rng.choice(("api", "asha@desk")).replace("@", "-"), "reason": words(rng)}


def finetune(rng: random.Random) -> dict[str, Any]:
    """The body of `/finetune/start`."""
    hyperparameters = {
        "lora_rank": 16, "lora_alpha": 32, "learning_rate": rng.choice((2e-4, 1e-5)), "epochs": rng.randint(1, 4), "batch_size": 4,
        "max_seq_length": 2048,
    }  # fmt: skip
    return {"base_model": BASE_MODEL, "dataset_path": DATASET} | (
        {"hyperparameters": _some(rng, {}, hyperparameters)} if rng.random() < 0.9 else {}
    )


def evaluate(rng: random.Random) -> dict[str, Any]:
    """The body of `/evaluate`."""
    metrics = [name for name in ("exact_match", "f1", "bleu", "hallucination_rate") if rng.random() < 0.7] or ["f1"]
    body: dict[str, Any] = {"model_version": rng.choice((VERSION, f"{MODEL}/{VERSION}")), "eval_dataset": EVALUATION, "metrics": metrics}
    return body | ({"source_documents": "s3://models/eval_data/sources.json"} if rng.random() < 0.6 else {})


def drift_row(rng: random.Random) -> dict[str, Any]:
    """A document of a drift file."""
    return {"text": words(rng, 30), "source": f"s{rng.randint(1, 9)}"} | ({"occurred_at": moment(rng)} if rng.random() < 0.7 else {})


def rating_row(rng: random.Random) -> dict[str, Any]:
    """A row of a ratings file."""
    return {"negative": rng.randint(0, 1)} | ({"stars": rng.randint(1, 5)} if rng.random() < 0.3 else {})


def bootstrap_document(rng: random.Random) -> dict[str, Any]:
    """A document to begin with."""
    return _some(
        rng,
        {"text": words(rng, 40)},
        {"id": f"d{rng.getrandbits(30)}", "publisher": words(rng, 2), "source_group": words(rng, 2), "occurred_at": moment(rng)},
    )


def item(rng: random.Random) -> dict[str, Any]:
    """An evaluation item, in either of its forms."""
    said: dict[str, Any] = {"answers": [words(rng, 3)]} if rng.random() < 0.6 else {"answer": words(rng, 3)}
    return _some(
        rng,
        {"question": f"{words(rng)} {rng.getrandbits(40)}"} | said,
        {"id": f"i{rng.getrandbits(40)}", "set": "dataset", "language": "hi", "group": words(rng, 2), "source": words(rng, 20)},
    )


def row(rng: random.Random) -> dict[str, Any]:
    """A row to replay."""
    return _some(
        rng,
        {"prompt": words(rng), "completion": words(rng, 20)},
        {"id": f"r{rng.getrandbits(40)}", "language": "en", "origin": "dataset", "group": words(rng, 2)},
    )
