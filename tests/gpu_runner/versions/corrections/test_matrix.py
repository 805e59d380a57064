"""What became of each correction, version by version."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from gpu_runner.dataset.memory.index import RememberedCorrection, index_file
from gpu_runner.evaluate.report_page.corrections import SHOWN_STATES
from gpu_runner.versions.corrections.matrix import STATES, AskedVersion, CorrectionsMatrix, corrections_matrix
from gpu_runner.versions.corrections.stored import asked_version, stored_matrix
from runtime.artifacts.local import LocalStore

WRITTEN_BEFORE = Path(__file__).parents[3] / "written_before" / "5fe573c" / "store"


def learnt(*names: str, language: str = "en") -> tuple[RememberedCorrection, ...]:
    """Corrections with two items each."""
    return tuple(RememberedCorrection(name, name, language, "g", (f"{name}1", f"{name}2")) for name in names)


def answers(*right: str, wrong: tuple[str, ...] = ()) -> dict[str, bool]:
    """Both wordings of each correction."""
    return {f"{name}{n}": True for name in right for n in (1, 2)} | {f"{name}{n}": False for name in wrong for n in (1, 2)}


def states(matrix: CorrectionsMatrix, name: str) -> list[str]:
    """The states of a correction in order."""
    return [str(state) for one in matrix.corrections if one.id == name for state in one.states.values()]


def test_a_correction_is_learnt_kept_lost_and_learnt_again() -> None:
    """In the versions that were asked it; in between nothing is known, and nothing is guessed."""
    found = corrections_matrix(
        [
            AskedVersion("v0"),
            AskedVersion("v1", learnt("a", "b"), answers("a", wrong=("b",))),
            AskedVersion("v2", candidate=answers("v1.a", "v1.b")),
            AskedVersion("v3"),
            AskedVersion("v4", candidate=answers("v1.b", wrong=("v1.a",))),
            AskedVersion("v5", candidate=answers("v1.a", wrong=("v1.b",))),
            AskedVersion("v6", candidate=answers(wrong=("v1.b",))),
        ]
    )
    assert states(found, "a") == ["learnt", "kept", "not_asked", "lost", "learnt", "not_asked"]
    assert states(found, "b") == ["not_learnt", "learnt", "not_asked", "kept", "lost", "lost"]
    assert [(one.id, one.now, one.origin) for one in found.corrections] == [("a", "learnt", "v1"), ("b", "lost", "v1")]
    assert found.rounds("v4") == [{"origin": "v1", "corrections": 2} | dict.fromkeys(STATES, 0) | {"kept": 1, "lost": 1}]
    assert found.rounds() == [{"origin": "v1", "corrections": 2} | dict.fromkeys(STATES, 0) | {"learnt": 1, "lost": 1}]
    assert found.report_of("v5")["lost"] == [{"id": "b", "origin": "v1", "language": "en"}]


def test_half_of_its_wordings_right_is_right() -> None:
    """One of two still answers; none does not; of one wording alone that one decides."""
    first = AskedVersion("v1", learnt("a"), answers("a"))
    for answered, state in (({"v1.a1": True, "v1.a2": False}, "kept"), (answers(wrong=("v1.a",)), "lost"), ({"v1.a2": False}, "lost")):
        assert states(corrections_matrix([first, AskedVersion("v2", candidate=answered)]), "a") == ["learnt", state]


def test_what_a_versions_own_run_left_out_is_known_from_the_run_that_compared_it() -> None:
    """As the baseline of the next one; what it answered in its own run counts before that."""
    one, two = AskedVersion("v1", learnt("a"), answers("a")), AskedVersion("v2")
    three = AskedVersion("v3", candidate=answers("v1.a"), baseline=answers(wrong=("v1.a",)))
    assert states(corrections_matrix([one, two, three]), "a") == ["learnt", "lost", "learnt"]
    asked = replace(two, candidate=answers("v1.a"))
    assert states(corrections_matrix([one, asked, three]), "a") == ["learnt", "kept", "kept"]


def test_a_newer_answer_withdraws_an_earlier_correction_unless_it_was_taken_back_itself() -> None:
    """By its sample, by one of its items, or by a revision of the sample; from the version on that learnt the newer one."""
    one = AskedVersion("v1", (*learnt("a", "b"), RememberedCorrection("p", "doc", "hi", "g", ("p1",))), answers("a", "b") | {"p1": True})
    two = AskedVersion("v2", learnt("b"), answers("b"), withdrawn={"a": "new", "v1.p1": "page"})
    found = corrections_matrix([one, two, AskedVersion("v3")])
    assert states(found, "a") == ["learnt", "withdrawn", "withdrawn"]
    assert states(found, "p") == ["learnt", "withdrawn", "withdrawn"]
    assert [(row.origin, row.now, row.by) for row in found.corrections if row.id == "b"] == [
        ("v1", "withdrawn", "b"),
        ("v2", "learnt", None),
    ]
    again = corrections_matrix([one, two, AskedVersion("v3", candidate=answers("v1.a"), removed=frozenset({"new"}))])
    assert states(again, "a") == ["learnt", "not_asked", "kept"]


def test_what_a_user_took_back_is_withdrawn_after_it_was_last_asked() -> None:
    """Which version that was before stays a fact."""
    lineage = [AskedVersion("v1", learnt("a"), answers("a")), AskedVersion("v2", candidate=answers("v1.a")), AskedVersion("v3")]
    lineage[0] = replace(lineage[0], removed=frozenset({"a"}))
    (row,) = corrections_matrix(lineage).corrections
    assert (list(row.states.values()), row.now, row.by) == (["learnt", "kept", "withdrawn"], "withdrawn", "its user")


@given(st.lists(st.lists(st.sampled_from(["right", "wrong", "not asked"]), min_size=1, max_size=6), min_size=1, max_size=5))
def test_counts_are_those_of_the_cells_and_a_correction_is_lost_only_after_it_was_right(answered: list[list[str]]) -> None:
    """Whatever was asked when."""
    names = [f"c{number}" for number in range(len(answered))]
    versions = []
    for at in range(6):
        told = {name: row[at] for name, row in zip(names, answered, strict=True) if at < len(row) and row[at] != "not asked"}
        prefix = "" if at == 0 else "v0."
        candidate = {f"{prefix}{name}{n}": said == "right" for name, said in told.items() for n in (1, 2)}
        versions.append(AskedVersion(f"v{at}", learnt(*names) if at == 0 else (), candidate))
    found = corrections_matrix(versions)
    for version in found.versions:
        (counts,) = found.rounds(version)
        assert sum(counts[state] for state in STATES) == counts["corrections"] == len(names)
        assert counts["lost"] == len(found.in_state("lost", version))
    for row in found.corrections:
        cells = list(row.states.values())
        assert "lost" not in cells or "learnt" in cells[: cells.index("lost")]
        assert "kept" not in cells or "learnt" in cells[: cells.index("kept")]


def stored(store: LocalStore, version: str, baseline: str | None, items: Mapping[str, tuple[bool, bool]], **fields: Any) -> None:
    """A version with its record, its scores of both sides by item, and its list of corrections."""
    at = f"finetuned/tiny/{version}"
    rows = [
        {"item_id": name, "set": "earlier_repair" if "." in name else "repair", "language": "en", "group": "g"}
        | {"baseline": {"em": 1.0, "fixed": sides[0]}, "candidate": {"em": float(sides[1]), "fixed": None}}
        for name, sides in items.items()
    ]
    scores = json.dumps({"items": rows}).encode()
    index = index_file(fields.pop("corrections", ()))
    store.write_bytes(f"{at}/scores.json", scores)
    store.write_bytes(f"{at}/corrections.json", index)
    record = {
        "baseline": {"version": baseline},
        "scores_sha256": sha256(scores).hexdigest(),
        "corrections_sha256": sha256(index).hexdigest(),
    }
    store.write_bytes(f"{at}/decision.json", json.dumps(record | fields).encode())


def lineage(store: LocalStore) -> None:
    """v0 to v2: two corrections learnt by v1, of which v2 loses one."""
    store.write_bytes("finetuned/tiny/v0/decision.json", json.dumps({"verdict": "bootstrap"}).encode())
    right, wrong = (False, True), (True, False)
    stored(store, "v1", "v0", dict.fromkeys(("a1", "a2", "b1", "b2"), right), corrections=learnt("a", "b"))
    stored(store, "v2", "v1", {"v1.a1": wrong, "v1.a2": wrong, "v1.b1": (True, True)})


def test_the_matrix_of_a_store_is_made_of_the_files_that_its_records_name(tmp_path: Path) -> None:
    """Scores that are another file than the record says, or are gone, are told and say nothing; the other versions stay."""
    store = LocalStore(tmp_path)
    lineage(store)
    found = stored_matrix(store, "tiny", "v2")
    assert (found.versions, found.faults) == (("v0", "v1", "v2"), {})
    assert [(one.id, dict(one.states)) for one in found.corrections] == [
        ("a", {"v1": "learnt", "v2": "lost"}),
        ("b", {"v1": "learnt", "v2": "kept"}),
    ]
    scores = store.read_bytes("finetuned/tiny/v2/scores.json")
    store.write_bytes("finetuned/tiny/v2/scores.json", scores.replace(b"0.0", b"1.0"))
    changed = stored_matrix(store, "tiny", "v2")
    assert changed.faults == {"v2": "scores.json is not the one that its record names"}
    assert states(changed, "a") == ["learnt", "not_asked"]
    (tmp_path / "finetuned/tiny/v1/scores.json").unlink()
    assert set(stored_matrix(store, "tiny", "v1").faults) == {"v1"}


def test_a_damaged_list_is_made_again_of_the_items_that_are_there(tmp_path: Path) -> None:
    """As of a release that kept none: their samples, and their wordings together."""
    store = LocalStore(tmp_path)
    lineage(store)
    store.write_bytes("finetuned/tiny/v1/corrections.json", b"{}")
    items = [
        {"id": f"{name}{n}", "set": "repair", "question": "?", "answers": [name], "language": "en", "group": "g", "sample_id": name}
        for name in ("a", "b")
        for n in (1, 2)
    ]
    store.write_bytes("eval_data/tiny/repair/v1.jsonl", "".join(json.dumps(item) + "\n" for item in items).encode())
    assert states(stored_matrix(store, "tiny", "v2"), "a") == ["learnt", "lost"]
    assert {one.items for one in asked_version(store, "tiny", "v1").corrections} == {("a1", "a2"), ("b1", "b2")}


def test_a_store_of_a_former_release_is_read() -> None:
    """5fe573c kept no list and, here, no scores: its corrections are there, what became of them is not known, and that is told."""
    found = stored_matrix(LocalStore(WRITTEN_BEFORE), "tiny-llama", "v1")
    assert (found.versions, len(found.corrections), set(found.faults)) == (("v0", "v1"), 100, {"v1"})
    assert {one.now for one in found.corrections} == {"not_asked"}


def test_the_reports_show_every_state() -> None:
    """A state that has no column would be a count that does not add up."""
    assert set(SHOWN_STATES) == set(STATES)
