"""Versions are found by name, registered once, and known by what they were made from."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from runner_fakes import weights_file

from gpu_runner.versions.registry import (
    VersionAmbiguous,
    artifact_folder,
    artifact_folder_sha256,
    find_version,
    judged_candidates,
    lineage,
    read_record,
    register_version,
    version_key,
    write_record,
)
from runtime.artifacts.content_hash import folder_sha256
from runtime.artifacts.store import ArtifactConflict, ArtifactError, ArtifactMissing, ArtifactStore


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A model made elsewhere."""
    folder = tmp_path / "made"
    folder.mkdir()
    (folder / "config.json").write_text("{}")
    (folder / "model.safetensors").write_bytes(weights_file("made"))
    return folder


def decide(store: ArtifactStore, version: str, baseline: str | None) -> None:
    """A decision record of a version."""
    record = {"verdict": "promote", "artifact": {"uri": f"finetuned/tiny/{version}/merged", "sha256": "a" * 64}}
    if baseline is not None:
        record["baseline"] = {"version": baseline}
    store.write_bytes(f"finetuned/tiny/{version}/decision.json", json.dumps(record).encode())


def test_a_registered_version_is_found_by_either_name(store: ArtifactStore, model: Path, tmp_path: Path) -> None:
    """By its version alone and with its model, and its folder is what was registered."""
    sha256 = register_version(store, "tiny", "v1.0-finetuned", model)
    found = find_version(store, "v1.0-finetuned")
    assert found == find_version(store, "tiny/v1.0-finetuned")
    assert (found.model, found.sha256, found.evaluated, found.baseline) == ("tiny", sha256, False, None)
    folder = artifact_folder(store, found.artifact_uri, found.sha256, tmp_path / "cache")
    assert folder_sha256(folder) == folder_sha256(model) == sha256
    assert artifact_folder_sha256(store, found.artifact_uri, tmp_path / "cache") == sha256


def test_registering_again_changes_nothing_and_never_replaces(store: ArtifactStore, model: Path) -> None:
    """The same model is the same version, another one needs another name, and automatic names are kept for jobs."""
    assert register_version(store, "tiny", "mine", model) == register_version(store, "tiny", "mine", model)
    (model / "model.safetensors").write_bytes(weights_file("other"))
    with pytest.raises(ArtifactConflict, match="choose another name"):
        register_version(store, "tiny", "mine", model)
    with pytest.raises(ArtifactError, match="a name that training jobs get"):
        register_version(store, "tiny", "v7", model)
    with pytest.raises(ArtifactError, match=r"no config\.json"):
        register_version(store, "tiny", "empty", model.parent)


def test_a_registration_says_who_put_it_there_when_and_why(store: ArtifactStore, model: Path) -> None:
    """For `abhyas history`; without a time it has none."""
    register_version(store, "tiny", "x", model, actor="ravi", reason="to be compared", now=datetime(2026, 12, 1, tzinfo=UTC))
    register_version(store, "tiny", "y", model)
    found, other = (read_record(store, "tiny", name) or {} for name in ("x", "y"))
    assert (found["actor"], found["reason"], found["registered_at"]) == ("ravi", "to be compared", "2026-12-01T00:00:00+00:00")
    assert (other["actor"], "registered_at" in other) == ("operator", False)


def test_a_version_of_two_models_is_ambiguous(store: ArtifactStore, model: Path) -> None:
    """The error names both."""
    for name in ("tiny", "huge"):
        register_version(store, name, "mine", model)
    with pytest.raises(VersionAmbiguous, match="huge/mine, tiny/mine"):
        find_version(store, "mine")


@pytest.mark.parametrize("name", ["nothing", "tiny/nothing"])
def test_an_unknown_version_says_where_it_was_looked_for(store: ArtifactStore, name: str) -> None:
    """The message names the keys."""
    with pytest.raises(ArtifactMissing, match=r"finetuned/(\*|tiny)/nothing/decision\.json"):
        find_version(store, name)


@pytest.mark.parametrize("name", ["../x", "Tiny/v1", "tiny/../v1", "", "a b"])
def test_a_name_that_is_none_is_refused(store: ArtifactStore, name: str) -> None:
    """Before anything is looked for."""
    with pytest.raises(ArtifactError, match="expected"):
        find_version(store, name)


def test_lineage_goes_back_to_the_first_version(store: ArtifactStore) -> None:
    """Through the baselines of the records; a record that is missing, or a circle, ends it."""
    for version, baseline in (("v0", None), ("v1", "v0"), ("v3", "v1"), ("v4", "v2"), ("v5", "v6"), ("v6", "v5")):
        decide(store, version, baseline)
    assert lineage(store, "tiny", "v3") == ("v3", "v1", "v0")
    assert lineage(store, "tiny", "v4") == ("v4", "v2")
    assert lineage(store, "tiny", "v5") == ("v5", "v6")


def test_a_record_is_written_once(store: ArtifactStore) -> None:
    """The first one wins, also against a second thought."""
    key = f"{version_key('tiny', 'v1')}/decision.json"
    assert write_record(store, key, {"verdict": "promote"}) == {"verdict": "promote"}
    assert write_record(store, key, {"verdict": "reject"}) == {"verdict": "promote"}
    store.write_bytes(key, b"[]")
    with pytest.raises(ArtifactError, match="the record is damaged"):
        write_record(store, key, {})


def test_an_artifact_that_is_not_the_hashed_one_is_refused(store: ArtifactStore, model: Path, tmp_path: Path) -> None:
    """Nothing is served or evaluated by its name alone."""
    register_version(store, "tiny", "mine", model)
    with pytest.raises(ArtifactError, match="the stored model was changed"):
        artifact_folder(store, "finetuned/tiny/mine/merged", "0" * 64, tmp_path / "cache")
    with pytest.raises(ArtifactMissing):
        artifact_folder(store, "finetuned/tiny/gone/merged", "0" * 64, tmp_path / "cache")


def test_each_decision_on_a_version_counts_once_whatever_it_said_and_later_ones_do_not(store: ArtifactStore, model: Path) -> None:
    """So the number grows by one with each run that is judged: not with a registration, a person's promotion or another model's runs."""
    for version, baseline in (("v0", None), ("v1", "v0"), ("v2", "v0")):
        decide(store, version, baseline)
    register_version(store, "tiny", "mine", model)
    store.write_bytes("finetuned/tiny/v1/decisions/a.json", b"{}")
    store.write_bytes("finetuned/other/v1/decision.json", b"{}")
    assert (judged_candidates(store, "tiny"), judged_candidates(store, "none")) == (3, 0)
