"""The composition in podman: up, down, one call of a tool, health as the file asks for it."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from bench.images.composition import FILE, Composition, command_of, environment_of, hardening, mounts, seconds
from bench.images.podman import Podman, PodmanFailed

NETWORK: Final = "abhyas_default"
START_TIMEOUT_S: Final = 300.0


class Stack:
    """The services of a composition as containers of their names, on a network of their own; ports are not published."""

    def __init__(self, podman: Podman, composition: Composition) -> None:
        self._podman = podman
        self._composition = composition

    def up(self, names: Sequence[str] | None = None) -> dict[str, float]:
        """Starts what `up` starts, or these, each when what it depends on is there; seconds until each is healthy, by its name."""
        self._podman.run("network", "create", NETWORK)
        began = time.monotonic()
        healthy: dict[str, float] = {}
        wanted = [name for name in self._composition.started_by_up() if names is None or name in names]
        for name in wanted:
            for other, wait in self._composition.services[name].get("depends_on", {}).items():
                self._wait_for(other, wait["condition"])
            entry, behind = command_of(self._service(name))
            self._podman.run("run", "--detach", f"--name={name}", *self._options(name), *entry, self._image(name), *behind)
        for name in wanted:
            if "healthcheck" in self._service(name):
                self._wait_for(name, "service_healthy")
                healthy[name] = round(time.monotonic() - began, 1)
        return healthy

    def down(self) -> None:
        """Stops and removes containers and network; volumes stay."""
        for name in reversed(self._composition.started_by_up()):
            grace = seconds(self._service(name).get("stop_grace_period", "10s"))
            self._podman.run("rm", "--force", "--ignore", f"--time={grace:.0f}", name, timeout_s=grace + 60)
        self._podman.run("network", "rm", NETWORK)

    def call(self, *words: str, options: Sequence[str] = (), timeout_s: float = 600) -> subprocess.CompletedProcess[str]:
        """`compose run --rm abhyas WORDS`: a container of the tool beside the others; starts nothing else."""
        entry, behind = command_of(self._service("abhyas"), words)
        named = [*self._options("abhyas"), *options]
        return self._podman.run("run", "--rm", *named, *entry, self._image("abhyas"), *behind, check=False, timeout_s=timeout_s)

    def inside(self, name: str, *words: str, timeout_s: float = 120) -> subprocess.CompletedProcess[str]:
        """A command in a running container; whether it succeeded is its exit code's to say."""
        return self._podman.run("exec", name, *words, check=False, timeout_s=timeout_s)

    def _service(self, name: str) -> Mapping[str, Any]:
        return self._composition.services[name]

    def _image(self, name: str) -> str:
        service = self._service(name)
        return str(service["image"]) if "build" in service else f"docker.io/{service['image']}"

    def _options(self, name: str) -> list[str]:
        service = self._service(name)
        mode = service.get("network_mode")
        network = [f"--network={mode}"] if mode else [f"--network={NETWORK}", f"--network-alias={name}"]
        return [*network, *hardening(service), *mounts(service, self._composition.name, FILE.parent), *environment_of(service)]

    def _wait_for(self, name: str, condition: str) -> None:
        if condition == "service_completed_successfully":
            code = self._podman.run("wait", name, timeout_s=START_TIMEOUT_S).stdout.strip()
            if code != "0":
                raise PodmanFailed(f"{name} ended with {code}: {self._last_words(name)}")
            return
        check = self._service(name)["healthcheck"]
        deadline = time.monotonic() + START_TIMEOUT_S
        while not self._answers(name, check):
            if self._podman.run("container", "inspect", "--format", "{{.State.Running}}", name).stdout.strip() != "true":
                raise PodmanFailed(f"{name} ended: {self._last_words(name)}")
            if time.monotonic() > deadline:
                raise PodmanFailed(f"{name} did not get healthy within {START_TIMEOUT_S:.0f} s: {self._last_words(name)}")
            time.sleep(1)

    def _answers(self, name: str, check: Mapping[str, Any]) -> bool:
        """One health check, as long as it may take."""
        try:
            return self.inside(name, *check["test"][1:], timeout_s=seconds(check["timeout"])).returncode == 0
        except PodmanFailed:
            return False

    def _last_words(self, name: str) -> str:
        said = self._podman.run("logs", "--tail=40", name, check=False)
        return (said.stdout + said.stderr)[-3000:]


def in_folder(path: Path) -> list[str]:
    """The option that shows a folder to a call as /in, as the documentation does."""
    return [f"--volume={path.resolve()}:/in:ro"]
