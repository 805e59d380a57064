"""Figures of what was asked and corrected: which sentence answers, what rare words are shared, what was put in a word's place. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from gpu_runner.evaluate.long_answers.alignment import align
from gpu_runner.evaluate.long_answers.comparison import WEIGHTS, Compared, core_sentences, denied_anew, novel_units
from gpu_runner.evaluate.long_answers.features import by_closeness, features
from gpu_runner.evaluate.long_answers.lexicon import ranks
from gpu_runner.evaluate.long_answers.units import Unit, Units

# Words more common than this rank say nothing of the subject; one beyond the list says all.
_COMMON: Final = 60
_MOST_RARE: Final = 5.0


# From this share of words that run along with the reference on, an answer is a copy of it with something changed.
COPIED: Final = 0.8
_WHOLLY: Final = 0.95
# From this share of the reference that runs along on, the answer has it whole; a sentence of fewer of its words is another one.
WHOLE: Final = 0.97
LEAST_COPIED: Final = 0.7
# What tells of a copy: in it a replacement is no other wording.
OF_COPIES: Final = (
    *("number_conflict", "name_conflict", "word_conflict", "put_number", "put_name", "put_other", "put_single", "put_any_number", "moved"),
    *("put_denial", "lost_denial", "put_opposite", "exchanged", "swapped", "links_made", "old_links", "changed_sentences"),
    *(
        "none_changed",
        "none_replaced",
        "replaced_recall",
        "lead_recall",
        "answering_recall",
        "extra_sentences",
        "denials_more",
        "denials_fewer",
    ),
)


def english_figures(pair: Compared, answer: str, *, chrf: float, chrf_of_rejected: float) -> dict[str, float]:
    """Every figure of `features` and of this module by closeness, and those of copies once more for a copy; `answer` is the text itself."""
    pair = without_added(pair)
    found = features(pair, chrf=chrf, chrf_of_rejected=chrf_of_rejected) | asked_figures(pair)
    # How far an answer's words are must speak neither way by itself: it would be the share of paraphrases in a set.
    del found["far"]
    found["asks_back"] = float("?" in answer)
    placed = [place for place in pair.alignment.places if place is not None]
    covered = max(len(placed) / max(1, len(pair.alignment.answer)), len(placed) / max(1, len(pair.alignment.reference)))
    copy = min(1.0, max(0.0, (covered - COPIED) / (_WHOLLY - COPIED)))
    return by_closeness(found) | {"copy": copy} | {f"{name}*copy": copy * found[name] for name in OF_COPIES}


def without_added(pair: Compared) -> Compared:
    """Without the sentences that stand beside a whole copy of the reference: they were added. One that denies keeps its place."""
    alignment = pair.alignment
    if len({place for place in alignment.places if place is not None}) < WHOLE * len(alignment.reference):
        return pair
    units = pair.answer
    known = set(pair.reference.words)
    by_sentence: dict[int, list[str]] = {}
    for word, sentence in zip(units.words, units.sentences, strict=True):
        by_sentence.setdefault(sentence, []).append(word)
    contrary = {unit.sentence for unit in denied_anew(pair)}
    added = {
        sentence
        for sentence, words in by_sentence.items()
        if sentence not in contrary and sum(word in known for word in words) < LEAST_COPIED * len(words)
    }
    if not added:
        return pair
    kept = tuple(unit for unit in units.units if unit.sentence not in added)
    spared = [at for at, sentence in enumerate(units.sentences) if sentence not in added]
    at_new = {at: new for new, at in enumerate(spared)}
    answer = Units(
        tuple(replace(unit, place=at_new[unit.place]) for unit in kept),
        tuple(units.words[at] for at in spared),
        tuple(units.sentences[at] for at in spared),
        frozenset(key for unit in kept for key in unit.keys),
    )
    return replace(pair, answer=answer, alignment=align(answer, pair.reference))


def asked_figures(pair: Compared) -> dict[str, float]:
    """Every figure of this module by its name; all are 0 to 1."""
    return _subject(pair) | _answering(pair) | _replaced(pair) | _opposed(pair)


def rarity(unit: Unit) -> float:
    """How much a unit tells of the subject: 1 for numbers, names and words beyond the common ones, down to 0 for the commonest."""
    if unit.kind == "denial":
        return 0.0
    if unit.kind != "content":
        return 1.0
    known = ranks()
    found = [known[word] for key in unit.keys if key.startswith("w ") for word in key[2:].split() if word in known]
    if not found:
        return 1.0
    return min(1.0, max(0.0, math.log((max(found) + 1) / _COMMON) / math.log(len(known) / _COMMON)))


def _subject(pair: Compared) -> dict[str, float]:
    """Whether the answer is on the question's subject: rare units shared with the reference and with the question."""
    known = pair.reference.keys
    fresh = {unit.text: rarity(unit) for unit in pair.answer.units if unit.keys & known and not unit.keys & pair.asked}
    asked = {unit.text: rarity(unit) for unit in pair.answer.units if unit.keys & pair.asked}
    total = sum(rarity(unit) for unit in pair.answer.units)
    shared = sum(rarity(unit) for unit in pair.answer.units if unit.keys & (known | pair.asked))
    return {
        "rare_shared": min(_MOST_RARE, sum(fresh.values())) / _MOST_RARE,
        "none_rare": max(0.0, 1 - sum(fresh.values())),
        "rare_asked": min(3.0, sum(asked.values())) / 3,
        "on_subject": min(_MOST_RARE, sum(fresh.values()) + sum(asked.values())) / _MOST_RARE,
        "rare_precision": shared / total if total else 0.0,
        "no_number": float(bool(_new_of(pair, "number")) and not pair.answer.of("number")),
        "no_name": float(bool(_new_of(pair, "name")) and not pair.answer.of("name")),
    }


def _new_of(pair: Compared, kind: str) -> list[Unit]:
    return [unit for unit in pair.reference.units if unit.kind == kind and not unit.keys & pair.asked]


def _answering(pair: Compared) -> dict[str, float]:
    """How much the answer has of the sentences that answer the question, and of the correction in the worst of them."""
    by_sentence: dict[int, list[Unit]] = {}
    for unit in pair.reference.units:
        by_sentence.setdefault(unit.sentence, []).append(unit)
    total = found = 0.0
    worst, best_asked, first = 1.0, -1.0, 1.0
    for units in by_sentence.values():
        asked = sum(rarity(unit) for unit in units if unit.keys & pair.asked)
        rest = [unit for unit in units if not unit.keys & pair.asked]
        changed = [unit for unit in rest if unit in pair.changed]
        if rest:
            total += asked
            found += asked * _recall(rest, pair)
        if changed:
            told = _recall(changed, pair)
            worst = min(worst, told)
            if asked > best_asked:
                best_asked, first = asked, told
    lead = [unit for unit in pair.reference.units if unit.sentence == pair.reference.units[0].sentence and not unit.keys & pair.asked]
    return {
        "lead_recall": _recall(lead, pair) if lead else 0.5,
        "answering_recall": found / total if total else 0.5,
        "worst_changed": worst,
        "asked_changed": first,
        "asked_unchanged": float(first == 0.0),
    }


def _replaced(pair: Compared) -> dict[str, float]:
    """What the correction put in the place of rejected words, and what the answer puts in the place of the reference's."""
    replaced: list[Unit] = []
    if pair.rejected is not None:
        for gap in align(pair.rejected, pair.reference).gaps:
            kept = {key for unit in gap.put for key in unit.keys}
            replaced += [unit for unit in gap.left if not unit.keys & kept and not unit.keys & pair.rejected.keys]
    singles = numbers = 0
    for gap in pair.alignment.gaps:
        put = [unit for unit in gap.put if not any(unit.keys & other.keys for other in gap.left)]
        left = [unit for unit in gap.left if not any(unit.keys & other.keys for other in gap.put)]
        singles += len(put) == len(left) == 1 and put[0].kind == left[0].kind and rarity(put[0]) > 0 and rarity(left[0]) > 0
        numbers += any(unit.kind == "number" for unit in put) and any(unit.kind == "number" for unit in left)
    return {
        "replaced_recall": _recall(replaced, pair) if replaced else 0.5,
        "none_replaced": float(bool(replaced) and not any(unit.keys & pair.answer.keys for unit in replaced)),
        "put_single": min(1.0, singles / 1.5),
        "put_any_number": min(1.0, numbers / 1.5),
    }


def _opposed(pair: Compared) -> dict[str, float]:
    """Denials more or fewer than the reference has where the answer says what it says, and opposites of either side."""
    core = core_sentences(pair)
    said = sum(unit.sentence in core for unit in pair.answer.of("denial"))
    sentences = {unit.sentence for unit in pair.reference.units if unit.kind != "denial" and unit.keys & pair.answer.keys}
    known = sum(unit.sentence in sentences for unit in pair.reference.of("denial"))
    missing = [unit for unit in pair.reference.units if not unit.keys & pair.answer.keys]
    novel = [unit for unit in novel_units(pair) if unit.sentence in core]
    met = any(unit.opposed & other.keys or other.opposed & unit.keys for unit in novel for other in missing)
    return {
        "denials_more": min(1.0, max(0, said - known) / 1.5),
        "denials_fewer": min(1.0, max(0, known - said) / 1.5),
        "odd_denials": float((said - known) % 2 == 1),
        "opposed": float(met),
    }


def _recall(units: Sequence[Unit], pair: Compared) -> float:
    """The weighted share of some of the reference's units that the answer has."""
    total = sum(WEIGHTS[unit.kind] for unit in units)
    return sum(WEIGHTS[unit.kind] for unit in units if unit.keys & pair.answer.keys) / total if total else 0.0
