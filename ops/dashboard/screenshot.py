"""`python -m ops.dashboard.screenshot --out FILE.png`: a picture of the live page, taken with a Chromium of this machine."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import urllib.request
from pathlib import Path
from typing import Final

from ops.errors import OperationFailed
from ops.stack import description as running

_NAMES: Final = ("chromium", "chromium-browser", "google-chrome", "chrome")
_SIZE: Final = "1280,1180"
_TIMEOUT_S: Final = 60
# A picture may be taken by root in a container, where Chromium's sandbox cannot work; the rest keeps it from the network.
_FLAGS: Final = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--hide-scrollbars",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip


def take(url: str, out: Path, *, size: str = _SIZE, dark: bool = False, settle_ms: int = 4000) -> None:
    """Writes the picture once the page has been shown for `settle_ms`; raises OperationFailed that says what is missing."""
    chromium = next((found for name in _NAMES if (found := shutil.which(name))), None)
    if chromium is None:
        raise OperationFailed(f"no Chromium on PATH (looked for {', '.join(_NAMES)}): install one")
    try:
        with urllib.request.urlopen(f"{url}/snapshot", timeout=5) as answer:
            json.load(answer)
    except (OSError, ValueError) as error:
        raise OperationFailed(f"the live page does not answer at {url} ({error}): start it with `abhyas up`, or give --url") from None
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as profile:
        command = [
            chromium, *_FLAGS, f"--user-data-dir={profile}", f"--window-size={size}", f"--screenshot={out.resolve()}",
            *(["--blink-settings=preferredColorScheme=0"] if dark else []), f"--timeout={settle_ms}", url,
        ]  # fmt: skip
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=_TIMEOUT_S, check=False)
        except subprocess.TimeoutExpired:
            raise OperationFailed(f"Chromium took no picture of {url} within {_TIMEOUT_S} s") from None
    if done.returncode != 0 or not out.is_file():
        raise OperationFailed(f"Chromium took no picture of {url}: {done.stderr.strip()[-500:]}")


def main() -> int:
    """Takes the picture of the running stack's page, or of --url."""
    parser = argparse.ArgumentParser(prog="python -m ops.dashboard.screenshot", description=__doc__)
    parser.add_argument("--url", help="default: the dashboard of the stack that runs on DATA_DIR, else http://127.0.0.1:8009")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--size", default=_SIZE, help=f"WIDTH,HEIGHT (default {_SIZE})")
    parser.add_argument("--dark", action="store_true", help="as with a dark colour scheme")
    chosen = parser.parse_args()
    try:
        take(chosen.url or _running_page(), chosen.out, size=chosen.size, dark=chosen.dark)
    except OperationFailed as error:
        print(error, file=sys.stderr)
        return 1
    print(chosen.out)
    return 0


def _running_page() -> str:
    stack = running.find(Path(os.environ.get("DATA_DIR") or "data"))
    return stack.services["dashboard"].url if stack is not None and "dashboard" in stack.services else "http://127.0.0.1:8009"


if __name__ == "__main__":
    sys.exit(main())
