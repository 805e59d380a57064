"""The program's arguments and refusals."""

from __future__ import annotations

import socket
import sys
from pathlib import Path

import pytest

from consumers.__main__ import main

# Tests are imported without packages; the server has to be found.
sys.path.insert(0, str(Path(__file__).parents[1] / "runtime" / "artifacts"))

from s3_server import S3Server, serving


def test_unknown_parts_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    """A part that does not exist ends with 2 and the names of those that do."""
    assert main(["stage3"]) == 2
    assert "stage1, stage2, ticker" in capsys.readouterr().err


def test_wrong_settings_are_refused(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: object) -> None:
    """A setting out of range, an unknown log level or a missing holdout key end with 2 and the field."""
    monkeypatch.setenv("TICK_INTERVAL_S", "0")
    assert main(["ticker"]) == 2
    assert "tick_interval_s" in capsys.readouterr().err
    monkeypatch.setenv("TICK_INTERVAL_S", "1")
    monkeypatch.setenv("APP_LOG_LEVEL", "LOUD")
    assert main(["ticker"]) == 2
    assert "APP_LOG_LEVEL" in capsys.readouterr().err
    monkeypatch.setenv("APP_LOG_LEVEL", "INFO")
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    monkeypatch.delenv("HOLDOUT_KEY", raising=False)
    assert main(["stage1"]) == 2
    assert "HOLDOUT_KEY" in capsys.readouterr().err


def test_k7_a_store_that_is_none_is_named_at_the_start(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """A web page where the S3 API should be ends with 2 and the variable, before anything is read from Kafka."""
    with serving(S3Server(set(), fault="page")) as server:
        monkeypatch.setenv("MINIO_ENDPOINT", server.endpoint)
        monkeypatch.setenv("MINIO_ACCESS_KEY", "reader")
        monkeypatch.setenv("MINIO_SECRET_KEY", "s")
        assert main(["ticker"]) == 2
    assert "MINIO_ENDPOINT answers with a web page" in capsys.readouterr().err


def test_taken_port_is_named(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """A port that somebody listens on ends with 1 and the variable to set."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        monkeypatch.setenv("CONSUMERS_PORT", str(taken.getsockname()[1]))
        assert main(["ticker"]) == 1
    assert "CONSUMERS_PORT" in capsys.readouterr().err
