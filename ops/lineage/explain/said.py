"""What users said and what was trained of it, as parts of the page. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from gpu_runner.dataset.rows import TrainingRow
from ops.lineage.explain.facts import VersionFacts
from ops.lineage.explain.html import bullets, paragraph, quoted, section, subheading, table
from ops.lineage.explain.words import Both, as_it_is, listed, named, sentences, tell
from schemas.holdout import normalise_group

MOST_EXAMPLES: Final = 8
MOST_TOPICS: Final = 8
MOST_CHARACTERS: Final = 400
_ORIGINS: Final = (
    "correction", "documents", "document", "dataset", "replay", "earlier_repair", "earlier", "lineage_rows", "lineage_items",
    "holdout", "old_facts", "repair",
)  # fmt: skip


def said_section(facts: VersionFacts) -> str:
    """Counts of kinds, languages, reasons and topics, then some of the words that are still kept."""
    record = facts.record
    if facts.registered:
        return section("said", paragraph(tell("said.elsewhere")))
    if record.get("verdict") == "bootstrap":
        return section("said", paragraph(tell("said.nothing")))
    said: Mapping[str, Any] | None = record.get("said")
    parts = []
    if said is None:
        parts += [paragraph(tell("said.unknown")), paragraph(tell("said.of_samples", n=len(record.get("sample_ids") or ())))]
    else:
        parts.append(paragraph(tell("said.total", feedback=int(said["feedback"]), documents=int(said["documents"]))))
        rows = [(named("kind", name), as_it_is(f"{count:,}")) for name, count in _most_first(said["kinds"])]
        left_out = ((tell("said.of_these", what=named("kind", f"left_{name}")), count) for name, count in _most_first(said["left_out"]))
        rows += [(what, as_it_is(f"{count:,}")) for what, count in left_out]
        parts.append(table("said", (tell("said.kinds"), tell("said.count")), rows))
        parts += [
            paragraph(tell(f"said.{name}", list=_counts(f"{name[:-1]}", said[name]))) for name in ("languages", "reasons") if said[name]
        ]
    by_sample = _first_rows(facts.rows)
    if said is None and by_sample:
        parts.append(paragraph(tell("said.languages", list=_counts("language", Counter(row.language for row in by_sample.values())))))
    topics = _topics(by_sample.values())
    if topics:
        parts.append(paragraph(tell("said.topics", list=listed(as_it_is(f"{name} ({count})") for name, count in topics))))
    return section("said", *parts, *_examples(facts, by_sample))


def _examples(facts: VersionFacts, by_sample: Mapping[str, TrainingRow]) -> Iterator[str]:
    yield subheading(tell("said.words"))
    shown = _of_each_language(by_sample.values())[:MOST_EXAMPLES]
    if not shown:
        yield paragraph(tell("said.words_none"))
        return
    yield paragraph(tell("said.words_note"), "quiet")
    corrected = {one.sample_id: one.rejected for one in facts.words.values() if one.sample_id is not None and one.rejected}
    for row in shown:
        answered = row.rejected or corrected.get(str(row.sample_id)) or ""
        yield quoted(
            (
                (tell("said.question"), cut(row.prompt), row.language),
                (tell("said.was_answered"), cut(answered), row.language),
                (tell("said.right"), cut(row.completion), row.language),
            )
        )


def trained_section(facts: VersionFacts) -> str:
    """What it began from, what it was taught, what it was kept from forgetting, and what was left out."""
    record = facts.record
    if facts.registered:
        base = record.get("base_model")
        return section("trained", paragraph(tell("trained.elsewhere", base=as_it_is(str(base)) if base else tell("trained.unnamed"))))
    if record.get("verdict") == "bootstrap":
        sizes = [tell("trained.guard_size", name=guard_name(str(one["name"])), n=int(one["items"])) for one in record.get("guards") or ()]
        guarded = [paragraph(tell("trained.guarded", list=listed(sizes)))] if sizes else []
        return section("trained", paragraph(tell("trained.nothing", base=str(record.get("base_model")))), *guarded)
    counts: Mapping[str, int] = record.get("counts") or {}
    training: Mapping[str, Any] = record.get("training") or {}
    new, replay = (int(counts.get(name) or training.get(other) or 0) for name, other in _ROWS)
    baseline = str((record.get("baseline") or {}).get("version"))
    lines = [
        tell("trained.from", baseline=baseline, rows=new, samples=len(record.get("sample_ids") or ())),
        tell("trained.replay", replay=replay),
    ]
    if training.get("steps"):
        first, last = (_figure(training.get(name)) for name in ("first_loss", "last_loss"))
        lines.append(
            tell("trained.effort", steps=int(training["steps"]), minutes=_lasting(training.get("seconds")), first=first, last=last)
        )
    if too_long := record.get("rows_too_long"):
        lines.append(tell("trained.too_long", n=int(too_long)))
    if renewed := record.get("withdrawn"):
        lines.append(tell("trained.renewed", n=len(renewed)))
    return section("trained", bullets(lines), *_left_out(record))


_ROWS: Final = (("new_training_rows", "new_rows"), ("replay_rows", "replay_rows"))


def _left_out(record: Mapping[str, Any]) -> Iterator[str]:
    told = [(_why(name), as_it_is(f"{count:,}")) for name, count in _most_first(record.get("dropped") or {}) if count]
    if not told:
        yield paragraph(tell("trained.all_used"))
        return
    yield subheading(tell("trained.left_out"))
    yield table("trained", (tell("trained.why"), tell("trained.count")), told)
    if waiting := len(record.get("quarantined") or ()):
        yield paragraph(tell("trained.review", n=waiting))


def _why(name: str) -> Both:
    """A reason of preparation in words: the whole name, or what stands behind the name of a source of rows or items."""
    if f"left.{name}" in sentences():
        return tell(f"left.{name}")
    for origin in _ORIGINS:
        rest = name.removeprefix(f"{origin}_")
        if rest != name and f"left.{rest}" in sentences():
            return tell("trained.of_rows", why=tell(f"left.{rest}"), origin=tell(f"origin.{origin}"))
    return tell("trained.other", code=name)


def guard_name(name: str) -> Both:
    """A guard in words: a set, `language <tag>`, or either of them against the lineage's start."""
    if name.startswith("lineage_start "):
        return tell("guard.lineage_start", name=guard_name(name.partition(" ")[2]))
    if name.startswith("language "):
        return tell("guard.language", language=named("language", name.partition(" ")[2]))
    return named("guard", name)


def cut(text: str) -> str:
    """A text of at most some lines, cut after a word."""
    line = text.strip()
    return line if len(line) <= MOST_CHARACTERS else line[:MOST_CHARACTERS].rsplit(" ", 1)[0] + " …"


def _first_rows(rows: Iterable[TrainingRow]) -> dict[str, TrainingRow]:
    """The first row of each correction, which asks in the user's own words."""
    found: dict[str, TrainingRow] = {}
    for row in rows:
        if row.origin == "correction" and row.sample_id is not None:
            found.setdefault(row.sample_id, row)
    return found


def _of_each_language(rows: Iterable[TrainingRow]) -> list[TrainingRow]:
    """The rows, so that the languages take turns."""
    places: Counter[str] = Counter()
    turns = []
    for row in rows:
        turns.append((places[row.language], row.language, row))
        places[row.language] += 1
    return [row for _, _, row in sorted(turns, key=lambda turn: turn[:2])]


def _topics(rows: Iterable[TrainingRow]) -> list[tuple[str, int]]:
    """The groups that have a name of their own: of a question without a source the group is the question itself."""
    counted = Counter(row.group for row in rows if row.group and row.group != normalise_group(row.prompt))
    return counted.most_common(MOST_TOPICS)


def _counts(section_: str, counts: Mapping[str, int]) -> Both:
    told = ((named(section_, name), count) for name, count in _most_first(counts))
    return listed(Both(f"{both.en} ({count:,})", f"{both.hi} ({count:,})") for both, count in told)


def _most_first(counts: Mapping[str, int]) -> list[tuple[str, int]]:
    return sorted(counts.items(), key=lambda one: (-one[1], one[0]))


def _lasting(seconds: Any) -> Both:
    """The time of the training alone, of a record that has the seconds of each phase, or one figure."""
    spent = float((seconds.get("training") if isinstance(seconds, Mapping) else seconds) or 0)
    return tell("trained.minutes", n=round(spent / 60)) if spent >= 90 else tell("trained.seconds", n=max(1, round(spent)))


def _figure(value: Any) -> str:
    return f"{value:.2f}" if isinstance(value, int | float) else "?"
