"""What got better and worse, in questions of 100 with the reach of chance, as a part of the page. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from gpu_runner.evaluate.report_page.intervals import intervals_of
from gpu_runner.evaluate.report_page.outcomes import outcome_of
from gpu_runner.gate.statistics import PairedDifferences, sign_flip_p
from ops.lineage.explain.facts import VersionFacts
from ops.lineage.explain.html import paragraph, quoted, section, subheading, table
from ops.lineage.explain.said import cut
from ops.lineage.explain.words import Both, as_it_is, named, points, tell

MOST_WORSE: Final = 25
MOST_BETTER: Final = 5
_LEVEL: Final = 0.025
# In this order; sets that are not named here come after them.
_SETS: Final = ("repair", "holdout", "old_facts", "earlier_repair", "dataset", "all")
# What "right" is called: by the rule of the item's kind, before that rule by exact match.
_HEADLINES: Final = ("fixed", "em_guarded", "exact_match")


def changed_section(facts: VersionFacts) -> str:
    """A row a set and language, then the questions that got worse, with their words where they are kept."""
    if facts.registered:
        return section("changed", paragraph(tell("changed.not_seen")))
    if facts.record.get("verdict") == "bootstrap":
        return section("changed", paragraph(tell("changed.not_measured")))
    scores = facts.scores
    if scores is None or {"baseline", "candidate"} - scores.get("aggregates", {}).keys():
        return section("changed", paragraph(tell("changed.no_scores")))
    head = tuple(tell(f"changed.{name}") for name in ("what", "items", "before", "after", "change"))
    shown = table("changed", head, [_row(one) for one in _measured(scores)])
    return section("changed", paragraph(tell("changed.how"), "quiet"), shown, *_items(facts, scores))


def regressed_items(facts: VersionFacts) -> list[Mapping[str, Any]]:
    """The items that were right before and are wrong now, in the order in which they were asked."""
    items = (facts.scores or {}).get("items") or ()
    return [item for item in items if "baseline" in item and outcome_of(item) == "regressed"]


@dataclass(frozen=True, slots=True)
class MeasuredChange:
    """One row: shares of right answers before and now, the gain's 95 % interval, and whether the change is more than chance makes."""

    name: Both
    items: int
    before: float
    after: float
    gain: Sequence[float] | None
    clear: bool


def _measured(scores: Mapping[str, Any]) -> Iterator[MeasuredChange]:
    """Each set, and each language of a set that has several."""
    aggregates = scores["aggregates"]
    before, after = aggregates["baseline"], aggregates["candidate"]
    metric = next((name for name in _HEADLINES if name in after.get("all", {}).get("all", {})), None)
    if metric is None:
        return
    intervals = intervals_of(scores["items"], _only(aggregates, metric))
    for item_set in sorted(after, key=lambda name: (_SETS.index(name) if name in _SETS else len(_SETS), name)):
        languages = after[item_set]
        for language, figures in languages.items():
            if language != "all" and len(languages) == 2:
                continue  # one language alone says what all say
            name = named("set", item_set) if language == "all" else tell("set.in_language", language=named("language", language))
            gain = intervals.get(item_set, {}).get(language, {}).get(metric, {}).get("gain")
            clear = gain is not None and not gain[0] <= 0 <= gain[1] and _beyond_chance(scores["items"], item_set, language, metric)
            first, now = float(before[item_set][language][metric]), float(figures[metric])
            yield MeasuredChange(name, int(figures["items"]), first, now, gain, clear)


def _beyond_chance(items: Sequence[Mapping[str, Any]], item_set: str, language: str, metric: str) -> bool:
    """By the gate's own test, two-sided at 5 %: resampling alone finds a change in four groups clear, which one toss in sixteen gives."""
    chosen = [item for item in items if item_set in ("all", item["set"]) and language in ("all", item["language"])]
    field = "em" if metric == "fixed" else metric
    changes = tuple(float(item["candidate"][field]) - float(item["baseline"][field]) for item in chosen)
    sign = 1.0 if sum(changes) > 0 else -1.0
    turned = PairedDifferences(tuple(sign * one for one in changes), tuple(str(item["group"]) for item in chosen))
    return sign_flip_p(turned, seed=0) <= _LEVEL


def _only(aggregates: Mapping[str, Any], metric: str) -> dict[str, Any]:
    """The figures of one metric: intervals of forty others would cost forty times as much."""
    return {
        side: {
            item_set: {language: {metric: figures[metric]} for language, figures in languages.items() if metric in figures}
            for item_set, languages in aggregates[side].items()
        }
        for side in ("baseline", "candidate")
    }


def _row(one: MeasuredChange) -> tuple[Both, ...]:
    shares = (as_it_is(points(share, signed=False)) for share in (one.before, one.after))
    return one.name, as_it_is(f"{one.items:,}"), *shares, _change(one)


def _change(one: MeasuredChange) -> Both:
    change = one.after - one.before
    if one.gain is None:
        return tell("changed.same") if abs(change) < 1e-9 else tell("changed.few", change=points(change))
    kind = "unclear" if not one.clear else "better" if change > 0 else "worse"
    return tell(f"changed.{kind}", low=points(one.gain[0]), high=points(one.gain[1]))


def _items(facts: VersionFacts, scores: Mapping[str, Any]) -> Iterator[str]:
    outcomes = Counter(outcome_of(item) for item in scores["items"] if "baseline" in item)
    same = outcomes["right_on_both"] + outcomes["wrong_on_both"]
    first = frozenset(((facts.record.get("gate") or {}).get("driver") or {}).get("failing_ids", ()))
    yield paragraph(tell("changed.counts", fixed=outcomes["fixed"], regressed=outcomes["regressed"], same=same))
    for outcome, key, most in (("regressed", "changed.regressed", MOST_WORSE), ("fixed", "changed.fixed", MOST_BETTER)):
        found = [item for item in scores["items"] if "baseline" in item and outcome_of(item) == outcome]
        if not found:
            if outcome == "regressed":
                yield paragraph(tell("changed.regressed_none"))
            continue
        yield subheading(tell(key))
        told = sorted((item for item in found if item["item_id"] in facts.words), key=lambda item: item["item_id"] not in first)
        yield from (_words(facts, item) for item in told[:most])
        if len(told) > most:
            yield paragraph(tell("changed.more", n=len(told) - most), "quiet")
        if len(told) < len(found):
            yield paragraph(tell("changed.without_words", n=len(found) - len(told)), "quiet")


def _words(facts: VersionFacts, item: Mapping[str, Any]) -> str:
    words, language = facts.words[item["item_id"]], str(item["language"])
    answers = [
        (tell(key), cut(words.answers[side]) or tell("changed.silent"), language)
        for key, side in (("changed.was", "baseline"), ("changed.now", "candidate"))
        if side in words.answers
    ]
    kind = named("set", str(item["set"]))
    return quoted(
        (
            (kind, cut(words.question), language),
            (tell("changed.reference"), cut(words.references[0]) if words.references else "", language),
            *answers,
        )
    )
