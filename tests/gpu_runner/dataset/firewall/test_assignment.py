"""Which groups are held out after a change of the key."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gpu_runner.dataset.firewall.assignment import Assignment, group_sha256
from schemas.holdout import is_holdout

OLD, NEW = b"the old key", b"the new key"
GROUPS = [f"group {number}" for number in range(300)]
HELD = [group for group in GROUPS if is_holdout(group, key=OLD, percent=20)]
TRAINED = [group for group in GROUPS if group not in HELD]


def test_without_a_change_the_hash_alone_decides() -> None:
    """As it always was."""
    assert [group for group in GROUPS if Assignment(OLD, 20).is_held_out(group)] == HELD


@given(st.sets(st.sampled_from(HELD)))
def test_a_change_only_releases(kept: set[str]) -> None:
    """Of the groups held out those that are kept stay, in any spelling; nothing that was trained becomes held out."""
    after = Assignment(NEW, 20, frozenset(map(group_sha256, kept)), trained=TRAINED)
    assert all(after.is_held_out(f"  {group.upper()} ") for group in kept)
    assert not any(after.is_held_out(group) for group in TRAINED)
    assert any(after.is_held_out(f"new {number}") for number in range(50))
