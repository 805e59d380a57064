"""The base image out of Debian's packages, and the Dockerfile's targets on it, without a registry."""

from __future__ import annotations

import ast
import re
import shutil
import ssl
import subprocess
import sys
from pathlib import Path
from typing import Final

from bench.images.podman import ImagesUnavailable, Podman, PodmanFailed

ROOT: Final = Path(__file__).parents[2]
DOCKERFILE: Final = ROOT / "Dockerfile"
SUITE: Final = "bookworm"  # has Python 3.11, as the image that FROM names
BUNDLE: Final = "/etc/ssl/certs/ca-certificates.crt"
# Of pip's settings those that say where packages come from; a folder of this machine is none of them.
_PIP_KEYS: Final = frozenset({"index-url", "extra-index-url", "trusted-host", "proxy", "timeout", "default-timeout", "retries"})


def base_name() -> str:
    """The image that the Dockerfile begins with."""
    found = re.search(r"^FROM (\S+) AS python$", DOCKERFILE.read_text(encoding="utf-8"), re.MULTILINE)
    if found is None:
        raise ValueError("Dockerfile: expected a first stage FROM … AS python")
    return found.group(1)


def make_base(podman: Podman) -> None:
    """A Debian with Python under that name (40 s of CPU); raises ImagesUnavailable where it can't be made or nothing runs in it."""
    root = podman.folder / "base"
    command = ["debootstrap", "--variant=minbase", "--include=python3,python3-venv,ca-certificates", SUITE, str(root)]
    mirror = debian_mirror()
    try:
        done = subprocess.run([*command, *([mirror] if mirror else [])], capture_output=True, text=True, timeout=900, check=False)
        if done.returncode:
            raise ImagesUnavailable(f"debootstrap made no base image: {done.stdout[-500:]}{done.stderr[-500:]}")
        for folder in ("var/cache/apt/archives", "var/lib/apt/lists"):
            shutil.rmtree(root / folder)
            (root / folder / "partial").mkdir(parents=True)
        (root / "usr/bin/python").symlink_to("python3")
        # Mounted over while the image is built; what is made to mount on would stay in it.
        (root / "etc/pip.conf").touch()
        podman.import_folder(root, f"docker.io/library/{base_name()}")
        podman.run("run", "--rm", "--network", "none", base_name(), "python", "-c", "")
    except subprocess.TimeoutExpired:
        raise ImagesUnavailable("debootstrap made no base image within 15 minutes") from None
    except PodmanFailed as error:
        raise ImagesUnavailable(f"podman can't run a container here: {error}") from None
    finally:
        shutil.rmtree(root, ignore_errors=True)


def debian_mirror() -> str | None:
    """Where this machine's apt gets the suite from; None: debootstrap's own choice."""
    try:
        command = ["apt-get", "indextargets", "--format", "$(REPO_URI) $(RELEASE) $(COMPONENT)", "Created-By: Packages"]
        told = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False).stdout
    except OSError:
        return None
    found = [line.split() for line in told.splitlines()]
    return next((words[0] for words in found if words[1:] == [SUITE, "main"]), None)


def build(podman: Podman, target: str, name: str, *, timeout_s: float = 3_000, context: Path = ROOT) -> str:
    """Builds a target of the Dockerfile and returns what was said; pip's settings and certificates of this machine stay out of it."""
    done = podman.run(
        "build", "--network=host", "--format=docker", "--layers", "--pull=never", f"--target={target}", f"--tag={name}",
        *pip_mounts(podman.folder), str(context), timeout_s=timeout_s,
    )  # fmt: skip
    return done.stdout + done.stderr


def build_stand_in(podman: Podman, context: Path, name: str) -> None:
    """Builds the Dockerfile of a folder, for an image that only a registry has."""
    podman.run("build", "--network=host", "--format=docker", "--pull=never", f"--tag={name}", str(context), timeout_s=900)


def pip_mounts(folder: Path) -> list[str]:
    """Options that show pip this machine's settings and certificates while an image is built."""
    told = subprocess.run([sys.executable, "-m", "pip", "config", "list"], capture_output=True, text=True, timeout=60, check=False).stdout
    settings: dict[str, str] = {}
    for line in told.splitlines():
        place, _, value = line.partition("=")
        settings[place.rpartition(".")[2]] = str(ast.literal_eval(value))
    kept = {key: " ".join(value.split()) for key, value in settings.items() if key in _PIP_KEYS}
    bundle = settings.get("cert") or ssl.get_default_verify_paths().cafile
    mounts = []
    if bundle and Path(bundle).is_file():
        kept["cert"] = BUNDLE
        mounts.append(f"--volume={Path(bundle).resolve()}:{BUNDLE}:ro")
    file = folder / "pip.conf"
    file.write_text("[global]\n" + "".join(f"{key} = {value}\n" for key, value in kept.items()))
    return [*mounts, f"--volume={file}:/etc/pip.conf:ro"]
