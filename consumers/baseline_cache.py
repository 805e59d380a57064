"""The drift baselines that the stages need: which is active, as `model.current` says, fetched from the artifact store once and kept.

A plain reader of `model.current`, outside the transactions: a baseline begins with a later day than the promotion that brings it, so
that no partition needs it before it has heard of it.
"""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from uuid import uuid4

import numpy as np
import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError
from numpy.typing import NDArray

from consumers.collect.daily_sketches import Sketcher
from consumers.drift.baseline.artifact import ARRAYS, UnreadableBaseline, load_baseline
from consumers.drift.baseline.fit import Baseline
from consumers.drift.features.featurise import Featuriser
from consumers.errors import BaselineUnavailable
from runtime.artifacts.content_hash import file_sha256
from runtime.artifacts.fetch_folder import get_folder
from runtime.artifacts.store import ArtifactError, ArtifactStore
from runtime.kafka.connection import KafkaConnection
from runtime.kafka.read_to_end import from_the_beginning, read_to_end
from schemas import topics
from schemas.envelope import MalformedEvent, decode
from schemas.events.model_current import DriftBaseline, ModelCurrent

log = structlog.get_logger()

# Baselines in memory, about 10 MB each; more of them are read from the cache when they are asked for.
KEPT: Final = 8
RETRY_S: Final = 30.0
# aiokafka 0.14 may lose the cancel of a fetcher: nothing is lost by a reader that does not close in order.
STOP_WITHIN_S: Final = 0.5


@dataclass(frozen=True, slots=True)
class BaselineSketcher:
    """Feature rows by the baseline of this sha256."""

    sha256: str
    featuriser: Featuriser

    def rows(self, texts: Sequence[str]) -> NDArray[np.int64]:
        """One row a document, `(d, WIDTH) int64`."""
        return self.featuriser.rows(texts)


class BaselineCache:
    """`active_sketcher` and `baseline` answer from memory, as a rule: what `model.current` names is fetched ahead, in a thread.

    Where that did not work they fetch it themselves, and raise BaselineUnavailable where it cannot be had.
    """

    def __init__(self, store: ArtifactStore, cache_dir: Path, *, kept: int = KEPT) -> None:
        self._store = store
        self._cache_dir = cache_dir
        self._kept = kept
        self._named: dict[str, tuple[DriftBaseline, ...]] = {}
        # Every one that was ever named: a sketch may be of a baseline that no list has any more.
        self._uris: dict[str, str] = {}
        # The least recently asked for first.
        self._loaded: dict[str, Baseline] = {}

    def active_sketcher(self, model: str, day: int) -> Sketcher | None:
        """The sketcher of a model's documents of an event-day (proleptic Gregorian ordinal), None where there is no baseline for it."""
        for named in reversed(self._named.get(model, ())):
            if named.from_day.toordinal() <= day:
                return BaselineSketcher(named.sha256, self.baseline(named.sha256).featuriser)
        return None

    def baseline(self, sha256: str) -> Baseline:
        """The baseline whose arrays have this sha256; raises BaselineUnavailable."""
        found = self._loaded.pop(sha256, None)
        if found is None:
            log.warning("drift baseline is not in memory: everything waits for it", sha256=sha256)
            found = self._load(sha256)
        self._keep(sha256, found)
        return found

    def take(self, current: ModelCurrent) -> None:
        """Notes what a record of `model.current` names; a later record of the model replaces an earlier one's list."""
        self._named[current.model] = current.drift_baselines
        self._uris |= {named.sha256: named.uri for named in current.drift_baselines}

    def missing(self) -> list[str]:
        """What is named and not in memory, as far as there is room for it: the newest of each model first."""
        by_age = sorted(
            ((age, named.sha256) for found in self._named.values() for age, named in enumerate(reversed(found))), key=lambda one: one[0]
        )
        wanted = list(dict.fromkeys(sha256 for _, sha256 in by_age))[: self._kept]
        return [sha256 for sha256 in wanted if sha256 not in self._loaded]

    async def fetch_ahead(self) -> None:
        """Takes what is missing into memory, in a thread; raises BaselineUnavailable."""
        for sha256 in self.missing():
            self._keep(sha256, await asyncio.to_thread(self._load, sha256))

    def _keep(self, sha256: str, baseline: Baseline) -> None:
        self._loaded[sha256] = baseline
        while len(self._loaded) > self._kept:
            del self._loaded[next(iter(self._loaded))]

    def _load(self, sha256: str) -> Baseline:
        folder = self._cache_dir / sha256
        with suppress(UnreadableBaseline, KeyError):
            return _verified(folder, sha256)
        uri = self._uris.get(sha256)
        if uri is None:
            raise BaselineUnavailable(
                f"drift baseline {sha256[:12]} is named by no record of model.current and not in {self._cache_dir}: "
                "restore that topic, or copy the baseline's folder there"
            )
        incoming = self._cache_dir / f".incoming-{uuid4().hex}"
        try:
            fetched = get_folder(self._store, uri, incoming / "baseline")
            baseline = _verified(fetched, sha256)
            shutil.rmtree(folder, ignore_errors=True)  # what lies there could not be read
            with suppress(OSError):  # somebody else has put it there meanwhile
                fetched.rename(folder)
        except (ArtifactError, OSError) as error:
            raise BaselineUnavailable(
                f"drift baseline {uri} cannot be fetched: {error}; bring the artifact store back and start again, nothing is lost"
            ) from error
        except (UnreadableBaseline, KeyError) as error:
            raise BaselineUnavailable(
                f"drift baseline {uri} is damaged or of another release: {error}; put the original folder back and start again"
            ) from error
        finally:
            shutil.rmtree(incoming, ignore_errors=True)
        log.info("drift baseline fetched", uri=uri, sha256=sha256, documents=baseline.documents)
        return baseline


class CurrentModels:
    """Reads `model.current` for a cache: to its end before anything else, then on."""

    def __init__(self, connection: KafkaConnection, cache: BaselineCache) -> None:
        self._topic = connection.topic(topics.MODEL_CURRENT)
        self._consumer = AIOKafkaConsumer(**connection.follower_options() | {"fetch_max_wait_ms": 500})
        self._cache = cache

    async def read_to_end(self, counts: Mapping[str, int]) -> None:
        """Everything up to the end of now, and what it names into memory; raises KafkaError, BaselineUnavailable.

        `counts` are the partition counts of full topic names.
        """
        await self._consumer.start()
        partitions = [TopicPartition(self._topic, partition) for partition in range(counts[self._topic])]
        async for records in read_to_end(self._consumer, await from_the_beginning(self._consumer, partitions)):
            self._take(records)
        await self._cache.fetch_ahead()

    async def follow(self) -> None:
        """Reads on until cancelled. What can't be fetched ahead is tried again; only who needs it then fails."""
        try:
            while True:
                try:
                    for records in (await self._consumer.getmany(timeout_ms=1000)).values():
                        self._take(records)
                    await self._cache.fetch_ahead()
                except (KafkaError, BaselineUnavailable) as error:
                    log.warning("drift baselines are not up to date: trying again", error=str(error), retry_s=RETRY_S)
                    await asyncio.sleep(RETRY_S)
        finally:
            await self.close()

    async def close(self) -> None:
        """Gives the connection back; may be called again."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._consumer.stop(), STOP_WITHIN_S)

    def _take(self, records: Sequence[ConsumerRecord]) -> None:
        for record in records:
            if record.value is None:
                continue
            try:
                self._cache.take(decode(record.value, record.headers, ModelCurrent)[1])
            except MalformedEvent as error:
                log.warning("unreadable record of model.current", partition=record.partition, offset=record.offset, detail=str(error))


def _verified(folder: Path, sha256: str) -> Baseline:
    baseline = load_baseline(folder)
    if file_sha256(folder / ARRAYS) != sha256:
        raise UnreadableBaseline(f"{folder / ARRAYS}: its sha256 is not {sha256[:12]}, which model.current names")
    return baseline
