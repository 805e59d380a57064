"""A headless Chromium driven over its debugging pipe (DevTools, NUL-ended JSON on two pipes): the browser is all it needs.

What the page would ask of the network is noted and refused, so a test can say that nothing leaves.
"""

from __future__ import annotations

import base64
import json
import os
import select
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Final

_NAMES: Final = ("chromium", "chromium-browser", "google-chrome", "chrome")
_FLAGS: Final = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--hide-scrollbars", "--mute-audio",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-extensions", "--remote-debugging-pipe",
)  # fmt: skip
_TIMEOUT_S: Final = 60.0


class ChromiumFailed(Exception):
    """It did not start, did not answer, or refused a command; the message says which."""


def chromium_path() -> str | None:
    """The Chromium on PATH; None where there is none."""
    return next((found for name in _NAMES if (found := shutil.which(name))), None)


class Chromium:
    """One browser with one page; a context manager. `asked` are the addresses that a page wanted from outside its file."""

    def __init__(self, *, fonts: Path | None = None) -> None:
        path = chromium_path()
        if path is None:
            raise ChromiumFailed(f"no Chromium on PATH (looked for {', '.join(_NAMES)}): install one")
        self.asked: list[str] = []
        self._fonts = fonts
        self._path = path
        self._number = 0
        self._buffer = b""

    def __enter__(self) -> Chromium:
        self._profile = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        to_read, self._to = os.pipe()
        self._from, to_write = os.pipe()
        environment = dict(os.environ)
        if self._fonts is not None:
            environment["FONTCONFIG_FILE"] = str(_font_settings(Path(self._profile.name), self._fonts))
        # The browser reads commands from descriptor 3 and writes to 4.
        shell = f'exec "$0" "$@" 3<&{to_read} 4>&{to_write}'
        self._process = subprocess.Popen(
            ["bash", "-c", shell, self._path, *_FLAGS, f"--user-data-dir={self._profile.name}/profile", "about:blank"],
            pass_fds=(to_read, to_write), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment, start_new_session=True,
        )  # fmt: skip
        os.close(to_read)
        os.close(to_write)
        self._session: str | None = None
        targets = self.send("Target.getTargets")["targetInfos"]
        page = next((one["targetId"] for one in targets if one["type"] == "page"), None)
        page = page or self.send("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.send("Target.attachToTarget", targetId=page, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Network"):
            self.send(f"{domain}.enable")
        self.send("Fetch.enable", patterns=[{"urlPattern": "*"}])
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        os.close(self._to)
        os.close(self._from)
        self._profile.cleanup()

    def send(self, method: str, /, **parameters: Any) -> dict[str, Any]:
        """The result of one command; raises ChromiumFailed for one that is refused or not answered in a minute."""
        self._number += 1
        self._write({"id": self._number, "method": method, "params": parameters})
        number, deadline = self._number, time.monotonic() + _TIMEOUT_S
        while True:
            message = self._read(deadline, method)
            if message.get("id") == number:
                if "error" in message:
                    raise ChromiumFailed(f"{method}: {message['error']}")
                result: dict[str, Any] = message["result"]
                return result
            self._note(message)

    def look_at(self, width: int, height: int, *, dark: bool = False, scale: float = 1.0) -> None:
        """The window, and the colour scheme that the reader's system prefers."""
        self.send("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=scale, mobile=False)
        self.send("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}])

    def open(self, address: str) -> None:
        """Shows a page and waits until its scripts have run."""
        self.send("Page.navigate", url=address)
        deadline = time.monotonic() + _TIMEOUT_S
        while self.value("location.href + document.readyState") != f"{address}complete":
            if time.monotonic() > deadline:
                raise ChromiumFailed(f"{address} was not loaded within {_TIMEOUT_S:g} s")
            time.sleep(0.02)

    def value(self, expression: str) -> Any:
        """What an expression gives in the page, a promise awaited; raises ChromiumFailed with what it threw."""
        found = self.send("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in found:
            told = found["exceptionDetails"]
            raise ChromiumFailed(f"{expression[:200]}: {told.get('exception', {}).get('description', told['text'])}")
        return found["result"].get("value")

    def press(self, key: str) -> None:
        """A key goes down and up, as from a keyboard: Tab, Enter, Escape, ArrowDown, or a character."""
        codes = {"Tab": 9, "Enter": 13, "Escape": 27, "ArrowDown": 40, " ": 32}
        text = {"Enter": "\r"}.get(key, key if len(key) == 1 else "")
        name = {"key": key, "code": "Space" if key == " " else key, "windowsVirtualKeyCode": codes.get(key, 0)}
        self.send("Input.dispatchKeyEvent", type="keyDown" if text else "rawKeyDown", **name, **({"text": text} if text else {}))
        self.send("Input.dispatchKeyEvent", type="keyUp", **name)

    def write_picture(self, path: Path) -> None:
        """The window as PNG."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(base64.b64decode(self.send("Page.captureScreenshot", format="png")["data"]))

    def printed(self) -> bytes:
        """The page as PDF."""
        return base64.b64decode(self.send("Page.printToPDF", printBackground=True)["data"])

    def _note(self, message: dict[str, Any]) -> None:
        if message.get("method") != "Fetch.requestPaused":
            return
        parameters = message["params"]
        url = str(parameters["request"]["url"])
        outside = not url.startswith(("file:", "data:", "about:"))
        if outside:
            self.asked.append(url)
        self._number += 1
        command = {"id": self._number, "method": "Fetch.failRequest" if outside else "Fetch.continueRequest"}
        self._write(command | {"params": {"requestId": parameters["requestId"], **({"errorReason": "Failed"} if outside else {})}})

    def _write(self, command: dict[str, Any]) -> None:
        session = {"sessionId": self._session} if getattr(self, "_session", None) else {}
        data = json.dumps(command | session).encode() + b"\0"
        while data:
            data = data[os.write(self._to, data) :]

    def _read(self, deadline: float, method: str) -> dict[str, Any]:
        while b"\0" not in self._buffer:
            ready, _, _ = select.select([self._from], [], [], max(0.0, deadline - time.monotonic()))
            data = os.read(self._from, 1 << 20) if ready else b""
            if not data:
                raise ChromiumFailed(f"{method}: Chromium did not answer" + ("" if ready else f" within {_TIMEOUT_S:g} s"))
            self._buffer += data
        line, self._buffer = self._buffer.split(b"\0", 1)
        message: dict[str, Any] = json.loads(line)
        return message


def _font_settings(folder: Path, fonts: Path) -> Path:
    """Fontconfig's file that adds a folder of fonts to the system's."""
    path = folder / "fonts.conf"
    path.write_text(
        f'<?xml version="1.0"?><fontconfig><include ignore_missing="yes">/etc/fonts/fonts.conf</include>'
        f"<dir>{fonts.resolve()}</dir><cachedir>{folder / 'fontcache'}</cachedir></fontconfig>",
        encoding="utf-8",
    )
    return path
