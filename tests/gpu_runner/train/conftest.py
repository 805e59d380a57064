"""A base model of a few steps, which knows nothing but loads, trains and answers like any other."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gpu_runner.tiny_llama.bootstrap_files import evaluation_items, replay_rows
from gpu_runner.tiny_llama.facts import taught_facts, untaught_facts
from runtime.artifacts.content_hash import file_sha256, folder_sha256


@pytest.fixture(scope="session")
def small_base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a Llama with 64 dimensions and one layer after three steps."""
    pytest.importorskip("torch", reason="the extra `train` is not installed")
    from gpu_runner.tiny_llama.make import Recipe, make_model

    folder = tmp_path_factory.mktemp("base") / "model"
    recipe = Recipe(
        vocabulary=640, hidden=64, intermediate=64, layers=1, heads=2, key_value_heads=1, steps=3, batch=16, least_exact_match=0.0
    )
    make_model(folder, seed=1, recipe=recipe)
    return folder


@pytest.fixture(scope="session")
def make_job(small_base: Path) -> Callable[..., Path]:
    """Writes a job folder with 24 rows to learn, 24 to replay and the items of six taught facts; `rows` replaces the rows."""

    def make(folder: Path, rows: list[dict[str, Any]] | None = None) -> Path:
        dataset = folder / "dataset"
        dataset.mkdir(parents=True)
        fresh = [row | {"origin": "correction"} for row in replay_rows(untaught_facts()[:6])]
        content = {
            "train": fresh + replay_rows(taught_facts()[:6]) if rows is None else rows,
            "eval": fresh[:2],
            "evaluation": evaluation_items(taught_facts()[:6]),
        }
        for name, lines in content.items():
            (dataset / f"{name}.jsonl").write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines), encoding="utf-8")
        files = {name: f"dataset/{name}.jsonl" for name in content}
        spec = {
            "job_id": "job-1",
            "attempt": 1,
            "model_id": "tiny",
            "version": "v1",
            "start": {"path": str(small_base), "name": "v0", "sha256": folder_sha256(small_base)},
            "hyperparameters": {
                "lora_rank": 4,
                "lora_alpha": 8,
                "learning_rate": 0.002,
                "epochs": 16,
                "batch_size": 2,
                "max_seq_length": 128,
            },
            "seed": 3,
            "dataset": files | {"sha256": {name: file_sha256(folder / path) for name, path in files.items()}},
            "replay_share": 0.35,
            "adapter_scale": 1.0,
            "checkpoint_every_steps": 4,
            "max_new_tokens": 4,
        }
        (folder / "spec.json").write_text(json.dumps(spec), encoding="utf-8")
        return folder

    return make
