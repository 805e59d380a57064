"""`abhyas bootstrap` looks at the files before it stores or asks for anything."""

from __future__ import annotations

from pathlib import Path

import pytest

from ops.commands.models.bootstrap import bootstrap_model, check_policy
from ops.errors import OperationFailed, WrongUsage
from ops.stack.brokers.embedded import EmbeddedBroker
from runtime.artifacts.local import LocalStore
from runtime.artifacts.store import key_of
from runtime.kafka.connection import KafkaConnection
from schemas import topics

GOOD = b'{"text": "a"}\n'
NO_BROKER = KafkaConnection("127.0.0.1:1")


@pytest.mark.parametrize("name", ["documents", "evaluation", "replay"])
@pytest.mark.parametrize(
    ("content", "words"),
    [
        ('{"text": "a"}\n'.encode("utf-16"), " is UTF-16"),
        (b'[\n{"text": "a"}\n]', " is one JSON array"),
        (b'{\n"text": "a"\n}', " has a JSON object over several lines"),
        (b"\n\n", " has no rows"),
        (GOOD + b"7\n", ":2: not an object"),
        (GOOD + b"{\n", ":2: not JSON at column 2"),
        (GOOD + b'{"text": "\xff"}', ":2: not UTF-8 at byte 11"),
        (GOOD + rb'{"text": "\udfff"}', ":2: text: holds half of a surrogate pair"),
    ],
)
async def test_k6_a_file_that_the_runner_could_not_read_is_named(name: str, content: bytes, words: str, tmp_path: Path) -> None:
    """File and line, before anything is stored; a BOM is passed over."""
    files = {other: tmp_path / f"{other}.jsonl" for other in ("documents", "evaluation", "replay")}
    for path in files.values():
        path.write_bytes(b"\xef\xbb\xbf" + GOOD)
    files[name].write_bytes(content)
    with pytest.raises(OperationFailed) as told:
        await bootstrap_model(NO_BROKER, model="tiny", base_model="tiny", artifacts_dir=tmp_path / "store", **files)
    assert str(told.value).startswith(f"{files[name]}{words}")
    assert not (tmp_path / "store").exists()


async def test_a_missing_file_is_said(tmp_path: Path) -> None:
    """Which of the three."""
    (tmp_path / "d.jsonl").write_bytes(GOOD)
    with pytest.raises(OperationFailed, match=r"e\.jsonl is not a file"):
        await bootstrap_model(NO_BROKER, model="tiny", base_model="tiny", documents=tmp_path / "d.jsonl", evaluation=tmp_path / "e.jsonl")


@pytest.mark.parametrize(("content", "words"), [(b"margins: 0.1\n", "field 'margins' is not known"), (b"margin: \xff", "not UTF-8")])
async def test_k11_a_policy_that_the_runner_would_refuse_is_named(content: bytes, words: str, tmp_path: Path) -> None:
    """File and field, before anything is stored."""
    for other in ("d", "e"):
        (tmp_path / other).write_bytes(GOOD)
    policy = tmp_path / "policy.yaml"
    policy.write_bytes(content)
    files = {"documents": tmp_path / "d", "evaluation": tmp_path / "e", "policy": policy}
    with pytest.raises(WrongUsage) as told:
        await bootstrap_model(NO_BROKER, model="tiny", base_model="tiny", artifacts_dir=tmp_path / "store", **files)
    assert str(told.value).startswith(f"{policy}: ")
    assert words in str(told.value)
    assert not (tmp_path / "store").exists()
    with pytest.raises(OperationFailed, match="can't be read"):
        check_policy(tmp_path / "no.yaml")


async def test_the_request_names_the_bucket_that_holds_the_files(embedded_broker: EmbeddedBroker, tmp_path: Path) -> None:
    """MINIO_BUCKET may be another than models: the runner refuses what does not lie in its own."""
    embedded_broker.create_topics({topics.topic(topics.OPERATOR_REQUESTED, "bucket"): 1})
    files = {name: tmp_path / f"{name}.jsonl" for name in ("documents", "evaluation", "replay")}
    for path in files.values():
        path.write_bytes(GOOD)
    kafka, store = KafkaConnection(embedded_broker.bootstrap_servers, topic_prefix="bucket", embedded=True), LocalStore(tmp_path, "ours")
    asked = await bootstrap_model(kafka, model="tiny", base_model="tiny", store=store, **files)
    uris = (asked.documents_uri, asked.eval_uri, asked.replay_uri)
    assert all(store.exists(key_of(str(uri), store.bucket)) for uri in uris)
