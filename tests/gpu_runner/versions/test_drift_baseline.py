"""Baselines are fitted, stored and followed by others; what goes wrong costs no promotion."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from fake_minio import FakeMinio
from runner_fakes import QuickFit, document

from consumers.drift.baseline.artifact import load_baseline
from consumers.drift.baseline.fit import ALARMS_PER_100K, Baseline, BaselineDocument, fit_baseline
from gpu_runner.settings import RunnerSettings
from gpu_runner.versions.drift_baseline import DriftFacts, Fit, first_baseline, fit, next_baseline
from gpu_runner.versions.drift_documents import leased_rows, write_rows
from runtime.artifacts.fetch_folder import get_folder
from runtime.artifacts.s3 import S3Store
from runtime.artifacts.stopping import Stop, WorkStopped, look
from runtime.artifacts.store import ArtifactError, ArtifactStore


@pytest.fixture
def quick(fitted_baseline: Baseline) -> QuickFit:
    return QuickFit(fitted_baseline)


@pytest.fixture
def leased(tmp_path: Path) -> Path:
    write_rows(tmp_path / "leased.jsonl", leased_rows(document(number) for number in range(10)))
    return tmp_path / "leased.jsonl"


def first(store: ArtifactStore, documents: Sequence[BaselineDocument], quick: Fit) -> DriftFacts:
    return first_baseline(store, "tiny", "v0", documents, fit=quick, alarms_per_100k=0.1)


def following(store: ArtifactStore, leased: Path, before: DriftFacts, quick: QuickFit) -> DriftFacts:
    return next_baseline(store, "tiny", "v1", leased, before, fit=quick, alarms_per_100k=0.1)


@pytest.mark.process
def test_the_stored_folder_holds_the_baseline_and_its_documents(
    store: ArtifactStore, drift_documents: list[BaselineDocument], quick: QuickFit, tmp_path: Path
) -> None:
    """The named folder is verified by its manifest and has the named sha256; the documents lie beside it, and are not fetched with it."""
    facts = first(store, drift_documents, quick)
    assert facts.baseline is not None
    fetched = get_folder(store, facts.baseline.uri, tmp_path / "fetched")
    assert sorted(path.name for path in fetched.iterdir()) == ["baseline.json", "baseline.safetensors"]
    assert load_baseline(fetched).documents == facts.baseline.documents == 2_500
    assert json.loads((fetched / "baseline.json").read_text())["arrays_sha256"] == facts.baseline.sha256
    assert facts.documents_key == "drift/tiny/v0/documents.jsonl"
    # So few of them, and thresholds from three streams, have a warning.
    assert facts.reasons[0] == "drift baseline of 2500 documents"
    assert facts.reasons[1].startswith("2,500 documents are few")
    assert DriftFacts.of(facts.as_dict()) == DriftFacts(facts.baseline, facts.documents_key)


def test_too_few_documents_give_no_baseline_and_are_kept(
    store: ArtifactStore, drift_documents: list[BaselineDocument], quick: QuickFit, leased: Path
) -> None:
    """The reasons say that drift is not watched; a later promotion that brings enough of them begins to."""
    facts = first(store, drift_documents[:1_995], quick)
    assert facts.baseline is None
    assert facts.reasons == ("drift of documents is not watched: 1995 documents: expected at least 2000",)
    followed = following(store, leased, facts, quick)
    assert followed.baseline is not None
    assert followed.baseline.documents == 2_005


def test_k4_equal_documents_give_no_baseline_and_the_reason(
    store: ArtifactStore, drift_documents: list[BaselineDocument], leased: Path
) -> None:
    """At the bootstrap and before a promotion: drift is not watched, or the baseline before stays, and the reasons say why."""
    equal = [replace(document, text="एक ही लेख") for document in drift_documents]
    facts = first_baseline(store, "tiny", "v0", equal, fit=fit, alarms_per_100k=0.1)
    assert facts.baseline is None
    (reason,) = facts.reasons
    assert reason.startswith(
        "drift of documents is not watched: 2500 documents with 1 different texts (0 have no letter or digit): expected"
    )
    followed = next_baseline(store, "tiny", "v1", leased, facts, fit=fit, alarms_per_100k=0.1)
    assert followed.baseline is None
    assert "2510 documents with 11 different texts" in followed.reasons[0]


def test_the_next_baseline_is_of_the_documents_before_and_the_new_ones(
    store: ArtifactStore, drift_documents: list[BaselineDocument], quick: QuickFit, leased: Path
) -> None:
    """In that order, with the asked rate, in a folder of its own."""
    before = first(store, drift_documents, quick)
    followed = following(store, leased, before, quick)
    documents, alarms = quick.asked[-1]
    assert documents[:2_500] == drift_documents
    assert [one.text for one in documents[2_500:]] == [document(number).text for number in range(10)]
    assert {one.source for one in documents[2_500:]} == {f"gazette {number}" for number in range(4)}
    assert alarms == 0.1
    assert followed.baseline is not None
    assert (followed.baseline.uri, followed.documents_key) == ("drift/tiny/v1/baseline", "drift/tiny/v1/documents.jsonl")
    assert before.baseline is not None
    assert followed.baseline.sha256 != before.baseline.sha256


def test_a_batch_without_documents_keeps_the_baseline(
    store: ArtifactStore, drift_documents: list[BaselineDocument], quick: QuickFit, tmp_path: Path
) -> None:
    """Nothing is fitted."""
    before = first(store, drift_documents, quick)
    write_rows(tmp_path / "none.jsonl", [])
    for path in (tmp_path / "none.jsonl", tmp_path / "absent.jsonl"):
        assert following(store, path, before, quick) == before
    assert len(quick.asked) == 1


def test_a_fit_that_fails_keeps_the_baseline_and_says_so(
    store: ArtifactStore, drift_documents: list[BaselineDocument], quick: QuickFit, leased: Path
) -> None:
    """A promotion is worth more than its drift baseline."""
    before = first(store, drift_documents, quick)

    def fails(documents: Sequence[BaselineDocument], alarms_per_100k: float) -> Baseline:
        raise FloatingPointError("singular")

    followed = next_baseline(store, "tiny", "v1", leased, before, fit=fails, alarms_per_100k=0.1)
    assert followed.baseline == before.baseline
    assert "(FloatingPointError)" in followed.reasons[0]
    assert followed.reasons[-1] == "the drift baseline before stays"


def test_a_store_that_fails_keeps_the_baseline_and_says_so(drift_documents: list[BaselineDocument], quick: QuickFit, leased: Path) -> None:
    """So does one that has lost the documents."""
    minio = FakeMinio()
    store = S3Store(minio, "models")
    before = first(store, drift_documents, quick)
    del minio.objects["models"]["drift/tiny/v0/documents.jsonl"]
    followed = following(store, leased, before, quick)
    assert followed.baseline == before.baseline
    assert "the drift baseline stays as it was" in followed.reasons[0]


def test_a_bootstrap_without_its_store_is_refused(drift_documents: list[BaselineDocument], quick: QuickFit) -> None:
    """What could not be stored is never named."""

    class Full(S3Store):
        def write_file(self, key: str, path: Path) -> None:
            raise ArtifactError("no space left")

    with pytest.raises(ArtifactError, match="no space left"):
        first(Full(FakeMinio(), "models"), drift_documents, quick)


def test_an_older_installation_begins_with_its_registered_documents(
    store: ArtifactStore, drift_documents: list[BaselineDocument], quick: QuickFit, leased: Path
) -> None:
    """A model that was bootstrapped before there were baselines gets one with its next promotion."""
    rows = "".join(json.dumps({"text": one.text, "publisher": one.source}) + "\n" for one in drift_documents)
    store.write_bytes("training_data/tiny/registered/documents.jsonl", rows.encode())
    followed = following(store, leased, DriftFacts.of({"version": "v0"}), quick)
    assert followed.baseline is not None
    assert followed.baseline.documents == 2_510


def test_a_fit_that_was_cut_off_is_done_again(store: ArtifactStore, drift_documents: list[BaselineDocument], quick: QuickFit) -> None:
    """The folder of a decision that was not made yet gives way."""
    first(store, drift_documents[:2_100], quick)
    again = first(store, drift_documents, quick)
    assert again.baseline is not None
    assert again.baseline.documents == 2_500


def test_the_default_rate_is_that_of_the_fit() -> None:
    """The settings say the number themselves, to import nothing heavy."""
    assert RunnerSettings().drift_alarms_per_100k == ALARMS_PER_100K


@pytest.mark.process
def test_k9_a_fit_is_told_to_stop_between_its_streams(drift_documents: list[BaselineDocument]) -> None:
    """Most of a minute for a large corpus: a runner that stops does not wait for it, and no reason is made up of it."""
    stop, seen = Stop(), []

    def between() -> None:
        seen.append(1)
        if len(seen) == 12:  # past vocabulary, featuriser and rows: among the streams of the thresholds
            stop.ask()
        look()

    with stop.active(), pytest.raises(WorkStopped):
        fit_baseline(drift_documents, between=between)
    assert len(seen) == 12
    with stop.active(), pytest.raises(WorkStopped):
        fit(drift_documents, 0.1)


def test_k9_a_stop_during_a_fit_is_no_failed_fit(store: ArtifactStore, drift_documents: list[BaselineDocument]) -> None:
    """A baseline that could not be fitted leaves a version unwatched; one that was stopped is fitted when the job goes on."""

    def stopped(_documents: Sequence[BaselineDocument], _rate: float) -> Baseline:
        raise WorkStopped

    with pytest.raises(WorkStopped):
        first(store, drift_documents, stopped)
    assert store.list("drift") == ()
