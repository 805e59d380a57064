"""What the guards of a model stand on is known from its bootstrap."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from gpu_runner.dataset.evaluation_items import LEAST_OF_A_LANGUAGE, MOST_ITEMS_OF_A_SET, assemble
from gpu_runner.dataset.rows import EvaluationItem, row_id
from gpu_runner.gate.guard_sizes import FEW_GROUPS, advice, guard_sizes, sizes_sentence
from gpu_runner.gate.policy import Policy
from schemas.holdout import is_holdout

KEY = b"a key"


def assigned(groups: int, each: int, percent: int, *, languages: tuple[str, ...] = ("hi",), key: bytes = KEY) -> list[EvaluationItem]:
    """Items of so many groups, held out by the hash."""
    out = []
    for number in range(groups * each):
        tag, group = languages[number % len(languages)], f"building {number // each}"
        held_out = is_holdout(group, key=key, percent=percent)
        out.append(EvaluationItem(f"i{number}", "holdout" if held_out else "old_facts", f"q {number}", ("कमल",), tag, group))
    return out


def test_k11_items_and_groups_of_each_guard_are_counted() -> None:
    """By set and by language, with what is needed."""
    items = assigned(72, 4, 10, languages=("hi", "en"))
    held_out = [item for item in items if item.set == "holdout"]
    sizes = {size.name: size for size in guard_sizes(Policy(), items, seed=0)}
    assert list(sizes) == ["holdout", "language hi", "language en", "old_facts", "script"]
    assert (sizes["holdout"].items, sizes["holdout"].groups) == (len(held_out), len({item.group for item in held_out}))
    assert sizes["language hi"].items == sizes["language en"].items == 144
    assert "holdout" in sizes_sentence(list(sizes.values()))


def test_k11_the_bootstrap_says_which_percentage_gives_enough() -> None:
    """What it recommends is enough: with it, nothing is short and nothing hangs on few groups, for any key."""
    for number in range(20):
        key = f"key {number}".encode()
        items = assigned(72, 4, 4, key=key)
        sizes = guard_sizes(Policy(languages=("hi",)), items, seed=0)
        said = advice(Policy(languages=("hi",)), items, sizes, key=key, percent=4, seed=0)
        assert said, "3 of 72 groups are few"
        percent = int(said[0].split("HOLDOUT_PERCENT=")[1].split()[0])
        better = assigned(72, 4, percent, key=key)
        found = guard_sizes(Policy(languages=("hi",)), better, seed=0)
        assert not [size for size in found if size.short() or size.groups < FEW_GROUPS]
        assert advice(Policy(languages=("hi",)), better, found, key=key, percent=percent, seed=0) == []


def test_k11_where_no_percentage_helps_more_items_are_asked_for() -> None:
    """Thirty items can't be twenty of each."""
    items = assigned(15, 2, 20)
    policy = Policy(languages=("hi", "en"))
    said = advice(policy, items, guard_sizes(policy, items, seed=0), key=KEY, percent=20, seed=0)
    assert any(one.startswith("holdout has ") and "add evaluation items of other groups" in one for one in said)
    assert any(one.startswith("language en has 0 items") and "leave it out of the policy's languages" in one for one in said)
    assert said[-1].startswith("no training will be started")


def test_answers_without_letters_leave_the_script_guard_short() -> None:
    """A model whose answers are all numbers is told how it can be promoted."""
    items = [replace(item, answers=("1950",)) for item in assigned(100, 4, 20)]
    policy = Policy(languages=("hi",))
    (said, last) = advice(policy, items, guard_sizes(policy, items, seed=0), key=KEY, percent=20, seed=0)
    assert said.startswith("script has 0 items")
    assert last.startswith("no training")


def test_k11_a_rare_language_keeps_its_items_where_a_set_is_cut() -> None:
    """The gate asks 300 of a set: by the hash alone a language with 25 of 3,000 would have two or three left, and be missing for ever."""
    items = [EvaluationItem(f"i{n}", "old_facts", f"q {n}", ("a",), "mr" if n % 120 == 0 else "hi", f"g{n}") for n in range(3000)]
    asked = assemble((), items, cap=MOST_ITEMS_OF_A_SET, seed=0, dropped=Counter())
    assert len(asked) == MOST_ITEMS_OF_A_SET
    assert sum(item.language == "mr" for item in asked) == 25


def test_a_set_with_enough_of_each_language_is_cut_by_the_hash_alone() -> None:
    """As before, so that the items of a lineage stay the same ones."""
    items = [EvaluationItem(f"i{n}", "old_facts", f"q {n}", ("a",), ("hi", "en")[n % 2], f"g{n}") for n in range(1000)]
    asked = assemble((), items, cap=MOST_ITEMS_OF_A_SET, seed=3, dropped=Counter())
    by_hash = sorted(items, key=lambda item: (row_id("3", item.id), item.id))[:MOST_ITEMS_OF_A_SET]
    assert {item.id for item in asked} == {item.id for item in by_hash}
    assert min(Counter(item.language for item in asked).values()) > LEAST_OF_A_LANGUAGE
