"""Recall of each kind of structural damage, and false flags among real words."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from bench.script.damage import Change, damaged
from bench.script.material import Part, paragraphs, stories, texts
from bench.script.structural_damage import STRUCTURAL
from gpu_runner.text.script import LexicalModel, StructuralFault, check_text, examine, structural_faults
from gpu_runner.text.script.base_words import base_counts, base_model
from gpu_runner.text.script.letters import placed_words
from gpu_runner.text.script.lexical import count_words

SHARE: Final = 0.05
# Parts of consecutive training stories, each judged by a vocabulary of the other parts.
_FOLDS: Final = 8
_LISTED: Final = Path(__file__).with_name("typing_errors.txt")


def typing_errors() -> frozenset[str]:
    """The real typing errors among the words, listed by reading."""
    lines = _LISTED.read_text(encoding="utf-8").splitlines()
    return frozenset(line for line in lines if line and not line.startswith("#"))


def recall(seed: int, part: Any = "measured", most_texts: int | None = None) -> dict[str, Any]:
    """Of each kind and variant: the share of damaged words told, of texts told, and what `examine` alone tells."""
    found = texts(part)
    sample = [text for source in found.values() for text in source[:most_texts]]
    return {
        kind: {name: _of_one(sample, change, random.Random(f"{seed} {kind} {name}")) for name, change in variants.items()}
        for kind, variants in STRUCTURAL.items()
    }


def _of_one(sample: list[str], change: Change, rng: random.Random) -> dict[str, Any]:
    told = words = texts_told = either = before = hurt_texts = 0
    for text in sample:
        (hurt,), changes = damaged([text], change, SHARE, rng)
        if not changes:
            continue
        faults = check_text(hurt, "hi").faults
        missed = [new for _, new in changes if not any(_is_told(new, fault) for fault in faults)]
        report = examine(hurt)
        told += len(changes) - len(missed)
        words += len(changes)
        hurt_texts += 1
        texts_told += bool(faults)
        either += bool(faults) or base_model().report(hurt).suspect  # asked only of the few that have no fault
        before += bool(report.malformed_words or report.latin_mid_word)
    return {
        "words": words, "recall_of_words": _share(told, words), "texts": hurt_texts, "recall_of_texts": _share(texts_told, hurt_texts),
        "texts_told_or_suspect": _share(either, hurt_texts), "texts_by_examine_alone": _share(before, hurt_texts),
    }  # fmt: skip


def _is_told(new: str, fault: StructuralFault) -> bool:
    """The fault's word is the damaged one or has it within; a misread word loses what looks like a stop at its border."""
    return new in fault.word or (fault.kind == "mojibake" and fault.word in new)


def _share(part: int, whole: int) -> float:
    return round(part / whole, 4) if whole else 1.0


def false_flags() -> dict[str, Any]:
    """Every flag among the real words that is no listed typing error, and the rate in 30,000 words.

    No text is judged by a vocabulary that learnt it: the training stories, a part at a time, by one of the other parts.
    """
    listed = typing_errors()
    sources = [("measured", _unlearnt("measured")), ("chosen", _unlearnt("chosen")), ("learnt by the others", list(_by_the_others()))]
    told: dict[str, Any] = {}
    flags: Counter[str] = Counter()
    words = 0
    for name, judged in sources:
        found = Counter(fault.word for text, model in judged for fault in check_text(text, "hi", model=model).faults)
        count = sum(1 for text, _ in judged for _ in placed_words(text))
        false = {word: number for word, number in found.items() if word not in listed}
        told[name] = {"words": count, "false": false, "false_in_30000": round(30_000 * sum(false.values()) / count, 3)}
        flags += found
        words += count
    everything = [text for _, judged in sources for text, _ in judged]
    before = Counter(word for text in everything for word in (*examine(text).malformed_words, *examine(text).latin_mid_word))
    letters = Counter(fault.word for text in everything for fault in structural_faults(text))
    false = {word: count for word, count in flags.items() if word not in listed}
    return {
        "words": words,
        "by_source": told,
        "typing_errors_told": sum(count for word, count in flags.items() if word in listed),
        "typing_errors_missed": sorted(word for word in listed if word not in flags),
        "false": false,
        "false_in_30000": round(30_000 * sum(false.values()) / words, 3),
        "by_letters_alone_in_30000": round(30_000 * sum(count for word, count in letters.items() if word not in listed) / words, 3),
        "by_examine_alone_in_30000": round(30_000 * sum(count for word, count in before.items() if word not in listed) / words, 3),
    }


def _unlearnt(part: Part) -> list[tuple[str, LexicalModel]]:
    model = base_model()
    texts_of = [paragraph.text for paragraph in paragraphs(part)] + stories("dev" if part == "chosen" else "test")
    return [(text, model) for text in texts_of]


def _by_the_others() -> Iterator[tuple[str, LexicalModel]]:
    found = stories("train")
    web = Counter(base_counts()) - count_words(found)
    for number in range(_FOLDS):
        start, end = (len(found) * place // _FOLDS for place in (number, number + 1))
        model = LexicalModel(web + count_words([*found[:start], *found[end:]]))
        yield from ((text, model) for text in found[start:end])
