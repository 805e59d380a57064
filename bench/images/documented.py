"""The `docker compose run` lines of docs/containers.md, as calls of a stack."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench.images.stack import Stack

PAGE: Final = Path(__file__).parents[2] / "docs" / "containers.md"


@dataclass(frozen=True, slots=True)
class DocumentedCall:
    """What stands behind the tool's name, and the options before it as podman takes them."""

    words: tuple[str, ...]
    options: tuple[str, ...]

    def run(self, stack: Stack) -> subprocess.CompletedProcess[str]:
        """The call on a stack."""
        return stack.call(*self.words, options=self.options)


def documented_calls(working_folder: Path, text: str | None = None) -> list[DocumentedCall]:
    """Every such line in its order, with $PWD as the folder and this user's number; raises ValueError for an option not known here."""
    found = []
    for line in re.findall(r"^docker compose run --rm (.*)$", PAGE.read_text(encoding="utf-8") if text is None else text, re.MULTILINE):
        words = shlex.split(line.replace("$PWD", str(working_folder)).replace("$(id -u)", str(os.getuid())))
        at = words.index("abhyas")
        before, options = words[:at], []
        for option, value in zip(before[::2], before[1::2], strict=True):
            if option not in ("-v", "--user"):
                raise ValueError(f"{PAGE.name}: option {option} is not translated to podman")
            options.append(f"{'--volume' if option == '-v' else option}={value}")
        found.append(DocumentedCall(tuple(words[at + 1 :]), tuple(options)))
    return found
