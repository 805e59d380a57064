"""The examples of docs/datasets.md: each file is checked as it stands there, and what is said of it is what stands below it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from gpu_runner.dataset.formats import row_forms
from ops.commands.dataset.check import check

GUIDE = (Path(__file__).parents[1] / "docs" / "datasets.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```(?:jsonl?|csv)\n(.*?)```\n\n```console\n\$ abhyas dataset check (\S+) --first 2\n(.*?)```", GUIDE, re.DOTALL)


@pytest.mark.parametrize("example", range(len(EXAMPLES)))
def test_an_example_is_read_as_the_guide_says(
    example: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """To the word."""
    content, name, said = EXAMPLES[example]
    monkeypatch.chdir(tmp_path)
    Path(name).write_text(content, encoding="utf-8")
    check(file=Path(name), first=2)
    assert capsys.readouterr().out == said


def test_every_form_has_an_example_and_every_reason_a_row() -> None:
    """A form or a reason that is added is told there."""
    assert len(EXAMPLES) == GUIDE.count("```console")
    told = "".join(said for _, _, said in EXAMPLES)
    forms = set(row_forms._READERS) - {"text"}
    assert [form for form in forms if f" {form}" not in told] == []
    reasons = {
        value for name, value in vars(row_forms).items() if name.isupper() and isinstance(value, str) and re.fullmatch(r"[a-z_]+", value)
    }
    assert set(re.findall(r"^\| `([a-z_]+)` \|", GUIDE, re.MULTILINE)) == reasons
