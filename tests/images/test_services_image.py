"""K8: the services' image, built by podman from the Dockerfile alone, and one feedback through its containers.

About three CPU minutes and 2 GB of disk, all below one folder that goes with the tests. Skipped where podman, runc, debootstrap or root are
not to be had, or a container can't be run.
"""

from __future__ import annotations

import json
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

import pytest

from bench.images.build import BUNDLE, build, make_base
from bench.images.composition import Composition, command_of, environment_of, hardening, mounts, read_composition
from bench.images.podman import ImagesUnavailable, Podman, missing, missing_helpers
from ops.stack.services import Ports

pytestmark = pytest.mark.timeout(1_800)

IMAGE = "abhyas-services:0.1.0"
SECRETS = dict.fromkeys(("HOLDOUT_KEY", "USER_HASH_KEY", "MINIO_ACCESS_KEY", "MINIO_SECRET_KEY"), "a-long-random-string")
# What the kernel says of a process that may nothing and can't get to more.
NOTHING = {"CapInh": "0" * 16, "CapPrm": "0" * 16, "CapEff": "0" * 16, "CapBnd": "0" * 16, "NoNewPrivs": "1"}
LOOK = "id -u; grep -E '^(Cap(Inh|Prm|Eff|Bnd)|NoNewPrivs)' /proc/self/status; touch /app/x && echo written; touch /tmp/x && echo kept"


@dataclass
class Installation:
    """The image in podman, and the composition's services as containers of it on the host's network."""

    podman: Podman
    said: str
    composition: Composition = field(default_factory=lambda: read_composition(SECRETS))

    def options(self, service: str, **changes: str | None) -> list[str]:
        """As the composition has it, on the host's network, with some variables changed."""
        described = self.composition.services[service]
        assert described["image"] == IMAGE
        hardened = [option for option in hardening(described) if option != "--init" or not missing_helpers(["catatonit"])]
        named = mounts(described, self.composition.name, Path())
        return ["--network=host", *hardened, *named, *environment_of(described, changes)]

    def call(
        self, service: str, *words: str, entrypoint: str | None = None, timeout_s: float = 120, **changes: str | None
    ) -> tuple[int, str]:
        """One container that ends by itself: exit code, and what it said."""
        entry, behind = command_of(self.composition.services[service], words)
        entry = [f"--entrypoint={entrypoint}"] if entrypoint else entry
        done = self.podman.run(
            "run", "--rm", *self.options(service, **changes), *entry, IMAGE, *behind, check=False, timeout_s=timeout_s
        )  # fmt: skip
        return done.returncode, done.stdout + done.stderr

    def start(self, service: str, **changes: str | None) -> None:
        """The service's own command, in the background."""
        entry, behind = command_of(self.composition.services[service])
        self.podman.run("run", "--detach", f"--name={service}", *self.options(service, **changes), *entry, IMAGE, *behind)

    def wait_until_it_answers(self, service: str, port: int, path: str) -> None:
        """Asks as the health check does, in the container; raises AssertionError with the service's last words."""
        deadline = time.monotonic() + 240
        while self.podman.run("exec", service, "answers", str(port), path, check=False).returncode:
            assert time.monotonic() < deadline, self.podman.run("logs", "--tail=30", service).stderr
            time.sleep(1)


@pytest.fixture(scope="module")
def installation() -> Iterator[Installation]:
    """The image, built once for the module; everything made for it is removed at the end."""
    if (reason := missing()) is not None:
        pytest.skip(f"no images for this test: {reason}")
    with Podman(Path(tempfile.mkdtemp(prefix="abhyas-images-"))) as podman:
        try:
            make_base(podman)
        except ImagesUnavailable as error:
            pytest.skip(f"no images for this test: {error}")
        # From here on what fails is ours.
        yield Installation(podman, build(podman, "services", IMAGE))
    # DEV


def test_k8_the_image_is_built_without_a_warning_of_its_user(installation: Installation) -> None:
    """And with the code in a small layer above the packages."""
    assert "useradd" in installation.said
    assert "useradd warning" not in installation.said
    assert "useradd: warning" not in installation.said
    (code, packages, *_) = (size for size, by in installation.podman.layers(IMAGE) if "FROM" not in by.split()[0] and size > 100_000)
    assert code < 20e6
    assert packages > 100e6


def test_k8_settings_and_certificates_of_the_machine_stay_out_of_the_image(installation: Installation) -> None:
    """They are shown to pip while it installs, and are no part of a layer."""
    program = f"cat /etc/pip.conf; sha256sum < {BUNDLE}"
    _, said = installation.call("gateway", "sh", "-c", program)
    base = installation.podman.run(
        "run", "--rm", "--network=none", "docker.io/library/python:3.11-slim-bookworm", "sh", "-c", program
    ).stdout
    assert said == base
    assert "index" not in said


@pytest.mark.parametrize("service", ["gateway", "consumers", "dashboard", "topics", "abhyas"])
def test_k8_a_container_may_nothing(installation: Installation, service: str) -> None:
    """Its own user, no capability and no way to one, a root that can't be written, memory for /tmp."""
    _, said = installation.call(service, "-c", LOOK, entrypoint="sh")
    uid, *rest = said.splitlines()
    assert uid == "10001"
    assert dict(line.split(":\t") for line in rest if ":\t" in line) == NOTHING
    assert "written" not in rest
    assert "kept" in rest
    assert "Read-only file system" in said


def test_k8_the_owner_of_the_s3_volume_can_change_owners_and_nothing_else(installation: Installation) -> None:
    """A store that root wrote becomes s3's; again, nothing changes."""
    podman = installation.podman
    podman.run(
        "run", "--rm", "--user=0:0", "--volume=abhyas_s3-data:/data", IMAGE, "sh", "-c", "mkdir -m 700 /data/models && touch /data/models/a"
    )
    described = installation.composition.services["s3-owner"]
    for _ in range(2):
        podman.run(
            "run",
            "--rm",
            f"--network={described['network_mode']}",
            *hardening(described),
            *mounts(described, "abhyas", Path()),
            IMAGE,
            *described["command"],
        )
    told = podman.run(
        "run",
        "--rm",
        "--user=10001:10001",
        "--volume=abhyas_s3-data:/data",
        IMAGE,
        "sh",
        "-c",
        "stat -c %u /data /data/models /data/models/a; echo b >> /data/models/a",
    )
    assert told.stdout.split() == ["10001"] * 3


@pytest.mark.kafka
def test_k8_one_feedback_goes_through_the_containers(installation: Installation, kafka_broker: str) -> None:
    """From the gateway's answer to sample.collected; status finds the others, and the export has a place."""
    ports = Ports.free()
    here = {"KAFKA_BOOTSTRAP_SERVERS": kafka_broker, "TOPIC_PREFIX": f"t{uuid4().hex[:8]}", "HOST": "127.0.0.1"}
    urls = {f"{name.upper()}_URL": f"http://127.0.0.1:{ports.of(name)}" for name in ("gateway", "consumers", "dashboard", "runner")}
    code, said = installation.call("topics", **here)
    assert code == 0, said
    installation.start("consumers", **here, CONSUMERS_PORT=str(ports.consumers), MINIO_ENDPOINT=None)
    installation.start("gateway", **here, GATEWAY_PORT=str(ports.gateway), CONSUMERS_URL=urls["CONSUMERS_URL"])
    installation.start("dashboard", **here, DASHBOARD_PORT=str(ports.dashboard), CONSUMERS_URL=urls["CONSUMERS_URL"])
    installation.wait_until_it_answers("consumers", ports.consumers, "/ready")
    installation.wait_until_it_answers("gateway", ports.gateway, "/ready")
    installation.wait_until_it_answers("dashboard", ports.dashboard, "/health")
    body = {
        "feedback_id": "f-1",
        "user": "u-1",
        "model": "tiny-llama",
        "query": "When did the Amberlight Museum open?",
        "response": "In 1901.",
    }
    body |= {"rating": {"scale": "stars_1_5", "value": 2}, "correction": "1894", "source_group": "g-1"}
    request = urllib.request.Request(f"{urls['GATEWAY_URL']}/v1/feedback", json.dumps(body).encode(), {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=30) as answer:
        assert answer.status == 202
    code, said = installation.call("abhyas", "tail", "sample.collected", "--from-beginning", "-n", "1", **here, **urls)
    assert code == 0, said
    assert json.loads(said.splitlines()[0])["value"]["correction"] == "1894"
    _, said = installation.call("abhyas", "status", "--json", **here, **urls)
    services = json.loads(said)["services"]
    assert {name: service["status"] for name, service in services.items() if service["answers"]} == dict.fromkeys(
        ("gateway", "consumers", "dashboard"), "healthy"
    )
    code, said = installation.call("abhyas", "export", "feedback", **here, **urls)
    assert code == 0, said
    assert "/app/data/feedback: 1 records" in said
