"""The store against a real HTTP server: what a key may do, and what is told of a server or a setting that is not right."""

from __future__ import annotations

import logging
import shutil
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from s3_server import S3Server, serving

from runtime.artifacts.open import open_checked_store, open_store
from runtime.artifacts.store import ArtifactError, ArtifactMissing, ArtifactStore
from runtime.settings import StoreSettings

FEWEST = {"GetObject", "PutObject", "ListBucket"}


def settings(server: S3Server, **changes: Any) -> StoreSettings:
    given = {"minio_endpoint": server.endpoint, "minio_access_key": "reader", "minio_secret_key": "s"}
    return StoreSettings(**(given | changes))


def with_bucket(server: S3Server) -> S3Server:
    server.buckets["models"] = {}
    return server


def used(store: ArtifactStore, path: Path) -> tuple[str, ...]:
    """Everything that a service does with a store."""
    store.write_bytes("a/b.json", b"{}")
    path.write_bytes(b"weights")
    store.write_file("a/c.bin", path)
    store.read_file("a/c.bin", path)
    assert (path.read_bytes(), store.read_bytes("a/b.json")) == (b"weights", b"{}")
    assert (store.exists("a/b.json"), store.exists("a/none")) == (True, False)
    with pytest.raises(ArtifactMissing):
        store.read_bytes("a/none")
    return store.list("a")


@pytest.mark.parametrize("region", [None, "us-east-1"])
def test_k7_a_key_with_three_rights_is_enough(region: str | None, tmp_path: Path) -> None:
    """GetObject, PutObject and ListBucket: no HeadBucket is asked, and with MINIO_REGION no location either."""
    with serving(with_bucket(S3Server(FEWEST))) as server:
        store = open_checked_store(settings(server, minio_region=region))
        assert used(store, tmp_path / "file") == ("a/b.json", "a/c.bin")
    assert "HeadBucket" not in server.asked
    assert server.asked.count("GetBucketLocation") <= (0 if region else 2)


def test_k7_the_region_is_asked_for_or_set(tmp_path: Path) -> None:
    """A bucket elsewhere: found where the key may ask, else the region is named."""
    with serving(with_bucket(S3Server({*FEWEST, "GetBucketLocation"}, region="ap-south-1"))) as server:
        assert used(open_checked_store(settings(server)), tmp_path / "file") == ("a/b.json", "a/c.bin")
    with serving(with_bucket(S3Server(FEWEST, region="ap-south-1"))) as server:
        with pytest.raises(ValueError, match="MINIO_REGION is not the region of bucket models: expected 'ap-south-1'"):
            open_checked_store(settings(server))
        assert used(open_checked_store(settings(server, minio_region="ap-south-1")), tmp_path / "file") == ("a/b.json", "a/c.bin")


@pytest.mark.parametrize("right", ["ListBucket", "GetObject"])
def test_k7_a_missing_right_is_named_at_the_start(right: str) -> None:
    """By its name and the key's."""
    with (
        serving(with_bucket(S3Server(FEWEST - {right}))) as server,
        pytest.raises(ValueError, match=f"MINIO_ACCESS_KEY lacks the right s3:{right} on bucket models"),
    ):
        open_checked_store(settings(server))


def test_k7_the_right_to_write_is_named_at_the_first_write() -> None:
    """Only a write tells; a bucket that is not there and may not be made likewise."""
    with serving(with_bucket(S3Server(FEWEST - {"PutObject"}))) as server:
        store = open_checked_store(settings(server, minio_region="us-east-1"))
        with pytest.raises(ArtifactError, match="lacks the right s3:PutObject"):
            store.write_bytes("a", b"x")
    with serving(S3Server(FEWEST)) as server:
        store = open_checked_store(settings(server, minio_region="us-east-1"))
        with pytest.raises(ArtifactError, match=r"bucket models is not there and can't be made.*s3:CreateBucket"):
            store.write_bytes("a", b"x")


def test_k7_two_first_writers_make_one_bucket() -> None:
    """Whoever comes second finds it made, and both writes are kept."""
    with serving(S3Server({*FEWEST, "CreateBucket"})) as server:
        stores = [open_store(settings(server, minio_region="us-east-1")) for _ in range(8)]
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda number: stores[number].write_bytes(f"k{number}", b"x"), range(8)))
        assert stores[0].list() == tuple(f"k{number}" for number in range(8))


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        ("page", "MINIO_ENDPOINT answers with a web page"),
        ("missing page", "MINIO_ENDPOINT answers with a web page"),
        ("InvalidAccessKeyId", "MINIO_ACCESS_KEY is not known"),
        ("SignatureDoesNotMatch", "MINIO_SECRET_KEY does not belong"),
        ("RequestTimeTooSkewed", "this machine's clock differs"),
    ],
)
def test_k7_a_wrong_server_key_or_clock_is_told_as_what_it_is(fault: str, told: str) -> None:
    """At the start, by the setting's name, with and without a region."""
    for region in (None, "us-east-1"):
        with serving(with_bucket(S3Server(FEWEST, fault=fault))) as server, pytest.raises(ValueError, match=told):
            open_checked_store(settings(server, minio_region=region))


@pytest.mark.process
@pytest.mark.parametrize(("fault", "told"), [("SlowDown", "too busy (S3 answered SlowDown)"), ("hang", "does not answer in time")])
def test_k7_a_busy_or_silent_server_is_told_and_waited_for(
    fault: str, told: str, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    """No setting is at fault: the service starts, within seconds, and says what it saw."""
    with serving(with_bucket(S3Server(FEWEST, fault=fault))) as server:
        before = time.monotonic()
        open_checked_store(settings(server, minio_region="us-east-1"))
        assert time.monotonic() - before < 15
    assert told in capsys.readouterr().out + caplog.text


def test_k7_nothing_listening_is_told_as_that() -> None:
    """The port of a server that has gone, and a host without an address."""
    with serving(S3Server(FEWEST)) as server:
        gone = settings(server, minio_region="us-east-1")
    with pytest.raises(ArtifactError, match="nothing listens at MINIO_ENDPOINT"):
        open_store(gone).check()
    with pytest.raises(ArtifactError, match="MINIO_ENDPOINT"):
        open_store(settings(server, minio_endpoint="no-such-host.invalid:9000", minio_region="us-east-1")).check()


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A self-signed certificate for 127.0.0.1 with its key."""
    if shutil.which("openssl") is None:
        pytest.skip("needs the openssl command")
    folder = tmp_path_factory.mktemp("tls")
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1", "-addext",
         "subjectAltName=IP:127.0.0.1", "-keyout", str(folder / "key.pem"), "-out", str(folder / "cert.pem")],
        check=True, capture_output=True,
    )  # fmt: skip
    both = folder / "both.pem"
    both.write_bytes((folder / "key.pem").read_bytes() + (folder / "cert.pem").read_bytes())
    return both


@pytest.mark.process
def test_k7_a_self_signed_certificate_is_told_and_can_be_trusted(certificate: Path, tmp_path: Path) -> None:
    """MINIO_CA_FILE is named; with it the store works."""
    with serving(with_bucket(S3Server(FEWEST)), certificate) as server:
        with pytest.raises(ValueError, match="PEM file in MINIO_CA_FILE"):
            open_checked_store(settings(server, minio_secure=True))
        trusted = settings(server, minio_secure=True, minio_ca_file=certificate.with_name("cert.pem"))
        assert used(open_checked_store(trusted), tmp_path / "file") == ("a/b.json", "a/c.bin")


@pytest.mark.process
def test_k7_plain_http_and_https_taken_for_each_other_name_the_setting(certificate: Path) -> None:
    """MINIO_SECURE, whichever way it is wrong."""
    with serving(with_bucket(S3Server(FEWEST))) as server, pytest.raises(ValueError, match="MINIO_SECURE is true"):
        open_checked_store(settings(server, minio_secure=True))
    with serving(with_bucket(S3Server(FEWEST)), certificate) as server, pytest.raises(ArtifactError, match="MINIO_SECURE"):
        open_store(settings(server)).check()


def test_a_kept_connection_is_not_thrown_away(caplog: pytest.LogCaptureFixture) -> None:
    """Threads that read beside each other, and no warning that the pool of connections is full."""
    with serving(with_bucket(S3Server(FEWEST))) as server, caplog.at_level(logging.WARNING):
        store = open_store(settings(server, minio_region="us-east-1"))
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda number: store.exists(f"k{number}"), range(64)))
    assert not [record for record in caplog.records if "pool is full" in record.getMessage()]
