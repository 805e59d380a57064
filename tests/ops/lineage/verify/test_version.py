"""A version's record against what it names: what was changed is found, what can't be computed any more is said."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gpu_runner.gate.decide import broken, decide
from gpu_runner.gate.policy import GATE_RULES, Policy
from gpu_runner.settings import RunnerSettings
from gpu_runner.versions.pinned_items import pinned_fault
from ops.lineage.records import read_model
from ops.lineage.verify.check_result import CheckResult
from ops.lineage.verify.verdict import differences, recorded_policy
from ops.lineage.verify.version import verify
from runtime.artifacts.content_hash import file_sha256
from runtime.artifacts.local import LocalStore
from tests.written_before.read import BEFORE, FORMER, unpack_runner

V1 = "finetuned/tiny/v1"


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the release before left."""
    folder = tmp_path_factory.mktemp("before")
    unpack_runner(BEFORE, folder)
    return folder


@pytest.fixture
def left(unpacked: Path, tmp_path: Path) -> Path:
    """The folder that a former release's runner left: v0, v1 promoted, v2 in training."""
    return Path(shutil.copytree(unpacked, tmp_path / "left"))


def found(folder: Path, version: str = "v1") -> dict[str, CheckResult]:
    """The findings of a version by name."""
    store = LocalStore(folder / "store")
    records = read_model(store, "tiny")
    settings = RunnerSettings(data_dir=folder)
    return {one.name: one for one in verify(store, settings, records, records.versions[version])}


def states(findings: dict[str, CheckResult], state: str) -> set[str]:
    """The names of the findings in a state."""
    return {name for name, one in findings.items() if one.state == state}


def rewritten(folder: Path, change: Callable[[dict[str, Any]], Any], key: str = f"{V1}/decision.json") -> None:
    """A JSON file of the store, changed."""
    path = folder / "store" / key
    content = json.loads(path.read_bytes())
    change(content)
    path.write_text(json.dumps(content), encoding="utf-8")


def decided_anew(folder: Path) -> None:
    """v1's record as this release would have written it on the same scores."""
    scores = json.loads((folder / "store" / V1 / "scores.json").read_bytes())

    def change(record: dict[str, Any]) -> None:
        policy = Policy(languages=("en", "hi"))
        decision = decide(policy, scores, seed=record["seed"])
        record |= {"gate": decision.as_dict(), "gate_verdict": decision.verdict, "gate_rules": decision.rules, "policy": policy.as_dict()}
        record |= {"verdict": decision.verdict, "applied": decision.verdict == "promote", "lineage_start": None}

    rewritten(folder, change)


@pytest.mark.parametrize("revision", [FORMER, BEFORE])
def test_what_former_releases_left_is_whole_but_for_a_verdict_by_other_rules(revision: str, tmp_path: Path) -> None:
    """Hashes, items, figures and outcome are computed again; the verdict, which was decided by rules without a name, is not."""
    unpack_runner(revision, tmp_path)
    left = tmp_path
    findings = found(left)
    assert states(findings, "differs") == set()
    assert states(findings, "unchecked") - {"policy file"} == {"verdict"}
    assert "decided by other rules" in findings["verdict"].detail
    assert {"artifact", "adapter", "scores file", "items as they are kept", "figures of the candidate", "outcome"} <= states(findings, "ok")
    assert states(found(left, "v0"), "differs") == set()


def test_a_verdict_by_these_rules_is_decided_again_from_the_scores(left: Path) -> None:
    """With every figure of it; another verdict, or another figure, is found."""
    decided_anew(left)
    assert found(left)["verdict"].state == "ok"
    rewritten(left, lambda record: record["gate"]["primary"].update(p_value=0.5))
    findings = found(left)
    assert (findings["verdict"].state, "primary.p_value" in findings["verdict"].detail) == ("differs", True)
    rewritten(left, lambda record: record.update(gate_verdict="reject", verdict="reject", applied=False))
    assert "decided again it is" in found(left)["verdict"].detail


def test_sentences_may_be_worded_otherwise_by_the_same_rules(left: Path) -> None:
    """Figures decide; a release that tells more, or in other words, finds the same."""
    decided_anew(left)

    def change(record: dict[str, Any]) -> None:
        record["gate"]["reasons"] = ["in former words"]
        del record["gate"]["noise_floor"]

    rewritten(left, change)
    finding = found(left)["verdict"]
    assert (finding.state, finding.detail.endswith("worded otherwise now")) == ("ok", True)


def test_a_test_that_was_not_whole_is_held_against_what_is_there_now(left: Path) -> None:
    """Pinned items that are still another: BROKEN again. That are back: it can't be known what was wrong then."""
    decided_anew(left)
    path = left / "store" / "eval_data/tiny/registered/items.jsonl"
    content = path.read_bytes()
    path.write_bytes(content + b"\n")
    fault = pinned_fault(LocalStore(left / "store"), "tiny")

    def change(record: dict[str, Any]) -> None:
        record["gate"] = broken(Policy(languages=("en", "hi")), str(fault)).as_dict()
        record |= {"gate_verdict": "inconclusive", "verdict": "inconclusive", "applied": False, "broken": True}

    rewritten(left, change)
    findings = found(left)
    assert (findings["verdict"].state, findings["pinned items"].state) == ("ok", "differs")
    path.write_bytes(content)
    findings = found(left)
    assert (findings["verdict"].state, findings["pinned items"].state) == ("unchecked", "ok")
    assert "it was BROKEN for what is not so now" in findings["verdict"].detail


@pytest.mark.parametrize(
    ("key", "name"),
    [
        (f"{V1}/merged/model.safetensors", "artifact"),
        (f"{V1}/adapter/model.safetensors", "adapter"),
        (f"{V1}/scores.json", "scores file"),
        (f"{V1}/README.md", "manifest"),
        ("eval_data/tiny/repair/v1.jsonl", "items as they are kept"),
    ],
)
def test_a_changed_file_differs(left: Path, key: str, name: str) -> None:
    """A byte more at its end; a line fewer of the items, as nobody took anything back."""
    path = left / "store" / key
    content = path.read_bytes()
    path.write_bytes(content + b"\n" if name != "items as they are kept" else content.replace("संग्रहालय".encode(), "किला".encode()))
    findings = found(left)
    if name == "items as they are kept":  # of another release that may have had other fields: said, and not held against it
        assert findings[name].state == "unchecked"
        rewritten(left, lambda record: record.update(gate_rules=GATE_RULES))
        findings = found(left)
    assert findings[name].state == "differs"


def test_an_artifact_that_is_gone_differs(left: Path) -> None:
    """What is named has to be there."""
    (left / "store" / V1 / "merged" / "model.safetensors").unlink()
    (left / "store" / V1 / "merged" / "config.json").unlink()
    assert found(left)["artifact"].state == "differs"


def test_a_changed_score_is_found_twice(left: Path) -> None:
    """By the file's hash, and by the figures that no longer follow from the rows."""

    def change(scores: dict[str, Any]) -> None:
        scores["items"][0]["candidate"]["exact_match"] -= 1

    rewritten(left, change, f"{V1}/scores.json")
    assert states(found(left), "differs") == {"manifest", "scores file", "figures of the candidate"}


def test_the_files_of_what_was_learnt_and_told_are_those_that_the_record_names(left: Path) -> None:
    """Where it names them: a record of a former release does not."""
    assert not {"corrections file", "told file"} & found(left).keys()
    content = b"{}"
    (left / "store" / V1 / "corrections.json").write_bytes(content)
    named = hashlib.sha256(content).hexdigest()
    rewritten(left, lambda record: record.update(corrections_sha256=named, told_corrections={"sha256": named}))
    findings = found(left)
    assert (findings["corrections file"].state, findings["told file"].state) == ("ok", "differs")


def test_an_outcome_that_does_not_follow_from_the_verdict_differs(left: Path) -> None:
    """Applied without a promotion, or against a version that did not serve."""
    rewritten(left, lambda record: record.update(gate_verdict="inconclusive"))
    assert states(found(left), "differs") == {"outcome"}
    rewritten(left, lambda record: record["baseline"].update(version="v7"))
    assert "baseline in service" in states(found(left), "differs")


def test_words_that_were_taken_back_leave_the_items_unchecked(left: Path) -> None:
    """The sweep's memo says why items are gone; the others are still held against their groups."""
    path = left / "store" / "eval_data/tiny/repair/v1.jsonl"
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[2:]))
    assert found(left)["items as they are kept"].state == "unchecked"
    (left / "store" / V1 / "taken_back.json").write_text('{"format": 1, "model": "tiny", "version": "v1", "samples": {}}', encoding="utf-8")
    finding = found(left)["items as they are kept"]
    assert (finding.state, "words were taken back" in finding.detail, "2 of 300" in finding.detail) == ("unchecked", True, True)


def test_training_files_that_forgot_words_are_unchecked_and_others_differ(left: Path) -> None:
    """A row that is gone differs; with the job's memo it was taken back; without the folder nobody can tell."""
    path = left / "jobs" / "cmd-1" / "dataset" / "train.jsonl"
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[1:]))
    assert found(left)["training files"].state == "differs"
    (left / "jobs" / "cmd-1" / "taken_back.json").write_text("{}", encoding="utf-8")
    assert found(left)["training files"].state == "unchecked"
    path.unlink()
    assert found(left)["training files"].state == "unchecked"


def test_a_policy_file_that_is_another_differs(tmp_path: Path) -> None:
    """By its hash, and by the fields that the record holds."""
    unpack_runner(BEFORE, tmp_path)
    path = tmp_path / "store" / "finetuned/tiny/v0/gate-policy.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace("latency_margin: 0.5", "latency_margin: 5.0"), encoding="utf-8")
    assert {"policy file", "policy"} <= states(found(tmp_path), "differs")
    assert states(found(tmp_path, "v0"), "differs") == {"policy file"}


def test_items_and_documents_of_a_bootstrap_are_held_against_its_record(left: Path) -> None:
    """They are what every later version is measured with."""
    for key in ("eval_data/tiny/registered/items.jsonl", "training_data/tiny/registered/documents.jsonl"):
        path = left / "store" / key
        path.write_bytes(path.read_bytes() + b"\n")
    assert states(found(left, "v0"), "differs") == {"registered items", "registered documents"}


def test_a_policy_is_read_back_from_its_flat_record() -> None:
    """Every field, lists and the table of factors too."""
    policy = Policy(languages=("hi", "mr"), margin=0.04, margin_factors=((50, 3.0), (200, 1.5)), required=())
    assert recorded_policy({"policy": json.loads(json.dumps(policy.as_dict()))}) == policy


def test_differences_name_their_place() -> None:
    """Equal values have none; of lists of one length the element is named."""
    assert differences({"a": [1, {"b": 2}]}, {"a": [1, {"b": 2}]}) == []
    assert differences({"a": [1, {"b": 2}]}, {"a": [1, {"b": 3}], "c": 1}) == ["a[1].b: 2 now, 3 recorded", "c: null now, 1 recorded"]
    assert differences({"told since": 1}, {}) == []


def test_the_hash_of_a_remote_folder_is_that_of_the_local_one(left: Path) -> None:
    """A store that has no local paths is read a file at a time, without the list of its files."""
    from ops.lineage.verify.hashes import folder_finding

    class Remote(LocalStore):
        def local_path(self, key: str) -> None:
            return None

    record = json.loads((left / "store" / V1 / "decision.json").read_bytes())
    remote = Remote(left / "store")
    assert folder_finding(remote, "artifact", f"{V1}/merged", record["artifact"]["sha256"]).state == "ok"
    (left / "store" / V1 / "merged" / "config.json").write_text("{ }", encoding="utf-8")
    assert folder_finding(remote, "artifact", f"{V1}/merged", record["artifact"]["sha256"]).state == "differs"
    assert folder_finding(remote, "artifact", f"{V1}/gone", record["artifact"]["sha256"]).state == "differs"
    assert file_sha256(left / "store" / V1 / "scores.json") == record["scores_sha256"]
