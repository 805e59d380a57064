"""The baselines that `abhyas whatif` finds on its machine."""

from __future__ import annotations

from pathlib import Path

import pytest

from consumers.drift.baseline.artifact import save_baseline
from consumers.drift.baseline.fit import fit_baseline
from ops.whatif.run import CachedBaselines
from tests.consumers.drift.conftest import made_documents


@pytest.mark.process
def test_what_the_consumers_fetched_is_found_and_what_is_missing_is_not_known(tmp_path: Path) -> None:
    """By the name of its folder; a folder that is none, or half of one, is no error."""
    baseline = fit_baseline(made_documents(2_000, 1), streams=4, documents_a_day=2_000)
    sha256 = save_baseline(baseline, tmp_path / "made")
    (tmp_path / "made").rename(tmp_path / sha256)
    known = CachedBaselines(tmp_path)
    found = known(sha256)
    assert found is not None
    assert found.documents == 2_000
    assert known(sha256) is found
    assert known("0" * 64) is None
