"""The process: one for each data folder, up without Kafka, down within seconds."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from s3_server import S3Server, serving

pytestmark = pytest.mark.process


def start(data_dir: Path, port: int, **environment: str) -> subprocess.Popen[str]:
    """A runner without a broker."""
    variables = {"DATA_DIR": str(data_dir), "RUNNER_PORT": str(port), "KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:9"} | environment
    return subprocess.Popen(
        [sys.executable, "-m", "gpu_runner"], env=os.environ | variables, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def free_port() -> int:
    """A port that nothing listens on now."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def health(port: int) -> dict[str, Any]:
    """The health report, as soon as there is one."""
    for _ in range(200):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=5) as response:
                body: dict[str, Any] = json.load(response)
                return body
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.05)
    raise AssertionError("no health report")


def test_it_starts_without_kafka_and_stops_within_seconds(tmp_path: Path) -> None:
    """Degraded, the seed's folders made; a second runner on the same folder is refused; SIGTERM ends it with 0."""
    port = free_port()
    with start(tmp_path, port) as runner:
        assert health(port)["status"] == "degraded"
        assert {"train", "eval", "feedback"} <= {path.name for path in tmp_path.iterdir()}
        second = start(tmp_path, free_port())
        _, errors = second.communicate(timeout=20)
        assert (second.returncode, "another runner uses DATA_DIR" in errors) == (2, True)
        before = time.monotonic()
        runner.send_signal(signal.SIGTERM)
        assert runner.wait(timeout=10) == 0
        assert time.monotonic() - before < 20


def test_settings_that_can_not_be_used_are_named(tmp_path: Path) -> None:
    """Exit 2 and one line that names the variable."""
    for variable, value, told in (
        ("RUNNER_PORT", "eighty", "runner_port"),
        ("APP_LOG_LEVEL", "LOUD", "APP_LOG_LEVEL"),
        ("MINIO_ENDPOINT", "minio:9000", "MINIO_ACCESS_KEY"),
    ):
        runner = start(tmp_path, 0, **{variable: value})
        _, errors = runner.communicate(timeout=20)
        assert runner.returncode == 2
        assert told in errors
        assert len(errors.strip().splitlines()) == 1


def test_k7_a_store_that_is_none_is_named_at_the_start(tmp_path: Path) -> None:
    """A web page where the S3 API should be, and a key that may not list: exit 2 and one line with the variable."""
    keys = {"MINIO_ACCESS_KEY": "reader", "MINIO_SECRET_KEY": "s"}
    for server, told in (
        (S3Server(set(), fault="page"), "MINIO_ENDPOINT answers with a web page"),
        (S3Server({"GetObject", "PutObject"}), "MINIO_ACCESS_KEY lacks the right s3:ListBucket"),
    ):
        with serving(server):
            runner = start(tmp_path, 0, MINIO_ENDPOINT=server.endpoint, **keys)
            _, errors = runner.communicate(timeout=60)
        assert runner.returncode == 2
        assert told in errors


@pytest.mark.parametrize(("support_min", "warned"), [("1", True), ("2", False)])
def test_a_runner_that_believes_one_user_says_so_at_its_start(tmp_path: Path, support_min: str, warned: bool) -> None:
    """With SUPPORT_MIN=1 whoever corrects falsely is the gold that a version is promoted by."""
    with start(tmp_path, free_port(), SUPPORT_MIN=support_min) as runner:
        assert runner.stderr is not None
        said = []
        for line in runner.stderr:
            said.append(line)
            if "Started server process" in line:
                break
        runner.kill()
    assert any("one user's correction is believed" in line for line in said) == warned
    assert "Started server process" in said[-1]
