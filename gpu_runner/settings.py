"""The runner's settings, from environment variables of the same names in upper case."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any, Self

from pydantic import Field, SecretStr, model_validator

from runtime.settings import ListeningSettings, RunLimit, StoreSettings
from schemas import fields


class RunnerSettings(ListeningSettings, RunLimit, StoreSettings):
    """What the runner is set by; the shared variables are in `runtime.settings`."""

    runner_port: int = Field(8007, ge=0, le=65535, description="Its port.")

    models_dir: Path = Field(Path("/models"), description="Where base models are looked for first.")
    eval_reports_dir: Path = Field(Path("/tmp/eval_reports"), description="Where evaluation reports are written.")
    redis_url: str | None = Field(None, description="Only to be reported in `/health`; nothing needs Redis.")

    # docs/requirements.md has the defaults of these six.
    training_lora_rank: fields.LoraRank = Field(16, description="LoRA's rank.")
    training_lora_alpha: fields.LoraAlpha = Field(32, description="LoRA's alpha.")
    training_learning_rate: fields.LearningRate = Field(2e-4, description="Learning rate.")
    training_epochs: fields.Epochs = Field(3, description="Passes over the training rows.")
    training_batch_size: fields.BatchSize = Field(4, description="Packed sequences in a step; computed in parts where memory runs out.")
    training_max_seq_length: fields.MaxSeqLength = Field(
        2048, description="Tokens of the longest row, and of the longest question that is asked."
    )
    training_seed: int = Field(0, description="Seed of every draw of a run.")
    training_replay_share: float = Field(0.35, ge=0, lt=1, description="Share of replayed rows in a training set.")
    training_adapter_scale: float = Field(
        1.0,
        gt=0,
        le=1,
        description="What the trained adapter is multiplied by before it is merged: below 1 it forgets less and learns less.",
    )
    training_checkpoint_every_steps: int = Field(50, ge=1, description="Steps between checkpoints.")
    support_min: int = Field(
        2,
        ge=1,
        description="A correction is asked in the gate's primary where so many support it: users (its author included), conversations of "
        "nobody, and a passage or document that says the same. With 1 its author suffices: whoever corrects falsely is believed.",
    )
    train_closed_book: bool = Field(
        False,
        description="`true`: a correction that came with passages of which none supports it trains all the same. `false`: it is counted, "
        "because what the retrieval missed is no fault of the model.",
    )
    firewall_by_meaning: bool = Field(
        True,
        description="`true`: new rows are compared with the holdout by meaning too, where the extra `firewall` is installed: about 26 ms "
        "of one core a row. `false`: by words alone.",
    )
    evaluation_max_new_tokens: int = Field(
        64,
        ge=1,
        le=4096,
        description="The most tokens of an answer in an evaluation; 1.25 times the tokens of its longest right answer where that is more.",
    )
    evaluation_told_corrections: int = Field(
        3,
        ge=0,
        le=20,
        description="How many of the nearest corrections the baseline is told in its prompt with each of up to 100 repair items, so that "
        "the operator sees whether that would have been enough; no verdict depends on it. 0: it is not asked so.",
    )
    evaluation_engine_url: str | None = Field(
        None,
        pattern=r"^https?://[^\s]+$",
        description="A server with OpenAI's interface (`http://host:8000/v1`) that answers in the place of a model loaded here, for "
        "`POST /evaluate`. Promotion always loads both models itself.",
    )
    evaluation_engine_model: str | None = Field(None, min_length=1, description="The model's name there; needed with the address.")
    evaluation_engine_api_key: SecretStr | None = Field(None, description="Its key, where it asks for one. Secret.")
    evaluation_engine_timeout_s: float = Field(120, gt=0, description="How long one of its answers may take; five attempts are made.")
    evaluation_engine_at_once: int = Field(8, ge=1, le=256, description="How many questions it is asked at once.")
    judge_url: str | None = Field(
        None,
        pattern=r"^https?://[^\s]+$",
        description="A server with OpenAI's interface whose model judges answers, for the metrics `response_quality`, `relevance`, "
        "`correctness` and `completeness` of `POST /evaluate`. Advisory: no gate reads them.",
    )
    judge_model: str | None = Field(None, min_length=1, description="The model's name there; needed with the address.")
    judge_api_key: SecretStr | None = Field(None, description="Its key, where it asks for one. Secret.")
    judge_timeout_s: float = Field(120, gt=0, description="How long one of its judgements may take; two attempts are made.")
    judge_at_once: int = Field(8, ge=1, le=256, description="How many judgements it is asked for at once.")
    judge_samples: int = Field(1, ge=1, le=16, description="How often each judgement is asked for; above 1 their spread is told.")
    judge_calibration: Path | None = Field(
        None, description="Report of `python -m gpu_runner.evaluate.judge`: the languages that this judge is calibrated for."
    )
    # That of `consumers.drift.baseline.fit`, which imports scipy.
    drift_alarms_per_100k: float = Field(
        0.1,
        gt=0,
        le=100,
        description="False alarms of drift in 100,000 documents, of all heads together, that a drift baseline is fitted for.",
    )
    child_threads: int = Field(0, ge=0, description="Threads of a training or evaluation child; 0: every core.")

    llm_model_standard: str = Field("meta-llama/Llama-3.1-8B-Instruct-AWQ", description="What `standard` means as a base model.")
    llm_model_longctx: str = Field("mistralai/Mistral-NeMo-Instruct-2407-AWQ", description="What `longctx` means as a base model.")

    lease_s: float = Field(45, gt=0, description="How long a lease on a job lasts without renewal.")
    lease_renew_s: float = Field(10, gt=0, description="Seconds between renewals.")
    progress_every_s: float = Field(2, ge=0, description="At most one progress event in this time.")
    child_silence_s: float = Field(
        900,
        gt=0,
        description="A child that shows no sign of work for half of this is told of, and ended after all of it; "
        "its attempt may be retried.",
    )
    disk_reserve_mb: int = Field(
        1024,
        ge=0,
        description="A job begins only where the disk has room for what it writes (`gpu_runner/jobs/disk_room.py` has the formula) and "
        "this much more.",
    )
    evaluation_max_hours: float = Field(6, gt=0, description="An evaluation that a person asked for is ended when it runs longer.")
    cancel_grace_s: float = Field(30, ge=0, description="How long a cancelled child may save its checkpoint before it is killed.")
    stop_grace_s: float = Field(3, ge=0, description="The same when the service stops.")
    runner_owner: str = Field(default_factory=socket.gethostname, min_length=1, description="The name in the lease.")
    runner_transactional_id: str = Field(
        "abhyas-gpu-runner", min_length=1, description="Kafka's transactional id; one runner of an installation has it."
    )

    @model_validator(mode="after")
    def _servers_are_whole(self) -> Self:
        if self.evaluation_engine_url and not self.evaluation_engine_model:
            raise ValueError("EVALUATION_ENGINE_URL is set without EVALUATION_ENGINE_MODEL: set the name of the model there")
        if self.judge_url and not self.judge_model:
            raise ValueError("JUDGE_URL is set without JUDGE_MODEL: set the name of the model there")
        return self

    def evaluation_engine(self) -> dict[str, Any] | None:
        """What the child is told of the server that answers, without the key, which it has from its environment; None where none is set."""
        if not self.evaluation_engine_url:
            return None
        return {
            "url": self.evaluation_engine_url,
            "model": self.evaluation_engine_model,
            "timeout_s": self.evaluation_engine_timeout_s,
            "at_once": self.evaluation_engine_at_once,
        }

    def judge(self) -> dict[str, Any] | None:
        """The same of the judge."""
        if not self.judge_url:
            return None
        return {
            "url": self.judge_url,
            "model": self.judge_model,
            "timeout_s": self.judge_timeout_s,
            "at_once": self.judge_at_once,
            "samples": self.judge_samples,
            "calibration": None if self.judge_calibration is None else str(self.judge_calibration.absolute()),
        }

    def jobs_dir(self) -> Path:
        """Where training jobs have their folders."""
        return self.data_dir / "jobs"

    def evaluations_dir(self) -> Path:
        """Where evaluation jobs that a person asked for have their folders."""
        return self.data_dir / "evaluations"

    def explanations_dir(self) -> Path:
        """Where `abhyas explain` puts its pages, unless it is told otherwise."""
        return self.data_dir / "explanations"
