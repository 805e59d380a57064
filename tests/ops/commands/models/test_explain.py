"""`abhyas explain`: where the page goes, and whose words it holds."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ops.commands.models.explain import explain, write_page
from ops.errors import OperationFailed
from ops.lineage.records import read_model
from runtime.artifacts.local import LocalStore


def test_by_itself_it_goes_where_the_sweep_looks(left: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Beside it lies the list of the samples whose words it holds; the path is printed."""
    explain("v1", data=left)
    page = left / "explanations" / "tiny-v1.html"
    assert capsys.readouterr().out == f"{page}\n"
    assert page.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    assert len(json.loads((left / "explanations" / "tiny-v1.samples.json").read_bytes())["samples"]) == 30


def test_without_words_there_is_no_list(left: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """And one of a page that had words is gone."""
    explain("v1", data=left)
    explain("v1", words=False, data=left)
    assert not (left / "explanations" / "tiny-v1.samples.json").exists()
    assert "museum 1 " not in (left / "explanations" / "tiny-v1.html").read_text(encoding="utf-8")
    assert len(capsys.readouterr().out.splitlines()) == 2


def test_a_named_file_is_the_persons_own(left: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing else is written; JSON says where it is and whose words are in it."""
    out = tmp_path / "for the minister.html"
    explain("v0", out=out, as_json=True, data=left)
    told = json.loads(capsys.readouterr().out)
    assert (told["path"], told["bytes"], told["samples"]) == (str(out), out.stat().st_size, [])
    assert not (left / "explanations").exists()


def test_a_version_without_a_record_is_one_line(left: Path) -> None:
    """Nothing is written of it."""
    path = left / "store/finetuned/tiny/v7/decisions/r.json"
    path.parent.mkdir(parents=True)
    path.write_text("{}", encoding="utf-8")
    with pytest.raises(OperationFailed, match=r"tiny/v7 can't be explained: .* has no record of its own"):
        explain("v7", data=left)


class _Swept(LocalStore):
    """A store in which the sweep writes down that a sample was taken back just after the page was first gathered."""

    def __init__(self, root: Path, sample_id: str) -> None:
        super().__init__(root)
        self._sample_id = sample_id
        self.looked = 0

    def exists(self, key: str) -> bool:
        if key == "finetuned/tiny/v1/taken_back.json":
            self.looked += 1
            if self.looked == 2:
                memo: dict[str, Any] = {
                    "model": "tiny",
                    "version": "v1",
                    "samples": {self._sample_id: {"trained": True, "reason": "erased"}},
                }
                self.write_bytes(key, json.dumps(memo).encode())
        return super().exists(key)


def test_words_taken_back_while_it_is_written_are_not_in_it(left: Path) -> None:
    """It is looked again after writing, and written anew."""
    store = LocalStore(left / "store")
    records = read_model(store, "tiny")
    page = left / "page.html"
    _, before = write_page(store, records, records.versions["v1"], page, words=True, listed=False)
    gone = min(before)
    swept = _Swept(left / "store", gone)
    _, samples = write_page(swept, records, records.versions["v1"], page, words=True, listed=True)
    assert samples == before - {gone}
    assert gone not in json.loads((left / "page.samples.json").read_bytes())["samples"]
