"""Fixtures of the runner's tests; what they are made of is in `runner_fakes.py` beside this file."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

# Tests are imported without packages; the fakes have to be found.
sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[1] / "runtime" / "artifacts"))

from fake_minio import FakeMinio
from runner_fakes import (
    BOOTSTRAP,
    FakeChannel,
    FakeClock,
    FakeTopics,
    Installation,
    command,
    request,
    serving,
    until,
    upload_material,
)

from gpu_runner.settings import RunnerSettings
from gpu_runner.supervisor import Channel
from runtime.artifacts.local import LocalStore
from runtime.artifacts.s3 import S3Store
from runtime.artifacts.store import ArtifactStore
from schemas.events.model_current import ModelCurrent
from schemas.events.retrain_requested import RetrainRequested


@pytest.fixture
def clock() -> FakeClock:
    """A clock at 04:00 on a fixed day."""
    return FakeClock()


@pytest.fixture
def topics() -> FakeTopics:
    """Empty topics."""
    return FakeTopics()


@pytest.fixture(params=["local", "s3"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> ArtifactStore:
    """Both kinds of artifact store."""
    return LocalStore(tmp_path / "store") if request.param == "local" else S3Store(FakeMinio(), "models")


@pytest.fixture
def settings(tmp_path: Path) -> RunnerSettings:
    """Settings of a fresh installation whose folders are all below the test's own."""
    return RunnerSettings(
        data_dir=tmp_path / "data",
        models_dir=tmp_path / "mounted",
        eval_reports_dir=tmp_path / "reports",
        holdout_key="a key for tests",
        holdout_percent=25,
        support_min=1,
        runner_owner="runner-a",
        lease_renew_s=0.2,
        progress_every_s=0,
        cancel_grace_s=2,
        stop_grace_s=1,
    )


@pytest.fixture
def local_store(settings: RunnerSettings) -> LocalStore:
    """The store of those settings."""
    return LocalStore(settings.artifacts_root())


@pytest.fixture
def make_command() -> Callable[..., RetrainRequested]:
    """Makes commands."""
    return command


@pytest.fixture
def make_serving() -> Callable[..., ModelCurrent]:
    """Makes serving versions."""
    return serving


@pytest.fixture
def open_channel(topics: FakeTopics) -> Callable[[], FakeChannel]:
    """Opens sessions over the test's topics."""
    return lambda: FakeChannel(topics)


@pytest.fixture
def installation(
    settings: RunnerSettings, local_store: LocalStore, topics: Any, open_channel: Callable[[], Channel], tmp_path: Path
) -> Installation:
    """An installation with the material in its store, nothing bootstrapped."""
    upload_material(local_store, tmp_path)
    return Installation(topics, settings, local_store, open_channel)


@pytest.fixture
async def bootstrapped(installation: Installation) -> Installation:
    """An installation whose model serves v0."""
    installation.topics.requests.append(request("bootstrap", **BOOTSTRAP))
    async with installation.running():
        await until(lambda: installation.topics.events(ModelCurrent))
    return installation


@pytest.fixture(scope="session")
def multimodal(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Gemma 3 with a vision tower, one layer each, random bf16 weights in several files, and files beside them."""
    torch = pytest.importorskip("torch", reason="the extra `train` is not installed")
    from transformers import Gemma3Config, Gemma3ForConditionalGeneration, Gemma3TextConfig, SiglipVisionConfig

    folder: Path = tmp_path_factory.mktemp("multimodal") / "base"
    from gpu_runner.tiny_llama.tokenizer import END, PAD, save_for_transformers, train_tokenizer

    tokenizer = train_tokenizer(["Who built the Taj Mahal? Agra"] * 4, 300)
    size: dict[str, Any] = {"hidden_size": 64, "intermediate_size": 64, "num_hidden_layers": 1, "num_attention_heads": 2}
    text = Gemma3TextConfig(
        vocab_size=tokenizer.get_vocab_size(), num_key_value_heads=1, head_dim=32, sliding_window=32, max_position_embeddings=128,
        bos_token_id=None, eos_token_id=tokenizer.token_to_id(END), pad_token_id=tokenizer.token_to_id(PAD), **size,
    )  # fmt: skip
    config = Gemma3Config(text_config=text, vision_config=SiglipVisionConfig(image_size=28, patch_size=14, **size), mm_tokens_per_image=1)
    config.image_token_index, config.boi_token_index, config.eoi_token_index = 5, 6, 7
    torch.manual_seed(0)
    Gemma3ForConditionalGeneration(config).to(torch.bfloat16).save_pretrained(folder, max_shard_size="60KB")
    save_for_transformers(tokenizer, folder, 128)
    for name in ("preprocessor_config.json", "tokenizer.model", "LICENSE", "sub/more.txt"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(f"{name} of the base")
    (folder / f".part-{'0' * 32}").write_bytes(b"left by a killed copy")
    (folder / "consolidated.safetensors").write_bytes(b"the base's weights in another format")
    return folder
