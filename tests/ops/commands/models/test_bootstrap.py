"""`abhyas bootstrap` looks at the files before it stores or asks for anything."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from ops.commands.models.bootstrap import bootstrap_model, check_policy
from ops.errors import OperationFailed, WrongUsage
from ops.stack.brokers.embedded import EmbeddedBroker
from runtime.artifacts.local import LocalStore
from runtime.artifacts.store import key_of
from runtime.kafka.connection import KafkaConnection
from schemas import topics

DOCUMENT = b'{"text": "a"}\n'
ITEM = b'{"question": "q", "answer": "a"}\n'
ROW = b'{"prompt": "q", "completion": "a"}\n'
NO_BROKER = KafkaConnection("127.0.0.1:1")


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("documents", '{"text": "a"}\n'.encode("utf-16"), " is UTF-16"),
        ("documents", b'[\n{"text": "a"}\n]', " is one JSON array"),
        ("documents", b'{\n"text": "a"\n}', " has a JSON object over several lines"),
        ("documents", b"\n\n", " has no rows"),
        ("documents", DOCUMENT + b"7\n", ":2: not an object"),
        ("documents", DOCUMENT + b"{\n", ":2: not JSON at column 2"),
        ("documents", DOCUMENT + b'{"text": "\xff"}', ":2: not UTF-8 at byte 11"),
        ("documents", DOCUMENT + rb'{"text": "\udfff"}', ":2: text: holds half of a surrogate pair"),
        *[
            (name, content, words)
            for name in ("evaluation", "replay")
            for content, words in (
                (ITEM.decode().encode("utf-16"), ": is UTF-16"),
                (b"\n\n", ": the file is empty"),
                (ITEM + b"7\n", ":2: expected a JSON object, found a number"),
                (ITEM + b"{\n", ":2: not JSON at column 2"),
                (ITEM + b'{"question": "\xff"}', ":2: not UTF-8 at byte 15"),
                (ITEM + rb'{"question": "\udfff"}', ":2: field 'question': holds half of a surrogate pair"),
                (ITEM + b'{"question": "q"}', ":2: field 'answers': expected"),
                (b'[{"question": "q"}]', ":1: row 1 of the list: field 'answers': expected"),
                (b"question,answer\nq,\n", ":2: field 'answers': expected"),
            )
        ],
    ],
)
async def test_k6_a_file_that_the_runner_could_not_read_is_named(name: str, content: bytes, words: str, tmp_path: Path) -> None:
    """File, line and field, before anything is stored; a BOM is passed over."""
    files = {other: tmp_path / f"{other}.jsonl" for other in ("documents", "evaluation", "replay")}
    for path, good in zip(files.values(), (DOCUMENT, ITEM, ROW), strict=True):
        path.write_bytes(b"\xef\xbb\xbf" + good)
    files[name].write_bytes(content)
    with pytest.raises(OperationFailed) as told:
        await bootstrap_model(NO_BROKER, model="tiny", base_model="tiny", artifacts_dir=tmp_path / "store", **files)
    assert str(told.value).startswith(f"{files[name]}{words}")
    assert not (tmp_path / "store").exists()


async def test_a_missing_file_is_said(tmp_path: Path) -> None:
    """Which of the three."""
    (tmp_path / "d.jsonl").write_bytes(DOCUMENT)
    with pytest.raises(OperationFailed, match=r"e\.jsonl is not a file"):
        await bootstrap_model(NO_BROKER, model="tiny", base_model="tiny", documents=tmp_path / "d.jsonl", evaluation=tmp_path / "e.jsonl")


@pytest.mark.parametrize(("content", "words"), [(b"margins: 0.1\n", "field 'margins' is not known"), (b"margin: \xff", "not UTF-8")])
async def test_k11_a_policy_that_the_runner_would_refuse_is_named(content: bytes, words: str, tmp_path: Path) -> None:
    """File and field, before anything is stored."""
    (tmp_path / "d").write_bytes(DOCUMENT)
    (tmp_path / "e").write_bytes(ITEM)
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
    for path, good in zip(files.values(), (DOCUMENT, gzip.compress(ITEM), b"prompt,completion\nq,a\n"), strict=True):
        path.write_bytes(good)
    kafka, store = KafkaConnection(embedded_broker.bootstrap_servers, topic_prefix="bucket", embedded=True), LocalStore(tmp_path, "ours")
    asked = await bootstrap_model(kafka, model="tiny", base_model="tiny", store=store, **files)
    uris = (asked.documents_uri, asked.eval_uri, asked.replay_uri)
    assert all(store.exists(key_of(str(uri), store.bucket)) for uri in uris)
