"""The compatibility check: what breaks a reader is refused with its field, what does not is let through."""

from __future__ import annotations

import copy
import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from schemas import compatibility
from schemas.catalogue import BY_TOPIC
from schemas.compatibility import NoSchemas, breaks, check, committed, of_revision
from schemas.generate import schema_of

FEEDBACK = schema_of("feedback.submitted.v1")


def changed(edit: Callable[[dict], None]) -> dict:
    schema = copy.deepcopy(FEEDBACK)
    edit(schema)
    return schema


def test_the_models_are_compatible_with_what_is_committed(capsys) -> None:
    """`python -m schemas.compatibility` passes in this checkout."""
    assert compatibility.main([]) == 0
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("topic", BY_TOPIC)
def test_a_schema_is_compatible_with_itself(topic: str) -> None:
    """No change is no break, whatever the schema uses."""
    assert breaks(schema_of(topic), schema_of(topic)) == []


@pytest.mark.parametrize(
    ("edit", "line"),
    [
        (lambda s: s["properties"].pop("query"), "query: removed"),
        (lambda s: s["required"].append("model"), "model: newly required"),
        (lambda s: s["properties"]["query"].update(type="integer"), "query: type string is no longer taken: now integer"),
        (lambda s: s["properties"]["query"].update(maxLength=10), "query: maxLength is 10 now: before, 16384"),
        (lambda s: s["properties"]["query"].update(minLength=1), "query: minLength is 1 now: before, none"),
        (lambda s: s["properties"]["query"].update(pattern="^a"), "query: pattern is '^a' now: before, 'none'"),
        (lambda s: s["properties"]["revision"].update(minimum=1), "revision: minimum is 1 now: it was wider before"),
        (
            lambda s: s["properties"]["revision"].update(exclusiveMaximum=1_000_000),
            "revision: maximum is 1000000 now (exclusive): it was wider before",
        ),
        (lambda s: s["properties"]["tags"].update(maxItems=1), "tags: maxItems is 1 now: before, 20"),
        (lambda s: s["properties"]["tags"]["items"].update(maxLength=5), "tags[]: maxLength is 5 now: before, 100"),
        (lambda s: s["$defs"]["Rating"]["properties"]["scale"]["enum"].remove("thumbs"), 'rating.scale: no longer takes "thumbs"'),
        (lambda s: s["$defs"]["Rating"]["properties"]["value"]["anyOf"].pop(), "rating.value: type string is no longer taken: now boolean"),
        (lambda s: s["properties"].update(correction={"type": "string"}), "correction: type null is no longer taken: now string"),
        (lambda s: s.update(additionalProperties=False), "*: no longer taken"),
        (lambda s: s["properties"]["retracted"].update(const=False), "retracted: only false are taken now: before, any value was"),
    ],
)
def test_a_change_that_breaks_readers_is_named(edit: Callable[[dict], None], line: str) -> None:
    """Removal, a new requirement, another type and each kind of narrowing is found, at any depth, with its field."""
    assert breaks(FEEDBACK, changed(edit)) == [line]


@pytest.mark.parametrize(
    "edit",
    [
        lambda s: s["properties"].update(mood={"type": "string"}),
        lambda s: s["properties"]["query"].update(maxLength=100_000),
        lambda s: s["properties"]["query"].pop("maxLength"),
        lambda s: s["properties"]["revision"].pop("minimum"),
        lambda s: s["properties"]["revision"].update(type="number"),
        lambda s: s["properties"]["language"]["anyOf"][0].pop("pattern"),
        lambda s: s["$defs"]["Rating"]["properties"]["scale"]["enum"].append("stars_1_10"),
        lambda s: s["$defs"]["Rating"]["properties"]["value"]["anyOf"].append({"type": "null"}),
        lambda s: s["required"].remove("feedback_id"),
        lambda s: s["properties"]["query"].update(description="other words", title="Q"),
    ],
)
def test_widening_and_new_optional_fields_are_fine(edit: Callable[[dict], None]) -> None:
    """What every old record still satisfies is no break."""
    assert breaks(FEEDBACK, changed(edit)) == []


def test_a_recursive_model_ends() -> None:
    """A definition that refers to itself is compared once."""
    tree = {
        "$defs": {"T": {"type": "object", "properties": {"next": {"$ref": "#/$defs/T"}, "v": {"type": "integer"}}}},
        "$ref": "#/$defs/T",
    }
    narrowed = json.loads(json.dumps(tree).replace('"integer"', '"string"'))
    assert breaks(tree, tree) == []
    assert breaks(tree, narrowed) == ["v: type integer is no longer taken: now string"]


def test_an_event_that_is_gone_is_named() -> None:
    """An event cannot leave the contract inside its version; a new event is no break."""
    old = committed()
    assert check({**old, "user.forgotten.v1": {"type": "object"}}) == [
        "user.forgotten.v1: the event is gone: its topic may still hold records"
    ]
    del old["user.erased.v1"]
    assert check(old) == []


def git(folder: Path, *arguments: str) -> None:
    subprocess.run(
        ["git", "-C", str(folder), "-c", "user.name=t", "-c", "user.email=t@example.org", *arguments], check=True, capture_output=True
    )


@pytest.mark.process
def test_a_git_revision_can_be_compared_with(tmp_path: Path) -> None:
    """The schemas of a revision are read from git, not from the working tree."""
    folder = tmp_path / "schemas" / "json"
    folder.mkdir(parents=True)
    (folder / "clock.ticked.v1.json").write_text('{"type": "object", "properties": {"era": {"type": "string"}}}')
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-qm", "first")
    (folder / "clock.ticked.v1.json").write_text("{}")
    old = of_revision("HEAD", tmp_path)
    assert set(old) == {"clock.ticked.v1"}
    assert "clock.ticked.v1: era: removed" in check(old)
    with pytest.raises(NoSchemas, match="no-such-revision"):
        of_revision("no-such-revision", tmp_path)


@pytest.mark.process
def test_nothing_to_compare_with_is_not_a_pass(capsys) -> None:
    """An unknown revision exits with 2 and says what git said."""
    assert compatibility.main(["--against", "no-such-revision"]) == 2
    assert "no-such-revision" in capsys.readouterr().err
