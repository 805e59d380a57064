"""The generated JSON Schemas are the models', and stay so."""

from __future__ import annotations

from pathlib import Path

import jsonschema

from schemas.catalogue import BY_TOPIC
from schemas.generate import files, main, schema_of, stale, write


def test_the_committed_schemas_are_those_of_the_models() -> None:
    """`python -m schemas.generate --check` finds nothing in this checkout."""
    assert stale() == []
    assert main(["--check"]) == 0


def test_every_schema_is_valid_draft_2020_12() -> None:
    """A JSON Schema validator takes each of them, and each names its event."""
    for topic in BY_TOPIC:
        schema = schema_of(topic)
        jsonschema.Draft202012Validator.check_schema(schema)
        assert schema["$id"] == f"urn:abhyas:{topic.replace('.', ':')}"


def test_generating_twice_gives_the_same_bytes(tmp_path: Path) -> None:
    """The files do not depend on the run."""
    write(tmp_path, tmp_path / "topics.md")
    first = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    write(tmp_path, tmp_path / "topics.md")
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == first
    assert set(first) == {*files(), "topics.md"}


def test_the_check_names_every_stale_file(tmp_path: Path, capsys) -> None:
    """Changed, missing and left-over files are each named with what to do; writing mends them."""
    page = tmp_path / "topics.md"
    places = ["--folder", str(tmp_path), "--page", str(page)]
    write(tmp_path, page)
    page.unlink()
    (tmp_path / "clock.ticked.v1.json").write_text("{}")
    (tmp_path / "user.erased.v1.json").unlink()
    (tmp_path / "gone.v1.json").write_text("{}")
    assert main(["--check", *places]) == 1
    said = capsys.readouterr().err
    assert "clock.ticked.v1.json: differs from the model; run `python -m schemas.generate`" in said
    assert "user.erased.v1.json: missing" in said
    assert "gone.v1.json: belongs to no event" in said
    assert "topics.md: differs from the topics" in said
    assert main(places) == 0
    assert main(["--check", *places]) == 0
