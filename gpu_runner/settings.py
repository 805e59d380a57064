"""The runner's settings, from environment variables of the same names in upper case."""

from __future__ import annotations

import socket
from pathlib import Path

from pydantic import Field

from runtime.settings import StoreSettings


class RunnerSettings(StoreSettings):
    """Every variable of the runner; `TRAINING_*` are None where unset, so that a knob's source stays known."""

    host: str = "127.0.0.1"
    runner_port: int = Field(default=8007, ge=0, le=65535)

    models_dir: Path = Path("/models")
    eval_reports_dir: Path = Path("/tmp/eval_reports")
    redis_url: str | None = None

    training_lora_rank: int | None = Field(default=None, ge=1, le=1024)
    training_lora_alpha: int | None = Field(default=None, ge=1, le=4096)
    training_learning_rate: float | None = Field(default=None, gt=0, le=1)
    training_epochs: int | None = Field(default=None, ge=1, le=1000)
    training_batch_size: int | None = Field(default=None, ge=1, le=4096)
    training_max_seq_length: int | None = Field(default=None, ge=8, le=1_048_576)
    training_seed: int = 0
    training_replay_share: float = Field(default=0.35, ge=0, lt=1)
    training_adapter_scale: float = Field(default=1.0, gt=0, le=1)
    training_checkpoint_every_steps: int = Field(default=50, ge=1)
    evaluation_max_new_tokens: int = Field(default=64, ge=1, le=4096)
    # That of `consumers.drift.baseline.fit`, which imports scipy.
    drift_alarms_per_100k: float = Field(default=0.1, gt=0, le=100)
    child_threads: int = Field(default=0, ge=0, description="threads of a child; 0: every core")

    llm_model_standard: str = "meta-llama/Llama-3.1-8B-Instruct-AWQ"
    llm_model_longctx: str = "mistralai/Mistral-NeMo-Instruct-2407-AWQ"

    run_max_hours: float = Field(default=24, gt=0)
    lease_s: float = Field(default=45, gt=0)
    lease_renew_s: float = Field(default=10, gt=0)
    progress_every_s: float = Field(default=2, ge=0)
    child_silence_s: float = Field(default=900, gt=0)
    disk_reserve_mb: int = Field(default=1024, ge=0)
    evaluation_max_hours: float = Field(default=6, gt=0)
    cancel_grace_s: float = Field(default=30, ge=0)
    stop_grace_s: float = Field(default=3, ge=0)
    runner_owner: str = Field(default_factory=socket.gethostname, min_length=1)
    runner_transactional_id: str = Field(default="abhyas-gpu-runner", min_length=1)

    def jobs_dir(self) -> Path:
        """Where training jobs have their folders."""
        return self.data_dir / "jobs"

    def evaluations_dir(self) -> Path:
        """Where evaluation jobs that a person asked for have their folders."""
        return self.data_dir / "evaluations"
