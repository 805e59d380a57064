"""What npm's client fetches for these checks, into `.abhyas/npm`: axe-core, and a font with Devanagari for machines that have none."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Final

FOLDER: Final = Path(".abhyas/npm")
AXE: Final = "axe-core@4.14.1"
FONT: Final = "@expo-google-fonts/noto-sans-devanagari@0.4.1"
_TIMEOUT_S: Final = 120


class ToolMissing(Exception):
    """A package can't be had here; the message says why."""


def axe_script() -> str:
    """axe-core's one file. Raises ToolMissing."""
    return (_package(AXE) / "axe.min.js").read_text(encoding="utf-8")


def devanagari_fonts() -> Path:
    """A folder of fonts. Raises ToolMissing."""
    return _package(FONT)


def _package(name: str) -> Path:
    folder = FOLDER / "node_modules" / name.rpartition("@")[0]
    if not folder.is_dir():
        npm = shutil.which("npm")
        if npm is None:
            raise ToolMissing(f"{name}: no npm on PATH")
        command = [npm, "install", "--prefix", str(FOLDER), "--no-save", "--no-audit", "--no-fund", "--ignore-scripts", AXE, FONT]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=_TIMEOUT_S, check=False)
        except subprocess.TimeoutExpired:
            raise ToolMissing(f"{name}: npm fetched nothing within {_TIMEOUT_S} s") from None
        if done.returncode != 0 or not folder.is_dir():
            raise ToolMissing(f"{name}: npm could not fetch it: {done.stderr.strip()[-300:]}")
    return folder
