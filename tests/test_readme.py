"""What README.md tells somebody to type runs, what the pages behind it tell exists, and every link leads somewhere."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.main import get_command

from ops.cli import app
from ops.stack.services import Ports
from ops.stack.stack import Stack, StackSettings
from producers.submissions import FeedbackSubmission

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")), ROOT / "docs" / "adr" / "README.md"]
TYPED = "\n".join((ROOT / name).read_text(encoding="utf-8") for name in ("README.md", "docs/operating.md", "docs/benchmarks.md"))
BLOCKS = re.findall(r"```\n(.*?)```", README, re.DOTALL)
# A drawing, and what the demo prints.
NOT_TYPED = ("chat frontend ", "{")
# What is not run here, and who runs it.
ELSEWHERE = {
    "make demo": "two minutes of training: whoever makes a release, and part by part tests/ops/demo and tests/test_api_guide.py",
    "make test": "this is it",
    ".venv/bin/abhyas up": "tests/ops/commands/test_up.py; here a stack on other ports stands for it",
}


def commands() -> list[str]:
    """Every command of the README's blocks in its order, without the words behind it."""
    found, whole = [], ""
    for line in "".join(block for block in BLOCKS if not block.startswith(NOT_TYPED)).splitlines():
        whole += line + "\n"
        if not line.endswith("\\") and whole.count("'") % 2 == 0:
            found.append(re.sub(r"\s+# .*", "", whole).strip())
            whole = ""
    return found


@pytest.mark.parametrize("words", sorted(set(re.findall(r"(?:^|`|bin/)abhyas ((?:[a-z][a-z-]* ?){1,2})", TYPED, re.MULTILINE))))
def test_every_abhyas_command_of_the_readme_exists(words: str) -> None:
    """The first word is a command, and where it is a group, the second is one of the group's."""
    commands = getattr(get_command(app), "commands")  # noqa: B009
    first, *rest = words.split()
    assert first in commands
    group = getattr(commands[first], "commands", None)
    if group is not None and rest:
        assert rest[0] in group


def test_every_make_target_of_the_readme_exists() -> None:
    """Each `make X` is a target of the Makefile."""
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    named = set(re.findall(r"(?:^|`)make ([a-z-]+)", TYPED, re.MULTILINE))
    assert {"demo", "test"} <= named
    assert named <= targets


def test_the_feedback_of_the_readme_is_accepted() -> None:
    """The gateway's own model takes the JSON of the example."""
    (body,) = re.findall(r"v1/feedback .*? -d '(.*?)'", README, re.DOTALL)
    assert FeedbackSubmission.model_validate(json.loads(body)).feedback_id == "f-1"


def test_what_is_not_run_of_the_readme_is_in_it() -> None:
    """The table names commands as they stand; the rest is run."""
    assert ELSEWHERE.keys() <= set(commands())


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[Stack]:
    """What `abhyas up` starts, with its data in the folder that the commands are typed in."""
    with Stack(StackSettings(data_dir=tmp_path / "data", ports=Ports.free())) as running:
        yield running


@pytest.mark.process
@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_every_command_of_the_readme_runs(stack: Stack, tmp_path: Path, tiny_base: Path) -> None:
    """Typed one after the other in a checkout: each ends well, and soon the last shows the model that serves and the feedback."""
    (tmp_path / ".venv").symlink_to(Path(sys.prefix))
    (tmp_path / ".abhyas").symlink_to(tiny_base.parent)
    environment = os.environ | {"PATH": f"{tmp_path / '.venv' / 'bin'}:{os.environ['PATH']}"}

    def typed(command: str) -> str:
        words = ["bash", "-c", command.replace("localhost:8008", f"127.0.0.1:{stack.settings.ports.gateway}")]
        done = subprocess.run(words, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
        return done.stdout

    *before, feedback, status = (command for command in commands() if command not in ELSEWHERE)
    for command in before:
        typed(command)
    assert len(json.loads(typed(feedback))["accepted"]) == 1
    deadline = time.monotonic() + 60
    while not re.search(r"tiny-llama: serving v0\n +negatives 1 of", shown := typed(status)):
        assert time.monotonic() < deadline, shown


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_linked_file_exists(page: Path) -> None:
    """No link leads nowhere."""
    links = [link for link in re.findall(r"\]\(([^)#\s]+)[^)]*\)", page.read_text(encoding="utf-8")) if "://" not in link]
    assert not [link for link in links if not (page.parent / link).exists()]


def test_the_readme_is_short_and_leads_to_every_page() -> None:
    """At most a hundred lines; the index of docs/ names all pages, that of the decisions all decisions."""
    assert len(README.splitlines()) <= 100
    assert "](docs/README.md)" in README
    for index in (ROOT / "docs" / "README.md", ROOT / "docs" / "adr" / "README.md"):
        named = set(re.findall(r"\]\(([^)#]+)\)", index.read_text(encoding="utf-8")))
        assert {page.name for page in index.parent.glob("*.md")} - {"README.md"} <= named
