"""Commands take a model by its own name, and everything that they write is under its slug."""

from __future__ import annotations

from pathlib import Path

import pytest

from gpu_runner.versions.registry import find_version
from ops.commands.models.bootstrap import configured_store
from ops.commands.models.operator import named_model, request
from ops.commands.models.register import register
from ops.errors import WrongUsage
from runtime.settings import ServiceSettings


def test_k6_a_request_of_a_person_names_the_slug() -> None:
    """What the runner and stage 2 read is the slug, however the person wrote it."""
    asked = request(request_id="r", action="pause", model="Meta-Llama/Llama-3.1:8B", actor="asha")
    assert (asked.model, asked.key()) == ("llama-3.1-8b", "llama-3.1-8b")


def test_k6_a_version_is_registered_under_the_slug(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The folder in the store has the name that events have."""
    monkeypatch.delenv("MINIO_ENDPOINT", raising=False)
    folder = tmp_path / "merged"
    folder.mkdir()
    (folder / "config.json").write_text("{}")
    (folder / "model.safetensors").write_bytes(bytes([2, 0, 0, 0, 0, 0, 0, 0]) + b"{}")
    register(model="Org/My Model", version="v1.0", folder=folder, base_model=None, actor="asha", data=tmp_path)
    found = find_version(configured_store(tmp_path), "my-model/v1.0")
    assert (found.model, found.version) == ("my-model", "v1.0")


def test_the_default_model_is_mapped_as_every_name_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """DEFAULT_MODEL may be what a server calls the model; one of which nothing is left is an error of the settings."""
    monkeypatch.setenv("DEFAULT_MODEL", "llama3.1:8b")
    assert ServiceSettings().default_model == "llama3.1-8b"
    monkeypatch.setenv("DEFAULT_MODEL", "नदी")
    with pytest.raises(ValueError, match="expected a model's name"):
        ServiceSettings()


def test_a_name_of_which_nothing_is_left_is_wrong_usage() -> None:
    """The message names the option and what was expected."""
    with pytest.raises(WrongUsage, match="--model: expected a model's name"):
        named_model("---")
