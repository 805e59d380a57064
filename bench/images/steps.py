"""What has to hold of the running composition, step by step; each adds its figures to the log."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from bench.images.composition import Composition
from bench.images.documented import documented_calls
from bench.images.podman import Podman
from bench.images.stack import Stack

FEEDBACK: Final = {
    "feedback_id": "f-1", "user": "u-1", "model": "tiny-llama", "language": "en", "query": "When did the Amberlight Museum open?",
    "response": "In 1901.", "rating": {"scale": "stars_1_5", "value": 2}, "correction": "1894", "source_group": "images-check",
}  # fmt: skip
_POST: Final = """
import sys, urllib.request
request = urllib.request.Request(sys.argv[1], sys.argv[2].encode(), {"Content-Type": "application/json"})
print(urllib.request.urlopen(request, timeout=60).status)
"""
_ZSTD: Final = """
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient, NewTopic
where = {"bootstrap.servers": "kafka:9092"}
admin = AdminClient(where)
[made.result() for made in admin.create_topics([NewTopic("images-check", 1, 1)]).values()]
failed = []
for codec in ("zstd", "snappy", "lz4", "gzip"):
    producer = Producer({**where, "compression.type": codec, "message.timeout.ms": 30000})
    producer.produce("images-check", b"x" * 2000, on_delivery=lambda error, _: error and failed.append(str(error)))
    producer.flush()
assert not failed, failed
"""
_NOTHING: Final = {"CapPrm": "0" * 16, "CapEff": "0" * 16, "CapBnd": "0" * 16, "NoNewPrivs": "1"}
# The users that the images of others bring along.
_THEIR_USERS: Final = {"kafka": "1000", "prometheus": "65534"}


class StepFailed(RuntimeError):
    """Something does not hold; the message says what was found."""


@dataclass(frozen=True, slots=True)
class Run:
    """A stack, the services of it that are run, the folder that holds `in`, and the figures so far."""

    podman: Podman
    stack: Stack
    composition: Composition
    names: list[str]
    folder: Path
    figures: dict[str, Any]

    def with_runner(self) -> bool:
        """Whether the runner's image was built."""
        return "runner" in self.names


def up(run: Run) -> None:
    """Everything starts and gets healthy."""
    run.figures["healthy_after_s"] = run.stack.up(run.names)


def every_container_is_hardened(run: Run) -> None:
    """The first process of each may nothing, is not root, and can't write to its root."""
    for name in run.names:
        if "healthcheck" not in run.composition.services[name]:
            continue
        said = run.stack.inside(name, "cat", "/proc/1/status").stdout
        status = dict(line.split(":\t", 1) for line in said.splitlines())
        found = {key: status[key] for key in _NOTHING}
        uid = status["Uid"].split()[0]
        _expect(found == _NOTHING, f"{name}: {found}")
        _expect(uid == _THEIR_USERS.get(name, "10001"), f"{name} runs as {uid}")
        written = run.stack.inside(name, "sh", "-c", "touch /etc/written").returncode == 0
        _expect(not written, f"{name} can write to its root")


def kafka_takes_every_compression(run: Run) -> None:
    """Its codecs are unpacked to /tmp and run there."""
    done = run.stack.inside("gateway", "python", "-c", _ZSTD)
    _expect(done.returncode == 0, done.stderr[-1000:])


def feedback_is_taken(run: Run) -> None:
    """By the gateway, once the broker has it."""
    done = run.stack.inside("gateway", "python", "-c", _POST, "http://127.0.0.1:8008/v1/feedback", json.dumps(FEEDBACK))
    _expect(done.stdout.strip() == "202", done.stdout + done.stderr[-1000:])


def the_documented_lines(run: Run) -> None:
    """Each line of docs/containers.md, in its order: the base model, the bootstrap, status, the sample, both exports."""
    (run.folder / "out").mkdir()
    took = {}
    for call in documented_calls(run.folder):
        words = " ".join(call.words[:2])
        if call.words[0] == "bootstrap" and not run.with_runner():
            continue
        began = time.monotonic()
        done = call.run(run.stack)
        took[" ".join(call.words[:3])] = round(time.monotonic() - began, 1)
        # Without the runner status says that it does not answer, by its exit code too.
        _expect(
            done.returncode == 0 or (call.words[0] == "status" and not run.with_runner()), f"{words}: {done.stdout}{done.stderr[-2000:]}"
        )
        if call.words[0] == "tail":
            _expect(json.loads(done.stdout)["value"]["correction"] == "1894", done.stdout)
    run.figures["calls_s"] = took
    _expect((run.folder / "out" / "aggregated_feedback.json").is_file(), "the export did not reach the folder")


def status_knows_every_service(run: Run) -> None:
    """Each answers under its name; a model that was bootstrapped is served."""
    run.figures["status"] = _status(run)
    expected = {"gateway", "consumers", "dashboard"} | ({"runner"} if run.with_runner() else set())
    _expect(set(run.figures["status"]["healthy"]) == expected, str(run.figures["status"]))
    if run.with_runner():
        _expect(run.figures["status"]["serving"] is not None, "no version serves after the bootstrap")


def the_runner_keeps_its_connections(run: Run) -> None:
    """No word of a pool that is full."""
    for name in ("runner", "consumers"):
        if name in run.names:
            said = run.podman.run("logs", name, check=False)
            _expect("pool is full" not in said.stdout + said.stderr, f"{name}: the connection pool was full")


def down_and_up_keep_state(run: Run) -> None:
    """The same status, and the same sample, as before."""
    run.figures["containers_cpu_s"] = {name: round(used, 1) for name, used in run.podman.cpu_s().items()}
    before = _status(run)
    run.stack.down()
    run.figures["healthy_again_after_s"] = run.stack.up(run.names)
    deadline = time.monotonic() + 60
    while _status(run) != before:
        _expect(time.monotonic() < deadline, f"after down and up {_status(run)}, before {before}")
        time.sleep(1)
    told = run.stack.call("tail", "sample.collected", "--from-beginning", "-n", "1")
    _expect(json.loads(told.stdout)["value"]["correction"] == "1894", told.stdout + told.stderr)
    run.stack.down()


def _status(run: Run) -> dict[str, Any]:
    said = json.loads(run.stack.call("status", "--json").stdout)
    model = ((said["state"] or {}).get("models") or {}).get("tiny-llama") or {}
    return {
        "healthy": sorted(name for name, service in said["services"].items() if service["status"] == "healthy"),
        "serving": model.get("serving_version"),
        "pending_negatives": model.get("pending_negatives"),
    }


def _expect(held: bool, found: str) -> None:
    if not held:
        raise StepFailed(found)


ALL_STEPS: Final[tuple[Callable[[Run], None], ...]] = (
    up,
    every_container_is_hardened,
    kafka_takes_every_compression,
    feedback_is_taken,
    the_documented_lines,
    status_knows_every_service,
    the_runner_keeps_its_connections,
    down_and_up_keep_state,
)
