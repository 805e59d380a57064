"""What became of the feedback: counted from the samples of stage 1."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final

CLASSES: Final = ("correction", "preference", "answerable", "bare")


def newest(samples: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Of each feedback the revision that counts, without what was retracted; `samples` are `sample.collected` in their order."""
    found: dict[str, Mapping[str, Any]] = {}
    for sample in samples:
        if sample["kind"] == "feedback" and sample["revision"] >= found.get(sample["sample_id"], sample)["revision"]:
            found[sample["sample_id"]] = sample
    return [sample for sample in found.values() if not sample.get("retracted")]


def what_became(samples: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """Negatives by class, those of a release before as `unclassed`; corrections that were left out by the reason; joined turns."""
    kept = newest(samples)
    negatives = [sample for sample in kept if sample.get("negative")]
    classes = Counter(sample.get("negative_class") or "unclassed" for sample in negatives)
    left_out = Counter(sample["left_out"] for sample in kept if sample.get("left_out"))
    return {
        "feedback": len(kept),
        "negatives": len(negatives),
        **{name: classes[name] for name in CLASSES},
        **({"unclassed": classes["unclassed"]} if classes["unclassed"] else {}),
        "complaints": left_out.pop("complaint", 0),
        **{f"left_out_{reason}": count for reason, count in sorted(left_out.items())},
        "joined_turns": sum(bool(sample.get("turn_id") and sample.get("response", "").strip()) for sample in kept),
        "conversations": sum(bool(sample.get("messages")) for sample in kept),
        "quarantined": sum(sample.get("quarantine") is not None for sample in kept),
    }


def in_a_sentence(became: Mapping[str, int]) -> str:
    """The same in a sentence for the terminal."""
    return (
        f"Of {became['feedback']} ratings {became['negatives']} were bad: {became['correction']} with a correction, "
        f"{became['preference']} with a preferred answer, {became['answerable']} with passages alone, {became['bare']} bare; "
        f"{became['complaints']} complaints were kept as comments, {became['joined_turns']} ratings got their words from a turn."
    )
