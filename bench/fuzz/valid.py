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
LANGUAGES: Final = ("hi", "en-IN", "HI-Deva-IN", "sr-Latn-RS", "x-field")
REASONS: Final = ("incorrect", "Not factually correct", "not_helpful", "गलत जानकारी", "the pictures")


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
    said = rng.choice(({"correction": words(rng)}, {"rating": rating(rng)}, {"preferred": preferred(rng)}))
    # Its words, or the turn that has them.
    turn_id: dict[str, Any] = {"turn_id": f"t{rng.getrandbits(40)}", "conversation_id": "c1"}
    asked = {"query": words(rng)} if rng.random() < 0.3 else {"messages": messages(rng)}
    waits, linked = rng.random() < 0.2, rng.random() < 0.3
    return _some(
        rng,
        ({} if waits else asked) | (turn_id if waits or linked else {}) | said,
        person(rng)
        | ({} if waits else {"response": words(rng, 40), "conversation_id": f"c{rng.randint(1, 99)}"})
        | {
            "feedback_id": f"fb-{rng.getrandbits(40)}", "revision": rng.randint(0, 3), "model": MODEL, "model_version": "v1",
            "retracted": False, "language": rng.choice(LANGUAGES), "rating": rating(rng), "correction": words(rng),
            "source_group": words(rng, 3), "tags": [rng.choice(WORDS[:10])], "occurred_at": moment(rng), "query": words(rng),
            "passages": passages(rng), "preferred": preferred(rng), "comment": words(rng),
            "reasons": [rng.choice(REASONS) for _ in range(rng.randint(0, 3))],
        },
    )  # fmt: skip


def turn(rng: random.Random) -> dict[str, Any]:
    """One answered turn, its question in the conversation or by itself."""
    asked: dict[str, Any] = {"messages": messages(rng)} if rng.random() < 0.7 else {"query": words(rng)}
    found: dict[str, Any] = person(rng) if rng.random() < 0.5 else {"conversation_id": f"c{rng.randint(1, 99)}"}
    return _some(
        rng,
        {"turn_id": f"t{rng.getrandbits(40)}", "response": words(rng, 40)} | asked | found,
        {
            "model": MODEL, "model_version": "v1", "language": rng.choice(LANGUAGES), "query": words(rng), "passages": passages(rng),
            "conversation_id": f"c{rng.randint(1, 99)}", "source_group": words(rng, 3), "latency_ms": round(1000 * rng.random(), 1),
            "prompt_tokens": rng.randint(0, 9_000), "completion_tokens": rng.randint(0, 900), "tags": ["web"], "occurred_at": moment(rng),
        },
    )  # fmt: skip


def person(rng: random.Random) -> dict[str, Any]:
    """A raw user, or one that is hashed already."""
    return {"user": f"user {rng.randint(1, 99)}"} if rng.random() < 0.5 else {"user_hash": f"{rng.getrandbits(128):032x}"}


def messages(rng: random.Random) -> list[dict[str, Any]]:
    """A conversation up to a question, in the forms that OpenAI's clients write: texts, parts, tool calls and their results."""
    said: list[dict[str, Any]] = [{"role": rng.choice(("system", "developer")), "content": words(rng)}] if rng.random() < 0.6 else []
    for number in range(rng.choice((0, 1, 1, 2))):
        said += [
            {"role": "user", "content": _content(rng)},
            {"role": "assistant", "content": words(rng, 30), "refusal": None, "annotations": []},
        ]
        if rng.random() < 0.7:
            call = {"id": f"call-{number}", "type": "function", "function": {"name": "search", "arguments": '{"q": "1591"}'}}
            said += [
                {"role": "assistant", "content": None, "tool_calls": [call], "function_call": None, "audio": None},
                {"role": "tool", "tool_call_id": f"call-{number}", "content": words(rng)},
            ]
    return [*said, {"role": "user", "content": _content(rng)} | ({"name": "visitor"} if rng.random() < 0.2 else {})]


def _content(rng: random.Random) -> Any:
    return words(rng) if rng.random() < 0.6 else [{"type": "text", "text": words(rng)} for _ in range(rng.randint(1, 3))]


def passages(rng: random.Random) -> list[dict[str, Any]]:
    """What was retrieved."""
    return [
        _some(
            rng, {"text": words(rng, 30)}, {"id": f"p{rank}", "doc_id": "d-1", "rank": rank, "score": round(rng.random(), 2), "cited": True}
        )
        for rank in range(1, rng.randint(1, 4))
    ]


def preferred(rng: random.Random) -> dict[str, Any]:
    """The answer that was chosen instead."""
    return {"answer": words(rng, 20), "how": rng.choice(("arena", "regenerated", "edited"))}


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
