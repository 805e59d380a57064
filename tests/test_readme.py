"""What README.md and the pages behind it tell somebody to type exists, and every link leads somewhere."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from typer.main import get_command

from ops.cli import app
from producers.submissions import FeedbackSubmission

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")), ROOT / "docs" / "adr" / "README.md"]
TYPED = "\n".join((ROOT / name).read_text(encoding="utf-8") for name in ("README.md", "docs/operating.md", "docs/benchmarks.md"))
BLOCKS = "\n".join(re.findall(r"```\n(.*?)```", README, re.DOTALL))


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
    (body,) = re.findall(r"v1/feedback .*? -d '(.*?)'", BLOCKS, re.DOTALL)
    assert FeedbackSubmission.model_validate(json.loads(body)).feedback_id == "f-1"


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
