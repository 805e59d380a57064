"""The figures that the rule for long answers weighs: an answer against one reference, the rejected answer and the question. Pure."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import Final

from gpu_runner.evaluate.long_answers.comparison import (
    Compared,
    changed_recall,
    changed_sentences,
    core_sentences,
    denied_anew,
    exchanged,
    fact_precision,
    fact_recall,
    likest,
    novel_units,
    said_old,
    unmatched_denials,
    unmet_opposites,
)
from gpu_runner.evaluate.long_answers.context import Link, likeness, linked, links, neighbours, part_of, places_of
from gpu_runner.evaluate.long_answers.units import Unit, Units

MOST_SWAPS_TRIED: Final = 14
# The share of an answer's distinct words that the reference has, below which it is in other words and above which in the same.
FAR, CLOSE = 0.35, 0.65
_MOST_HITS: Final = 5
# With fewer units that the question does not have, and a smaller share of units known, an answer is hardly about the same.
FEW_SHARED: Final = 3
LITTLE: Final = 0.15
# Of what only the reference links: below it nothing of a correction of relations alone is there.
FEW_LINKS: Final = 0.25


def features(pair: Compared, *, chrf: float, chrf_of_rejected: float) -> dict[str, float]:
    """Every figure by its name; chrF is 0 to 100. Without a rejected answer those about it are 0."""
    answer, reference = pair.answer, pair.reference
    words, known = set(answer.words), set(reference.words)
    precision = len(words & known) / max(1, len(words))
    telling = [
        unit for unit in answer.units if unit.keys & reference.keys and not unit.keys & pair.asked and unit.kind in ("number", "name")
    ]
    shared = [unit for unit in answer.units if unit.keys & reference.keys and not unit.keys & pair.asked]
    core = core_sentences(pair)
    inside = [unit for unit in answer.units if unit.sentence in core]
    found = {
        "precision": precision,
        "far": max(0.0, 0.5 - precision),
        "recall": len(words & known) / max(1, len(known)),
        "length": min(2.0, len(answer.words) / max(1, len(reference.words))),
        "fact_recall": fact_recall(pair),
        "fact_precision": fact_precision(pair),
        "core_precision": _share(inside, reference.keys | pair.asked),
        "extra_sentences": 1 - len(core) / max(1, len(set(answer.sentences))),
        "number_recall": _share(reference.of("number"), answer.keys),
        "name_recall": _share(reference.of("name"), answer.keys),
        "telling": min(len(telling), _MOST_HITS) / _MOST_HITS,
        "none_telling": float(not telling),
        "few_shared": max(0, FEW_SHARED - len({unit.text for unit in shared})) / FEW_SHARED,
        "little_precise": max(0.0, 1 - fact_precision(pair) / LITTLE),
        "shared": min(len(shared), 2 * _MOST_HITS) / (2 * _MOST_HITS),
        "chrf": chrf / 100,
    }
    return found | _novel(pair, core) | _changed(pair, chrf, chrf_of_rejected) | _in_place(pair) | _relations(pair) | _denials(pair)


def by_closeness(found: Mapping[str, float]) -> dict[str, float]:
    """Each figure twice, parted by the closeness of the words: near the reference other things tell than far from it."""
    close = min(1.0, max(0.0, (found["precision"] - FAR) / (CLOSE - FAR)))
    near = {f"{name}*close": value * close for name, value in found.items()}
    return {"close": close, **near, **{f"{name}*far": value * (1 - close) for name, value in found.items()}}


def _novel(pair: Compared, core: frozenset[int]) -> dict[str, float]:
    """Numbers and names that the reference does not have, in sentences that say what it says, and those that they stand for."""
    novel = [unit for unit in novel_units(pair) if unit.sentence in core]
    missing = [unit for unit in pair.reference.units if not unit.keys & pair.answer.keys]
    return {
        "novel_numbers": _few(sum(unit.kind == "number" for unit in novel)),
        "novel_names": _few(sum(unit.kind == "name" for unit in novel)),
        "number_conflict": likest(pair, novel, missing, "number"),
        "name_conflict": likest(pair, novel, missing, "name"),
        "word_conflict": likest(pair, novel, missing, "name", "content"),
        "novel_words": min(1.0, sum(unit.kind == "content" for unit in novel) / 4),
    }


def _changed(pair: Compared, chrf: float, chrf_of_rejected: float) -> dict[str, float]:
    numbers = [unit for unit in pair.changed if unit.kind == "number"]
    names = [unit for unit in pair.changed if unit.kind == "name"]
    again = said_old(pair)
    new_links, old_links = _links_of_one(pair, pair.rejected) if pair.rejected is not None else (0.0, 0.0)
    none = not any(unit.keys & pair.answer.keys for unit in pair.changed)
    out = {
        "changed_sentences": changed_sentences(pair),
        "changed_recall": changed_recall(pair),
        "changed_numbers": _share(numbers, pair.answer.keys),
        "changed_names": _share(names, pair.answer.keys),
        "none_changed": float(none and bool(pair.changed) and new_links < FEW_LINKS),
        "order_missing": float(pair.corrects and not numbers and not names and new_links < FEW_LINKS),
        "no_changed_number": float(bool(numbers) and not any(unit.keys & pair.answer.keys for unit in numbers)),
        "no_changed_name": float(bool(names) and not any(unit.keys & pair.answer.keys for unit in names)),
        "old_numbers": _few(sum(unit.kind == "number" for unit in again)),
        "old_names": _few(sum(unit.kind == "name" for unit in again)),
        "old_share": len(again) / len(pair.old) if pair.old else 0.0,
        "closer": 0.0,
        "closer_pairs": 0.0,
        "new_links": new_links,
        "old_links": old_links,
    }
    if pair.rejected is not None:
        out["closer"] = (chrf - chrf_of_rejected) / 100
        said = _pairs(pair.answer.words)
        new, old = _pairs(pair.reference.words), _pairs(pair.rejected.words)
        out["closer_pairs"] = (len(said & (new - old)) - len(said & (old - new))) / max(1, min(len(new - old), 8))
    return out


def _links_of_one(pair: Compared, rejected: Units) -> tuple[float, float]:
    """The shares of what only the reference links, and of what only the rejected answer links, that the answer links."""
    said = pair.answer.units
    places = places_of(said)

    def share(one: Units, other: Units) -> float:
        there = places_of(other.units)
        own = [link for link in links(one.units) if not linked(link, other.units, there)]
        return sum(bool(linked(link, said, places)) for link in own) / len(own) if own else 0.0

    return share(pair.reference, rejected), share(rejected, pair.reference)


def _in_place(pair: Compared) -> dict[str, float]:
    """Replacements between words that run along with the reference."""
    counts = dict.fromkeys(("put_number", "put_name", "put_other", "moved", "put_denial", "lost_denial", "put_opposite"), 0)
    core = core_sentences(pair)
    more = sum(unit.sentence in core for unit in pair.answer.of("denial")) - len(pair.reference.of("denial"))
    for gap in pair.alignment.gaps:
        keys = frozenset(key for unit in gap.left for key in unit.keys)
        put = [unit for unit in gap.put if not unit.keys & keys]
        said = frozenset(key for unit in gap.put for key in unit.keys)
        left = [unit for unit in gap.left if not unit.keys & said]
        fresh = [unit for unit in put if unit not in gap.moved and not unit.keys & pair.reference.keys]
        counts["put_denial"] += more > 0 and any(unit.kind == "denial" for unit in put)
        counts["lost_denial"] += more < 0 and any(unit.kind == "denial" for unit in left)
        counts["put_opposite"] += any(unit.keys & other.opposed for unit in put for other in left)
        counts["moved"] += any(
            unit.keys & pair.reference.keys and other.keys & pair.answer.keys and unit.kind == other.kind for unit in put for other in left
        )
        counts["put_number"] += _both(fresh, left, "number")
        counts["put_name"] += _both(fresh, left, "name")
        counts["put_other"] += bool(fresh) and bool(left)
    share = sum(place is not None for place in pair.alignment.places) / max(1, len(pair.alignment.places))
    broken = pair.alignment.runs / max(1, len(pair.alignment.places))
    return {name: _few(count) for name, count in counts.items()} | {
        "exchanged": _few(exchanged(pair)),
        "aligned": share,
        "broken": broken,
    }


def _both(put: Sequence[Unit], left: Sequence[Unit], kind: str) -> bool:
    return any(unit.kind == kind for unit in put) and any(unit.kind == kind for unit in left)


def _relations(pair: Compared) -> dict[str, float]:
    """Who did what to whom: units that play another part, pairs that have changed places, and links that are kept or made."""
    said, known = pair.answer.units, pair.reference.units
    here, there = places_of(said), places_of(known)
    other_part = parts = 0
    for unit in said:
        found = sorted({at for key in unit.keys for at in there.get(key, ())})
        part = part_of(pair.answer, unit)
        theirs = {part_of(pair.reference, known[at]) for at in found} - {""}
        if part and theirs and unit.kind != "denial":
            parts += 1
            other_part += part not in theirs
    kept = [state for link in links(known) if (state := linked(link, said, here)) is not None]
    made = [state for link in links(said) if (state := linked(link, known, there)) is not None]
    return {
        "other_part": other_part / parts if parts else 0.0,
        "swapped": _swapped(said, known),
        "links_kept": sum(kept) / len(kept) if kept else 0.5,
        "links_made": 1 - sum(made) / len(made) if made else 0.5,
    }


def _swapped(said: Sequence[Unit], known: Sequence[Unit]) -> float:
    """How much better two units of the answer fit each other's places in the reference than their own: 0 to 2."""
    there = places_of(known)
    found: list[tuple[int, list[int]]] = []
    for at, unit in enumerate(said):
        places = sorted({place for key in unit.keys for place in there.get(key, ())})
        if places and unit.kind in ("number", "name"):
            found.append((at, places))
    found = found[:MOST_SWAPS_TRIED]
    around = {at: neighbours(said, at) for at, _ in found}
    best = 0.0
    for number, (one, own) in enumerate(found):
        for other, others in found[number + 1 :]:
            if said[one].kind != said[other].kind or said[one].keys & said[other].keys:
                continue
            without = said[one].keys | said[other].keys

            def fit(at: int, places: Sequence[int], without: frozenset[str] = without) -> float:
                return max(likeness(around[at], neighbours(known, place), without=without) for place in places)

            best = max(best, fit(one, others) + fit(other, own) - fit(one, own) - fit(other, others))
    return best


def _denials(pair: Compared) -> dict[str, float]:
    return {
        "denies": _few(len(denied_anew(pair))),
        "denies_not": _few(len(unmatched_denials(pair.reference.units, pair.answer.units))),
        "opposites": _few(len(unmet_opposites(pair))),
    }


def _share(units: Sequence[Unit], keys: frozenset[str]) -> float:
    """The share that has a key there; a half where there are none, which says nothing either way."""
    return sum(bool(unit.keys & keys) for unit in units) / len(units) if units else 0.5


def _few(count: int) -> float:
    """A count of 0, 1, 2 or more as 0 to 1: the first says most."""
    return (0.0, 0.7, 1.0)[min(count, 2)]


def _pairs(words: Sequence[str]) -> set[Link | tuple[str, str]]:
    return set(itertools.pairwise(words))
