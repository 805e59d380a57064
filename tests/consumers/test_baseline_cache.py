"""Stage 1 and stage 2 get the baselines that `model.current` names, verified, and say what to do where they cannot."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from consumers.baseline_cache import BaselineCache, CurrentModels
from consumers.drift.baseline.artifact import ARRAYS, save_baseline
from consumers.drift.baseline.fit import Baseline
from consumers.errors import BaselineUnavailable
from runtime.artifacts.local import LocalStore
from runtime.artifacts.store import files_below, put_folder
from schemas import topics
from schemas.events.model_current import DriftBaseline

DAY = date(2026, 11, 23)
Put = Callable[..., DriftBaseline]


@pytest.fixture
def store(tmp_path: Path) -> LocalStore:
    return LocalStore(tmp_path / "store")


@pytest.fixture
def cache(store: LocalStore, tmp_path: Path) -> BaselineCache:
    return BaselineCache(store, tmp_path / "cache")


@pytest.fixture
def put(store: LocalStore, fitted_baseline: Baseline, tmp_path: Path) -> Put:
    """Stores a baseline of its own arrays under a version, and says how it is named."""

    def put(version: int = 0, from_day: date = date.min) -> DriftBaseline:
        featuriser = replace(fitted_baseline.featuriser, edges=fitted_baseline.featuriser.edges + version)
        sha256 = save_baseline(replace(fitted_baseline, featuriser=featuriser, documents=3_000 + version), tmp_path / f"v{version}")
        key = f"drift/tiny-llama/v{version}"
        put_folder(store, key, files_below(tmp_path / f"v{version}", "baseline"))
        return DriftBaseline(uri=f"{key}/baseline", sha256=sha256, documents=3_000 + version, from_day=from_day)

    return put


@pytest.mark.process
def test_a_day_has_the_newest_baseline_that_began(build: Any, cache: BaselineCache, put: Put) -> None:
    """A model without one has none; a day before the first one has none."""
    named = (put(0, date(2026, 1, 1)), put(1, DAY))
    cache.take(build.serving(drift_baselines=named))

    def found(day: date, model: str = build.model) -> str | None:
        sketcher = cache.active_sketcher(model, day.toordinal())
        return None if sketcher is None else sketcher.sha256

    assert found(DAY) == found(date(2027, 1, 1)) == named[1].sha256
    assert found(date(2026, 11, 22)) == found(date(2026, 1, 1)) == named[0].sha256
    assert found(date(2025, 12, 31)) is None
    assert found(DAY, "other") is None


def test_rows_are_those_of_the_baseline(build: Any, cache: BaselineCache, put: Put, fitted_baseline: Baseline) -> None:
    """What the fit's own featuriser gives."""
    named = put()
    cache.take(build.serving(drift_baselines=(named,)))
    sketcher = cache.active_sketcher(build.model, DAY.toordinal())
    assert sketcher is not None
    assert np.array_equal(sketcher.rows(["नदीa riverb", ""]), fitted_baseline.featuriser.rows(["नदीa riverb", ""]))
    assert cache.baseline(named.sha256).documents == 3_000


def test_what_is_cached_needs_no_store(build: Any, store: LocalStore, cache: BaselineCache, put: Put, tmp_path: Path) -> None:
    """A restart while the store is away goes on with what was fetched, by the sha256 alone."""
    named = put()
    cache.take(build.serving(drift_baselines=(named,)))
    cache.baseline(named.sha256)
    store.local_path(named.uri).rename(tmp_path / "away")
    assert BaselineCache(store, tmp_path / "cache").baseline(named.sha256).documents == 3_000
    assert [path.name for path in (tmp_path / "cache").iterdir()] == [named.sha256]


def test_a_damaged_copy_is_fetched_again(build: Any, store: LocalStore, cache: BaselineCache, put: Put, tmp_path: Path) -> None:
    """A cache is only a cache."""
    named = put()
    cache.take(build.serving(drift_baselines=(named,)))
    cache.baseline(named.sha256)
    (tmp_path / "cache" / named.sha256 / ARRAYS).write_bytes(b"torn")
    again = BaselineCache(store, tmp_path / "cache")
    again.take(build.serving(drift_baselines=(named,)))
    assert again.baseline(named.sha256).documents == 3_000


@pytest.mark.parametrize("harm", ["bytes", "other", "absent"])
def test_a_folder_that_is_not_what_was_named_is_refused(
    build: Any, store: LocalStore, cache: BaselineCache, put: Put, *, tmp_path: Path, harm: str
) -> None:
    """Damaged, another baseline, or gone: the message names the folder and says what to do, and nothing of it is cached."""
    named = put()
    if harm == "bytes":
        store.write_bytes(f"{named.uri}/{ARRAYS}", b"damaged")
    elif harm == "other":
        named = named.model_copy(update={"uri": put(1).uri})
    else:
        store.local_path(named.uri).rename(tmp_path / "away")
    cache.take(build.serving(drift_baselines=(named,)))
    with pytest.raises(BaselineUnavailable, match=rf"{named.uri} .*start again"):
        cache.active_sketcher(build.model, DAY.toordinal())
    assert not list((tmp_path / "cache").glob("*"))


def test_a_sketch_of_an_unknown_baseline_is_refused(cache: BaselineCache) -> None:
    """Its folder is known from `model.current` alone."""
    with pytest.raises(BaselineUnavailable, match="named by no record"):
        cache.baseline("a" * 64)


def test_a_baseline_that_left_the_list_can_still_be_had(build: Any, cache: BaselineCache, put: Put) -> None:
    """Stage 2 may hold sketches by it."""
    old, new = put(0), put(1)
    cache.take(build.serving(drift_baselines=(old,)))
    cache.take(build.serving("v1", drift_baselines=(new,)))
    assert cache.baseline(old.sha256).documents == 3_000


async def test_only_the_newest_are_kept_in_memory(build: Any, store: LocalStore, put: Put, tmp_path: Path) -> None:
    """The newest of each model come first, and each is read once."""
    cache = BaselineCache(store, tmp_path / "cache", kept=2)
    named = [put(0, date(2026, 1, 1)), put(1, DAY), put(2)]
    cache.take(build.serving(drift_baselines=tuple(named[:2])))
    cache.take(build.serving(model="other", drift_baselines=(named[2],)))
    assert set(cache.missing()) == {named[1].sha256, named[2].sha256}
    await cache.fetch_ahead()
    assert cache.missing() == []
    cache.baseline(named[0].sha256)
    assert len(cache.missing()) == 1


async def test_the_topic_is_read_to_its_end_and_then_followed(
    build: Any, embedded_topics: Any, cache: BaselineCache, put: Put, tmp_path: Path
) -> None:
    """What is there is in memory before the first record is processed; what comes later is fetched by itself."""
    await embedded_topics.send(build.serving(drift_baselines=(put(0),)))
    await embedded_topics.send_raw(topics.MODEL_CURRENT, b"{}")
    connection = embedded_topics.connection
    counts = {spec.name: spec.partitions for spec in topics.specs(connection.topic_prefix)}
    current = CurrentModels(connection, cache)
    await current.read_to_end(counts)
    before = cache.active_sketcher(build.model, DAY.toordinal())
    following = asyncio.create_task(current.follow())
    later = put(1, DAY)
    await embedded_topics.send(build.serving("v1", drift_baselines=(put(0), later)))
    for _ in range(500):
        if (tmp_path / "cache" / later.sha256).is_dir():
            break
        await asyncio.sleep(0.02)
    following.cancel()
    await asyncio.gather(following, return_exceptions=True)
    assert before is not None
    assert before.sha256 != later.sha256
    found = cache.active_sketcher(build.model, DAY.toordinal())
    assert found is not None
    assert found.sha256 == later.sha256


async def test_the_stages_start_with_a_baseline_or_say_why_not(
    build: Any, embedded_topics: Any, start_consumers: Any, put: Put, *, store: LocalStore, tmp_path: Path
) -> None:
    """A process whose store has lost it ends with exit code 1 and what to do; with the folder back it starts."""
    named = put()
    await embedded_topics.send(build.serving(drift_baselines=(named,)))
    folder = store.local_path(named.uri)
    folder.rename(tmp_path / "away")
    failing = start_consumers(embedded_topics.connection, "stage1", ARTIFACTS_DIR=str(tmp_path / "store"))
    assert await asyncio.to_thread(failing.process.wait, 60) == 1
    assert "bring the artifact store back and start again" in failing.log.read_text()
    (tmp_path / "away").rename(folder)
    consumers = start_consumers(embedded_topics.connection, ARTIFACTS_DIR=str(tmp_path / "store"))
    await consumers.ready()
    assert (consumers.log.with_suffix(".data") / "cache" / "drift" / named.sha256).is_dir()
    code, seconds = consumers.stop()
    assert (code, seconds < 20) == (0, True)
