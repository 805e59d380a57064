"""K8: what was wrong with the images and the composition, as far as it shows without an engine; tests/images has the rest."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from socketserver import BaseRequestHandler, TCPServer
from threading import Thread
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[1]
SERVICES: dict[str, dict[str, Any]] = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))["services"]
VOLUMES: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))["volumes"]
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
ANSWERS = ROOT / "deploy" / "answers"
CHECKED = {name: service["healthcheck"] for name, service in SERVICES.items() if "healthcheck" in service}


def stage(name: str) -> str:
    """The instructions of a stage of the Dockerfile."""
    found = re.search(rf"^FROM \S+ AS {name}$\n(.*?)(?=^FROM |\Z)", DOCKERFILE, re.MULTILINE | re.DOTALL)
    assert found is not None, f"no stage {name}"
    return found.group(1)


@contextmanager
def listening(handler: type[BaseRequestHandler]) -> Iterator[int]:
    """The port of a server that ends with the test."""
    make = HTTPServer if issubclass(handler, BaseHTTPRequestHandler) else TCPServer
    with make(("127.0.0.1", 0), handler) as server:
        thread = Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join(5)


class Statuses(BaseHTTPRequestHandler):
    """200 at /ready, 503 elsewhere."""

    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/ready" else 503)
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """Silence."""


class Closes(BaseRequestHandler):
    """Takes what comes, and closes without a word."""

    def handle(self) -> None:
        self.request.recv(100)


def test_k8_the_code_is_a_layer_of_its_own() -> None:
    """A change of the code makes a layer of the code anew, not one of gigabytes: the packages' stages never see it."""
    for name in ("services", "runner"):
        assert re.findall(r"^COPY .*$", stage(name), re.MULTILINE) == ["COPY --from=code /code/opt/abhyas /opt/abhyas"]
    assert "--root /code ." in stage("code")
    below = stage("python") + stage("requirements") + stage("core-packages") + stage("train-packages")
    assert not re.search(r"COPY .*\b(schemas|runtime|producers|consumers|gpu_runner|ops|README.md)\b", below)
    # Nor is everything installed again for another line of pyproject.toml.
    assert "pyproject.toml" not in stage("core-packages") + stage("train-packages")


def test_k8_no_frontend_is_fetched_before_the_build() -> None:
    """`# syntax=` names an image of its own, which every build would have to fetch."""
    assert not re.search(r"^#\s*syntax\s*=", DOCKERFILE, re.MULTILINE | re.IGNORECASE)


def test_k8_the_user_is_made_without_a_warning() -> None:
    """A system account lies below 1000, and a home that is there already is not made."""
    made = re.search(r"useradd (?P<options>.*) abhyas \\$", stage("python"), re.MULTILINE)
    assert made is not None
    uid = re.search(r"--uid (\d+)", made["options"])
    assert uid is not None
    assert int(uid[1]) >= 1000
    assert "--system" not in stage("python")
    assert "--no-create-home" in made["options"]


@pytest.mark.parametrize("name", CHECKED)
def test_k8_a_health_check_starts_no_interpreter_and_has_time(name: str) -> None:
    """A JVM or a Python for each check took longer than its limit where the cores were busy."""
    check = CHECKED[name]
    assert check["test"][0] == "CMD"
    assert check["test"][1] in {"answers", "bash", "wget"}
    assert not re.search(r"python|java|kafka-\S*\.sh", " ".join(check["test"]))
    assert int(check["timeout"].removesuffix("s")) >= 20
    image_check = re.search(r"^HEALTHCHECK .*$", DOCKERFILE, re.MULTILINE)
    assert image_check is not None
    assert 'CMD ["answers", "8007", "/health"]' in image_check[0]


@pytest.mark.process
def test_k8_the_check_of_a_service_tells_200_from_everything_else() -> None:
    """Exit code 0 for 200 alone; the file can be run, and is in both images."""
    assert ANSWERS.stat().st_mode & 0o111
    assert "COPY deploy/answers /usr/local/bin/answers" in stage("python")

    def code(port: int, path: str) -> int:
        return subprocess.run([str(ANSWERS), str(port), path], capture_output=True, timeout=30, check=False).returncode

    with listening(Statuses) as port:
        assert code(port, "/ready") == 0
        assert code(port, "/other") != 0
    assert code(port, "/ready") != 0
    with listening(Closes) as port:
        assert code(port, "/ready") != 0


def kafka_check(address: str) -> int:
    """The exit code of Kafka's check in the composition, against a broker at another port."""
    program = CHECKED["kafka"]["test"][1:]
    host, port = address.split(":")
    words = [word.replace("$$", "$").replace("/dev/tcp/127.0.0.1/9092", f"/dev/tcp/{host}/{port}") for word in program]
    return subprocess.run(words, capture_output=True, timeout=60, check=False).returncode


@pytest.mark.kafka
def test_k8_the_check_of_kafka_is_answered_by_a_broker(kafka_broker: str) -> None:
    """Ten bytes and an answer, without a JVM."""
    assert kafka_check(kafka_broker) == 0


@pytest.mark.process
def test_k8_the_check_of_kafka_is_not_answered_by_an_open_port() -> None:
    """Nor by none."""
    with listening(Closes) as port:
        assert kafka_check(f"127.0.0.1:{port}") != 0
    assert kafka_check(f"127.0.0.1:{port}") != 0


def test_k8_a_call_of_the_command_starts_nothing_again() -> None:
    """What `compose run abhyas` depends on is started before each call, also what has ended: the topics were made anew each time."""
    assert "depends_on" not in SERVICES["abhyas"]
    assert SERVICES["abhyas"]["profiles"] == ["tools"]


def test_k8_the_command_in_its_container_asks_the_other_containers() -> None:
    """There 127.0.0.1 is itself: every address of a service is set, by the name and port of the composition."""
    environment = SERVICES["abhyas"]["environment"]
    for name, port in (("runner", 8007), ("gateway", 8008), ("dashboard", 8009), ("consumers", 8010)):
        assert environment[f"{name.upper()}_URL"] == f"http://{name}:{port}"
    for service in SERVICES.values():
        assert not [value for key, value in service.get("environment", {}).items() if key.endswith("_URL") and "127.0.0.1" in value]


def test_k8_what_writes_has_a_place_to_write_to() -> None:
    """Over a root that can't be written, the data folder of each of our services that writes is a volume."""
    for name in ("consumers", "runner", "abhyas"):
        assert [volume for volume in SERVICES[name]["volumes"] if volume.endswith(":/app/data")], name


@pytest.mark.parametrize("name", SERVICES)
def test_k8_every_container_is_hardened(name: str) -> None:
    """No capability, no way to get one, a root that can't be written, not root itself."""
    service = SERVICES[name]
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["init"] is True
    # The GPU's runtime writes into the runner's root when it starts.
    assert service.get("read_only") is (None if name == "runner" else True)
    if name == "s3-owner":
        assert (service["cap_add"], service["network_mode"], service["restart"]) == (["CHOWN", "DAC_READ_SEARCH"], "none", "no")
    else:
        assert "cap_add" not in service
    # The images of Kafka and Prometheus have users of their own.
    if name == "s3":
        assert service["user"] == "10001:10001"
        assert service["depends_on"]["s3-owner"] == {"condition": "service_completed_successfully"}


def test_k8_kafka_can_write_what_its_start_writes() -> None:
    """Its configuration and its collector's log, in memory of its user's, not root's; and may run the codecs that it unpacks to /tmp."""
    assert SERVICES["kafka"]["tmpfs"] == ["/tmp:exec", *(f"/opt/kafka/{name}:uid=1000,gid=1000" for name in ("config", "logs"))]


@pytest.mark.process
def test_k8_the_owner_of_the_s3_volume_is_changed_once(tmp_path: Path) -> None:
    """A store that an earlier release wrote as root becomes the new user's, the top folder last, so that a stop is made up for."""
    shell, option, program = SERVICES["s3-owner"]["command"]
    (tmp_path / "bucket" / "key").mkdir(parents=True)
    log = tmp_path.parent / f"{tmp_path.name}.log"
    fake = tmp_path.parent / f"{tmp_path.name}.bin"
    fake.mkdir()
    (fake / "chown").write_text(f'#!/bin/sh\nshift 2\nprintf "%s\\n" "$@" >> {log}\n')
    (fake / "chown").chmod(0o755)
    words = [shell, option, program.replace("$$", "$").replace("/data", str(tmp_path))]
    done = subprocess.run(words, env={"PATH": f"{fake}:/usr/bin:/bin"}, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 0, done.stderr
    assert log.read_text().splitlines() == [str(tmp_path / "bucket" / "key"), str(tmp_path / "bucket"), str(tmp_path)]


PAGES = ("docs/containers.md", "docs/operating.md")


@pytest.mark.parametrize("page", PAGES)
def test_k8_a_volume_in_the_documentation_is_one_of_the_composition(page: str) -> None:
    """The composition's volumes carry its name: another name is another, empty volume."""
    text = (ROOT / page).read_text(encoding="utf-8")
    named = set(re.findall(r"-v ([a-z][\w-]*):/", text))
    assert named
    assert named <= {f"abhyas_{volume}" for volume in VOLUMES}


def test_k8_the_way_of_a_model_into_an_installation_is_documented() -> None:
    """Every `compose run abhyas` line of the page is a command that exists, the base model's before the bootstrap."""
    from typer.main import get_command

    from ops.cli import app

    text = (ROOT / "docs" / "containers.md").read_text(encoding="utf-8")
    commands: Any = get_command(app)
    called = re.findall(r"^docker compose run .*?\babhyas ([a-z-]+)", text, re.MULTILINE)
    assert {"add-base", "bootstrap", "status", "export"} <= set(called)
    assert set(called) <= set(commands.commands)
    assert called.index("add-base") < called.index("bootstrap")
    assert not re.search(r"compose cp", text)
