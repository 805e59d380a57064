"""Podman with storage of its own in one folder, and why it can't be had; what was made goes with the folder."""

from __future__ import annotations

import json
import os
import resource
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

NEEDED: Final = ("podman", "runc", "debootstrap", "tar")
# `podman run --init` and a network with names need these; the folders are Debian's.
HELPERS: Final = ("catatonit", "netavark", "aardvark-dns")
# Open files, and processes of a user: a broker and a trainer stay far below.
_ENOUGH: Final = 8_192
_HELPER_FOLDERS: Final = ("/usr/libexec/podman", "/usr/lib/podman", "/usr/bin")


class ImagesUnavailable(RuntimeError):
    """Images can't be built or run on this machine as it is; the message says what lacks."""


class PodmanFailed(RuntimeError):
    """A command of podman's failed; the message has its last words."""


def missing() -> str | None:
    """What lacks to build images here, or None."""
    if os.geteuid() != 0:
        return "this is not root, which debootstrap needs"
    lacking = [name for name in NEEDED if shutil.which(name) is None]
    return f"not installed: {', '.join(lacking)}" if lacking else None


def missing_helpers(names: Sequence[str] = HELPERS) -> list[str]:
    """Those of podman's helper programs that are not installed."""
    return [name for name in names if not any((Path(folder) / name).exists() for folder in _HELPER_FOLDERS)]


class Podman:
    """Commands on images and containers that live in `folder` alone, until `close`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        # Podman's own defaults are above what this process may set where it may not raise its limits.
        limits = [
            f"{name}={_hard_limit(number)}" for name, number in (("nofile", resource.RLIMIT_NOFILE), ("nproc", resource.RLIMIT_NPROC))
        ]
        configuration = folder / "containers.conf"
        configuration.write_text(f"[containers]\ndefault_ulimits = {json.dumps(limits)}\n")
        self._environment = {**os.environ, "CONTAINERS_CONF": str(configuration), "TMPDIR": str(self._made("tmp"))}
        self._command = [
            "podman",
            f"--root={folder / 'storage'}",
            f"--runroot={folder / 'run'}",
            f"--tmpdir={self._made('state')}",
            f"--network-config-dir={self._made('networks')}",
            "--runtime=runc",
            "--cgroup-manager=cgroupfs",
            "--events-backend=none",
        ]

    def _made(self, name: str) -> Path:
        (self.folder / name).mkdir(exist_ok=True)
        return self.folder / name

    def run(self, *words: str, timeout_s: float = 120, check: bool = True, data: bytes | None = None) -> subprocess.CompletedProcess[str]:
        """One command; raises PodmanFailed where it fails or takes longer, unless `check` is false."""
        try:
            done = subprocess.run(
                [*self._command, *words], input=data, capture_output=True, env=self._environment, timeout=timeout_s, check=False
            )
        except subprocess.TimeoutExpired:
            raise PodmanFailed(f"podman {words[0]} took longer than {timeout_s:g} s") from None
        said = subprocess.CompletedProcess(
            done.args, done.returncode, done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace")
        )
        if check and done.returncode:
            raise PodmanFailed(f"podman {' '.join(words[:3])} ended with {done.returncode}: {(said.stdout + said.stderr)[-3000:]}")
        return said

    def import_folder(self, root: Path, name: str) -> None:
        """An image of one layer from a root folder."""
        archive = subprocess.Popen(["tar", "-C", str(root), "--exclude=./proc/*", "--exclude=./sys/*", "-c", "."], stdout=subprocess.PIPE)
        with archive:
            command = [*self._command, "import", "--quiet", "-", name]
            done = subprocess.run(
                command, stdin=archive.stdout, capture_output=True, text=True, env=self._environment, timeout=300, check=False
            )
        if done.returncode or archive.returncode:
            raise PodmanFailed(f"podman import ended with {done.returncode}: {done.stderr[-2000:]}")

    def layers(self, image: str) -> list[tuple[int, str]]:
        """Size in bytes and instruction of each layer that holds something, the newest first."""
        told: list[dict[str, Any]] = json.loads(self.run("history", "--no-trunc", "--format", "json", image).stdout)
        return [(layer["size"], layer["CreatedBy"]) for layer in told if layer["size"]]

    def image_bytes(self, image: str) -> int:
        """The size of an image, its base included."""
        return int(self.run("image", "inspect", "--format", "{{.Size}}", image).stdout)

    def cpu_s(self) -> Mapping[str, float]:
        """CPU seconds of each running container so far, by its name."""
        names = self.run("ps", "--format", "{{.Names}} {{.ID}}", "--no-trunc").stdout.split()
        return {name: _cgroup_cpu_s(key) for name, key in zip(names[::2], names[1::2], strict=True)}

    def close(self) -> None:
        """Ends the containers and removes everything in the folder, also after a failure."""
        self.run("rm", "--force", "--all", "--time", "0", check=False)
        for network in self.run("network", "ls", "--quiet", check=False).stdout.split():
            if network != "podman":
                self.run("network", "rm", "--force", network, check=False)
        with open("/proc/self/mounts", encoding="utf-8") as mounts:
            below = [line.split()[1] for line in mounts if line.split()[1].startswith(f"{self.folder.resolve()}/")]
        for place in reversed(below):
            subprocess.run(["umount", "--lazy", place], capture_output=True, check=False)
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()


def _hard_limit(number: int) -> str:
    _, hard = resource.getrlimit(number)
    value = _ENOUGH if hard == resource.RLIM_INFINITY else min(hard, _ENOUGH)
    return f"{value}:{value}"


def _cgroup_cpu_s(key: str) -> float:
    """CPU seconds of a container's control group, of either version; 0 where it is not found."""
    for path in Path("/sys/fs/cgroup").glob(f"**/libpod-{key}/cpuacct.usage"):
        return int(path.read_text()) / 1e9
    for path in Path("/sys/fs/cgroup").glob(f"**/libpod-{key}/cpu.stat"):
        fields = dict(line.split() for line in path.read_text().splitlines())
        if "usage_usec" in fields:
            return int(fields["usage_usec"]) / 1e6
    return 0.0
