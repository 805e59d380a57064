"""The memory's sample: within the cap, even over the lineage, and turning so that each correction has its turn."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from gpu_runner.dataset.memory.index import RememberedCorrection, index_file, index_of, read_index
from gpu_runner.dataset.memory.sampling import MemorySample, MemoryTurn, item_name, places_of, sample
from gpu_runner.dataset.rows import EvaluationItem


def asked(sample_id: str, wording: int, language: str = "en", group: str = "g") -> EvaluationItem:
    """A repair item of a correction of its own."""
    return EvaluationItem(
        f"{sample_id}-{wording}", "repair", f"{sample_id} in wording {wording}?", (f"answer {sample_id}",), language, group,
        sample_id=sample_id,
    )  # fmt: skip


def round_of(version: str, corrections: int, hindi: int = 0) -> list[EvaluationItem]:
    """The repair items of a version that learnt so many corrections, so many of them in Hindi, of ten groups."""
    return [
        asked(f"{version}c{number}", wording, "hi" if number < hindi else "en", f"group {number % 10}")
        for number in range(corrections)
        for wording in (0, 1)
    ]


Lineage = Sequence[tuple[str, Sequence[EvaluationItem]]]


def remembered(lineage: Lineage) -> list[EvaluationItem]:
    """The items as later rounds have them."""
    return [replace(item, id=item_name(version, item.id), set="earlier_repair") for version, items in lineage for item in items]


def turn(lineage: Lineage, run: int) -> MemoryTurn:
    return MemoryTurn(places_of((version, index_of(items)) for version, items in lineage), run)


def run_of(lineage: Lineage, run: int, cap: int = 300, seed: int = 0) -> MemorySample:
    return sample(remembered(lineage), turn(lineage, run), cap=cap, seed=seed)


def corrections_in(found: MemorySample) -> set[str]:
    return {str(item.sample_id) for item in found.items}


def test_a_small_memory_is_asked_whole() -> None:
    """Up to the cap nothing is drawn."""
    lineage = [("v1", round_of("v1", 100)), ("v2", round_of("v2", 50))]
    found = run_of(lineage, run=7)
    assert len(found.items) == 300
    assert (found.asked, found.corrections, found.period) == (150, 150, 1)
    assert run_of([], run=1).items == ()


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(0, 25), min_size=1, max_size=5), st.integers(10, 40), st.integers(0, 3), st.integers(0, 1000))
def test_each_correction_is_asked_within_the_stated_number_of_runs_however_the_memory_grows(
    rounds: list[int], cap: int, seed: int, start: int
) -> None:
    """A round is added after each run; in the last period's number of runs every correction that was there all the time had its turn."""
    lineage: list[tuple[str, list[EvaluationItem]]] = []
    history: list[tuple[set[str], set[str]]] = []  # what was there, what was asked
    for number, size in enumerate([*rounds, *([0] * 12)]):
        if size:
            lineage.append((f"v{number}", round_of(f"v{number}", size, hindi=size // 3)))
        found = run_of(lineage, start + number, cap=cap, seed=seed)
        assert len(found.items) <= cap
        history.append(({str(item.sample_id) for item in remembered(lineage)}, corrections_in(found)))
        if len(history) >= found.period:
            window = history[-found.period :]
            there = set.intersection(*(known for known, _ in window))
            assert there <= set().union(*(taken for _, taken in window))


def test_what_is_withdrawn_or_taken_back_delays_no_other_correction() -> None:
    """Numbers come from the versions' own lists, which stay: the turns of those that are left are as they were."""
    lineage = [(f"v{number}", round_of(f"v{number}", 100)) for number in range(1, 9)]
    gone = {f"v1c{number}" for number in range(0, 100, 3)}
    seen: set[str] = set()
    period = run_of(lineage, 0, cap=300).period
    for run in range(period):
        items = [item for item in remembered(lineage) if run < period // 2 or item.sample_id not in gone]
        seen |= corrections_in(sample(items, turn(lineage, run), cap=300, seed=0))
    assert {str(item.sample_id) for item in remembered(lineage)} - gone <= seen


def test_a_run_covers_rounds_languages_and_groups_evenly() -> None:
    """Of each round, and each language of a round, at least its share by the period; the rest of the cap favours no large round."""
    lineage = [("v1", round_of("v1", 400, hindi=100)), ("v2", round_of("v2", 40, hindi=20)), ("v3", round_of("v3", 4, hindi=2))]
    languages = {str(item.sample_id): (version, item.language) for version, items in lineage for item in items}
    sizes = Counter(languages.values())
    for run in range(8):
        found = run_of(lineage, run)
        assert (len(found.items), found.period) == (300, 4)
        counts = Counter(languages[name] for name in corrections_in(found))
        assert all(counts[stratum] >= size // found.period for stratum, size in sizes.items())
        by_round = Counter(name.split("c", 1)[0] for name in corrections_in(found))
        assert by_round["v3"] == 4
        assert by_round["v2"] >= 20  # of the 39 places that were left, and not 11 of 40 by its size
        groups = Counter(item.group for item in found.items if item.id.startswith("v1."))
        assert max(groups.values()) <= 1.5 * min(groups.values())


def test_a_run_is_decided_by_its_number_and_the_seed() -> None:
    """In any order of the items; another run or another seed asks others."""
    lineage = [(f"v{number}", round_of(f"v{number}", 100)) for number in range(1, 5)]
    first = run_of(lineage, 3)
    assert sample(reversed(remembered(lineage)), turn(lineage, 3), cap=300, seed=0) == first
    assert [item.id for item in first.items] == sorted(item.id for item in first.items)
    assert corrections_in(run_of(lineage, 4)) != corrections_in(first)
    assert corrections_in(run_of(lineage, 3, seed=1)) != corrections_in(first)


def test_a_correction_is_asked_with_all_its_wordings_or_not_at_all() -> None:
    """Half of its wordings would say nothing that can be compared with an earlier run."""
    found = run_of([("v1", round_of("v1", 100))], 1, cap=51)
    assert set(Counter(item.sample_id for item in found.items).values()) == {2}


def test_items_that_no_list_speaks_of_are_asked_too() -> None:
    """Numbered behind the others by language and sample, whatever their order."""
    items = remembered([("v1", round_of("v1", 30))])
    seen: set[str] = set()
    period = sample(items, MemoryTurn(), cap=20, seed=0).period
    for run in range(period):
        seen |= corrections_in(sample(items, MemoryTurn({}, run), cap=20, seed=0))
    assert len(seen) == 30


def test_the_list_of_a_version_holds_no_word_and_is_read_as_it_was_written() -> None:
    """Wordings of one correction are one entry; several facts of one document are several, by the names of their items."""
    pages = [EvaluationItem(f"p{n}", "repair", f"page {n}?", (f"answer {n}",), "hi", "Secret Fort", sample_id="doc") for n in (1, 2)]
    index = index_of([*round_of("v1", 3), *pages])
    assert {one.id for one in index if one.sample_id != "doc"} == {f"v1c{number}" for number in range(3)}
    assert {one.id: one.items for one in index if one.sample_id == "doc"} == {"p1": ("p1",), "p2": ("p2",)}
    data = index_file(index)
    assert read_index(data) == index
    assert index_of(reversed([*round_of("v1", 3), *pages])) == index
    assert not any(word in data.decode() for word in ("Secret", "page", "answer", "wording"))
    assert RememberedCorrection("v1c0", "v1c0", "en", index[0].group, ("v1c0-0", "v1c0-1")) in index
