"""K8: the `abhyas` commands where the services are other machines, as in a container of the composition."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import numpy as np
import pytest
from safetensors.numpy import save_file

from gpu_runner.versions.base_models import find_base
from ops.commands.feedback.export import feedback as export
from ops.commands.models.add_base import add_base, check_readable
from ops.commands.models.bootstrap import configured_store
from ops.commands.status import gather
from ops.errors import OperationFailed, WrongUsage
from ops.stack.description import FILE_NAME, RunningService, RunningStack, service_urls

NAMES = ("runner", "gateway", "dashboard", "consumers")


class Healthy(BaseHTTPRequestHandler):
    """Every path says whose it is."""

    def do_GET(self) -> None:
        body = json.dumps({"status": "healthy", "models": {}, "path": self.path}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Silence."""


@pytest.fixture
def elsewhere() -> Iterator[str]:
    """The address of a service that listens on no default port."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Healthy) as server:
        thread = Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join(5)


def test_k8_status_asks_the_addresses_of_the_environment(elsewhere: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a container the default addresses are the container's own; there each service is found by its variable."""
    for name in NAMES:
        monkeypatch.setenv(f"{name.upper()}_URL", f"{elsewhere}/{name}/")
    found = gather(tmp_path)
    assert {name: service["url"] for name, service in found["services"].items()} == {name: f"{elsewhere}/{name}" for name in NAMES}
    assert all(service["status"] == "healthy" for service in found["services"].values())
    assert found["state"]["path"] == "/consumers/state"


def test_k8_addresses_come_from_the_environment_then_the_stack_then_the_defaults(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As the broker's does: status and erase ask the same places."""
    for name in NAMES:
        monkeypatch.delenv(f"{name.upper()}_URL", raising=False)
    ports = {"runner": 8007, "gateway": 8008, "dashboard": 8009, "consumers": 8010}
    assert service_urls(tmp_path) == {name: f"http://127.0.0.1:{port}" for name, port in ports.items()}
    started = {"consumers": RunningService(1, "http://127.0.0.1:9", "log"), "runner": RunningService(1, "http://127.0.0.1:8", "log")}
    RunningStack(os.getpid(), "kafka", "127.0.0.1:1", False, "abhyas", str(tmp_path), "", started).write()
    assert (tmp_path / FILE_NAME).is_file()
    monkeypatch.setenv("CONSUMERS_URL", "http://consumers:8010")
    urls = service_urls(tmp_path)
    assert (urls["consumers"], urls["runner"], urls["gateway"]) == ("http://consumers:8010", "http://127.0.0.1:8", "http://127.0.0.1:8008")


@pytest.fixture
def on_the_broker(embedded_broker: object, monkeypatch: pytest.MonkeyPatch) -> None:
    """The commands find the embedded broker by their environment."""
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", getattr(embedded_broker, "bootstrap_servers"))  # noqa: B009
    monkeypatch.setenv("KAFKA_EMBEDDED", "true")
    monkeypatch.setenv("TOPIC_PREFIX", "nothing-there")


@pytest.mark.usefixtures("on_the_broker")
def test_k8_the_export_goes_where_it_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """And leaves the data folder alone."""
    export(tmp_path / "data", tmp_path / "out")
    assert (tmp_path / "out" / "aggregated_feedback.json").is_file()
    assert not (tmp_path / "data").exists()
    assert str(tmp_path / "out") in capsys.readouterr().out


@pytest.mark.usefixtures("on_the_broker")
def test_k8_an_export_that_can_not_be_written_says_what_would_help(tmp_path: Path) -> None:
    """Folder, reason, and the option for another folder."""
    (tmp_path / "data").write_text("a file, where a folder is expected")
    with pytest.raises(OperationFailed, match=r"data/feedback could not be written \(Not a directory\): .*--to"):
        export(tmp_path / "data")


@pytest.fixture
def base(tmp_path: Path) -> Path:
    """A folder that is a base model as far as its files go."""
    folder = tmp_path / "in" / "model"
    (folder / "more").mkdir(parents=True)
    (folder / "config.json").write_text("{}")
    save_file({"w": np.zeros(4, np.float32)}, folder / "model.safetensors")
    (folder / "more" / "vocab.txt").write_text("a")
    return folder


def told_to_somebody_else(files: dict[str, Path]) -> str:
    """What `check_readable` says to a user who owns none of the files; in a fork, because threads of this process share its user."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            if os.geteuid() == 0:
                os.setuid(65534)
            check_readable(files)
        except OperationFailed as error:
            os.write(write, str(error).encode())
        finally:
            os._exit(0)
    os.close(write)
    os.waitpid(child, 0)
    with os.fdopen(read, "rb") as said:
        return said.read().decode()


def test_k8_a_base_model_gets_into_the_store_where_the_runner_looks(
    base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Under the slug of its name, whole; the same again changes nothing."""
    monkeypatch.delenv("MINIO_ENDPOINT", raising=False)
    monkeypatch.delenv("ARTIFACTS_DIR", raising=False)
    for _ in range(2):
        add_base(model="org/My-Model", folder=base, data=tmp_path / "data")
        assert "3 files are in the artifact store under base/my-model" in capsys.readouterr().out
    store = configured_store(tmp_path / "data")
    found = find_base("org/My-Model", store=store, models_dir=tmp_path / "none", data_dir=tmp_path / "data")
    assert (found.kind, found.where) == ("store", "base/my-model")
    assert store.read_bytes("base/my-model/more/vocab.txt") == b"a"


def test_k8_a_base_model_that_can_not_be_used_is_named(base: Path, tmp_path: Path) -> None:
    """A folder without weights, no folder, another model under the name, a name that is none."""
    add_base(model="m", folder=base, data=tmp_path)
    save_file({"w": np.ones(4, np.float32)}, base / "model.safetensors")
    with pytest.raises(OperationFailed, match="base/m"):
        add_base(model="m", folder=base, data=tmp_path)
    (base / "model.safetensors").unlink()
    with pytest.raises(OperationFailed, match=r"is no base model: no \*\.safetensors"):
        add_base(model="m2", folder=base, data=tmp_path)
    with pytest.raises(OperationFailed, match="is no base model: no such folder"):
        add_base(model="m2", folder=tmp_path / "absent", data=tmp_path)
    with pytest.raises(WrongUsage, match="--model"):
        add_base(model="///", folder=base, data=tmp_path)


@pytest.mark.parametrize("name", ["model.safetensors", "config.json"])
@pytest.mark.process
def test_k8_a_file_of_a_base_model_that_this_user_may_not_read_is_named(name: str, base: Path) -> None:
    """With what helps, before anything is copied: what is copied into a container is often its owner's alone."""
    # As root the folders on the way are opened; else the files are nobody's, this user's included.
    for path in (base, *(above for above in base.parents if above.is_relative_to(Path(tempfile.gettempdir())))):
        if path.stat().st_uid == os.geteuid():
            path.chmod(path.stat().st_mode | 0o055)
    (base / name).chmod(0o600 if os.geteuid() == 0 else 0)
    told = told_to_somebody_else({path.name: path for path in (base / "config.json", base / "model.safetensors")})
    assert f"{name} can't be read (Permission denied): " in told
    assert "--user" in told
