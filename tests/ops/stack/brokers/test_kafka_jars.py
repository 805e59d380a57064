"""What the single node needs is found, or the error says what to install."""

from __future__ import annotations

from pathlib import Path

import pytest

from ops.stack.brokers.kafka_jars import KafkaUnavailable, fetch_jars, java, kafka_version


def fake_java(home: Path, version: str) -> None:
    """A JAVA_HOME whose java says that it has this version."""
    program = home / "bin" / "java"
    program.parent.mkdir(parents=True)
    program.write_text(f"#!/bin/sh\necho 'openjdk version \"{version}\" 2025-04-15' >&2\n")
    program.chmod(0o755)


@pytest.mark.process
def test_an_old_java_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Java 11 is refused with its version and the one needed."""
    fake_java(tmp_path, "11.0.2")
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    with pytest.raises(KafkaUnavailable, match=r"Java 17 or newer; .*11\.0\.2"):
        java()


@pytest.mark.process
def test_java_home_comes_before_the_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """JAVA_HOME's java is taken when it is new enough."""
    fake_java(tmp_path, "21")
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    assert java() == str(tmp_path / "bin" / "java")


def test_no_java_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without Java the error says what to install."""
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(KafkaUnavailable, match="Java 17 or newer: install it"):
        java()


def test_jars_that_are_there_are_not_fetched_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder with the pom's version needs no Maven; one with another version, or none, asks for it."""
    monkeypatch.setenv("PATH", str(tmp_path))
    (tmp_path / "kafka_2.13-3.0.0.jar").touch()
    with pytest.raises(KafkaUnavailable, match="install Maven"):
        fetch_jars(tmp_path)
    (tmp_path / f"kafka_2.13-{kafka_version()}.jar").touch()
    assert fetch_jars(tmp_path) == tmp_path
