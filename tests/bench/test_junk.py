"""Junk in a batch: what is told by rule does not train, and no user alone decides what is right."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.junk.material import junk_batch, outcome, prepared

pytestmark = pytest.mark.process


@pytest.mark.parametrize("seed", range(3))
def test_no_false_fact_of_one_user_is_gold(tmp_path: Path, seed: int) -> None:
    """With SUPPORT_MIN=2 none is, and all that two users or a passage support is; with 1 the false facts are gold."""
    batch = junk_batch(seed)
    found = outcome(batch, prepared(batch, tmp_path / "two", 2))
    assert found.of_junk(found.gold) == 0
    assert found.gold["true, two users"] == found.sent["true, two users"] / 2
    assert found.gold["true, one user and a passage"] >= 0.9 * found.sent["true, one user and a passage"]
    alone = outcome(batch, prepared(batch, tmp_path / "one", 1))
    assert alone.gold["false, one user"] >= 0.9 * alone.sent["false, one user"]
    assert alone.trained == found.trained


@pytest.mark.parametrize("seed", range(3))
def test_junk_that_is_told_by_rule_does_not_train(tmp_path: Path, seed: int) -> None:
    """Ties in any wording of the reworder, old facts as they are known, what stage 1 left out, and what the served passages do not say."""
    batch = junk_batch(seed)
    found = outcome(batch, prepared(batch, tmp_path / "dataset", 2))
    told = {kind: found.trained[kind] for kind in found.sent if kind.startswith(("tie", "old fact", "left out", "false, one user, with"))}
    free = told.pop("old fact, false, in free words")
    assert set(told.values()) == {0}
    assert free <= 0.4 * found.sent["old fact, false, in free words"]
    assert found.trained["true, two users"] == found.sent["true, two users"]
