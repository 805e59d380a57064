"""The peers' environments under the bench's folder: one virtual environment each, so that their pins and ours never meet."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

INSTALL_TIMEOUT_S: Final = 300.0


class PeerUnavailable(RuntimeError):
    """A peer cannot be installed here; the message is the installer's."""


@dataclass(frozen=True, slots=True)
class Peer:
    """A stream processor from the package index, with its versions."""

    name: str
    requirements: tuple[str, ...]


QUIX: Final = Peer("quix", ("quixstreams==3.28.1",))
# aiokafka reads lz4 only with cramjam.
FAUST: Final = Peer("faust", ("faust-streaming==0.15.3", "cramjam==2.14.0", "orjson==3.13.0"))


def interpreter(peer: Peer, root: Path) -> Path:
    """The Python of a peer's environment, made under `root` at the first call; raises PeerUnavailable with the installer's error."""
    folder = (root / peer.name).absolute()
    python, ready = folder / "bin" / "python", folder / ".ready"
    if ready.exists() and ready.read_text() == "\n".join(peer.requirements):
        return python
    for command in (
        [sys.executable, "-m", "venv", "--clear", str(folder)],
        [str(python), "-m", "pip", "install", "-q", "--disable-pip-version-check", *peer.requirements],
    ):
        try:
            made = subprocess.run(command, capture_output=True, text=True, timeout=INSTALL_TIMEOUT_S, check=False)
        except subprocess.TimeoutExpired:
            raise PeerUnavailable(f"{peer.name}: not installed after {INSTALL_TIMEOUT_S:.0f} s") from None
        if made.returncode:
            raise PeerUnavailable(f"{peer.name}: {(made.stdout + made.stderr).strip()[-600:]}")
    ready.write_text("\n".join(peer.requirements))
    return python
