"""The two brokers of the tests: one Apache Kafka for the whole session, and one embedded broker for the whole session.

Both are shared, so a test takes a topic prefix of its own, for example `f"t{uuid4().hex[:8]}"`.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest

from consumers.drift.baseline.fit import Baseline, BaselineDocument, fit_baseline
from ops.stack.brokers.embedded import EmbeddedBroker
from ops.stack.brokers.kafka_jars import KafkaUnavailable
from ops.stack.brokers.single_node import KafkaNotRunning, SingleNodeKafka

pytest_plugins = ["tests.kinds"]

# The same jars as `make kafka`: fetched once for both.
KAFKA_LIBS = Path(__file__).parents[1] / ".abhyas" / "kafka" / "libs"
# The same folder as the demo's.
TINY_BASE = Path(__file__).parents[1] / ".abhyas" / "tiny-llama"

# The files that take minutes. Workers take whole files in this order: what begins first is not what all wait for at the end.
LONG_FILES = (
    "test_drill.py",
    "test_drill_loop.py",
    "test_services_image.py",
    "test_campaign.py",
    "test_child.py",
    "test_stream.py",
    "test_open_vocabulary.py",
    "test_drift_loop.py",
    "test_api_guide.py",
    "test_rounds.py",
)


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Names bytes by their argument: what packs them may write the time into them, and both workers must find the same tests."""
    return argname if isinstance(val, bytes) else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Puts the long files first and leaves everything else in its order."""
    rank = {name: place for place, name in enumerate(LONG_FILES)}
    items.sort(key=lambda item: rank.get(item.path.name, len(rank)))


@pytest.fixture(scope="session")
def kafka_broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a real Apache Kafka on free ports; skips where Java 17, Maven or its jars cannot be had."""
    node = SingleNodeKafka(tmp_path_factory.mktemp("kafka"), port=0, libs=KAFKA_LIBS)
    try:
        address = node.start()
    except KafkaNotRunning:
        raise  # what it needs is there: this is a failure, not a reason to skip
    except KafkaUnavailable as error:
        pytest.skip(f"no Apache Kafka for this test: {error}")
    yield address
    node.stop()


@pytest.fixture(scope="session")
def embedded_broker() -> Iterator[EmbeddedBroker]:
    """A running embedded broker without topics: `create_topics({name: partitions})` before a client names them."""
    with EmbeddedBroker({}) as broker:
        yield broker


@pytest.fixture(scope="session")
def tiny_base() -> Path:
    """The tiny base model and its files, made once in the checkout and kept (half a minute the first time)."""
    command = [sys.executable, "-m", "gpu_runner.tiny_llama", "--out", str(TINY_BASE)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=280, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return TINY_BASE


@pytest.fixture(scope="session")
def drift_documents() -> list[BaselineDocument]:
    """Short documents of a hundred words in two scripts, in runs of one source over four weeks: 2,500 of them."""
    rng = np.random.default_rng(1)
    words = [f"{stem}{ending}" for stem in ("नदी", "राजा", "किला", "river", "temple") for ending in "abcdefghijklmnopqrst"]
    found: list[BaselineDocument] = []
    while len(found) < 2_500:
        source = f"source-{rng.integers(300)}"
        for _ in range(int(rng.integers(1, 5))):
            day = date(2026, 11, 2) + timedelta(days=len(found) * 28 // 2_600)
            found.append(BaselineDocument(" ".join(rng.choice(words, size=int(rng.integers(4, 10)))), source, day))
    return found[:2_500]


@pytest.fixture(scope="session")
def fitted_baseline(drift_documents: list[BaselineDocument]) -> Baseline:
    """A baseline of those documents; its thresholds come from too few streams to be relied on."""
    return fit_baseline(drift_documents, streams=3)
