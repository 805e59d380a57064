"""QLoRA with TRL's SFTTrainer: the base in 4-bit NF4, adapters on every linear layer, rows packed, replay in each batch."""

from __future__ import annotations

import logging
import math
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch
from datasets import Dataset
from peft import LoraConfig
from transformers import PrinterCallback, TrainerCallback, set_seed
from trl.trainer.sft_config import SFTConfig
from trl.trainer.sft_trainer import SFTTrainer

from gpu_runner.child.parent import Parent, Termination
from gpu_runner.child.reporter import Reporter
from gpu_runner.model_folder.load import adapted_modules, load_quantised, non_finite_weight
from gpu_runner.model_folder.memory import DoesNotFit, is_out_of_memory, release
from gpu_runner.model_folder.token_limit import smaller_batch
from gpu_runner.model_folder.weight_files import ModelFault
from gpu_runner.train.checkpoints import newest_verified, seal
from gpu_runner.train.encode import EncodingPlan, block_row, collate
from gpu_runner.train.spec import Spec, TrainingError

log = logging.getLogger("gpu_runner.train")
MAX_GRAD_NORM = 1.0
WARMUP = 0.03


@dataclass(frozen=True, slots=True)
class Trained:
    """The trained 4-bit model with its adapter, and what the run was like. `at_once`: the sequences that fitted into memory together."""

    model: Any
    steps: int
    at_once: int
    first_loss: float | None
    last_loss: float | None
    resumed_from_step: int
    ignored_checkpoints: list[str]


def train(
    spec: Spec,
    *,
    folder: Path,
    start: Path,
    tokenizer: Any,
    plan: EncodingPlan,
    reporter: Reporter,
    termination: Termination,
    parent: Parent,
) -> Trained:
    """Trains to the end of the plan from the newest verified checkpoint, or from the start.

    Out of memory halves the sequences that are computed at once and doubles the accumulation, which leaves steps and gradients as they
    were. Raises TrainingError `non_finite`, ModelFault, DoesNotFit, and Terminated once a checkpoint of the step at which SIGTERM arrived
    is sealed.
    """
    checkpoints = folder / "checkpoints"
    checkpoints.mkdir(exist_ok=True)
    at_once = batch = spec.hyperparameters.batch_size
    steps = math.ceil(len(plan.blocks) / batch)
    began = False
    while True:
        found = newest_verified(checkpoints, identity=spec.identity())
        watch = _Watch(spec, plan=plan, checkpoints=checkpoints, steps=steps, reporter=reporter, termination=termination, parent=parent)
        trainer = _trainer(spec, checkpoints=checkpoints, start=start, tokenizer=tokenizer, plan=plan, watch=watch, at_once=at_once)
        if not began:
            reporter.end()
            reporter.start("training", steps)
            began = True
        told = _run(trainer, found.path, start, termination)
        if told is None:
            break
        del trainer, watch
        release()
        if at_once == 1:
            raise DoesNotFit(max(sum(len(row.ids) for row in block) for block in plan.blocks), told)
        at_once = smaller_batch(at_once, batch)
        log.warning("out of memory: %d sequences at once from here on, of %d a step", at_once, batch)
    losses = [entry["loss"] for entry in trainer.state.log_history if "loss" in entry]
    reporter.end(steps, steps, loss=losses[-1] if losses else None)
    return Trained(
        model=trainer.model,
        steps=trainer.state.global_step,
        at_once=at_once,
        first_loss=losses[0] if losses else None,
        last_loss=losses[-1] if losses else None,
        resumed_from_step=found.step,
        ignored_checkpoints=found.ignored,
    )


def _run(trainer: SFTTrainer, checkpoint: Path | None, start: Path, termination: Termination) -> str | None:
    """Trains to the end; what was said when memory ran out, else None."""
    termination.at_end_of_step = True
    try:
        trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
    except TrainingError as error:
        found = non_finite_weight(start) if error.kind == "non_finite" else None
        if found is not None:
            raise ModelFault(f"{start}: {found} holds NaN or infinity: expected finite weights, fetch them again") from error
        raise
    except Exception as error:
        if not is_out_of_memory(error):
            raise
        return str(error) or type(error).__name__
    finally:
        termination.at_end_of_step = False
    termination.check()
    return None


def _trainer(
    spec: Spec, *, checkpoints: Path, start: Path, tokenizer: Any, plan: EncodingPlan, watch: TrainerCallback, at_once: int
) -> SFTTrainer:
    hyperparameters, gpu = spec.hyperparameters, torch.cuda.is_available()
    set_seed(spec.seed)  # a second trainer begins with the adapter of the first
    model = load_quantised(start)
    trainer = SFTTrainer(
        model=model,
        args=SFTConfig(
            output_dir=str(checkpoints / ".writing"),
            per_device_train_batch_size=at_once,
            gradient_accumulation_steps=hyperparameters.batch_size // at_once,
            num_train_epochs=1,  # the plan holds all epochs
            learning_rate=hyperparameters.learning_rate,
            lr_scheduler_type="cosine",
            warmup_steps=WARMUP,
            max_grad_norm=MAX_GRAD_NORM,
            optim="paged_adamw_8bit" if gpu else "adamw_torch",
            weight_decay=0.0,
            bf16=gpu,
            use_cpu=not gpu,
            gradient_checkpointing=gpu,
            gradient_checkpointing_kwargs={"use_reentrant": False} if gpu else None,
            train_sampling_strategy="sequential",
            remove_unused_columns=False,
            dataset_kwargs={"skip_prepare_dataset": True},
            max_length=None,
            save_strategy="steps",
            save_steps=spec.checkpoint_every_steps,
            logging_steps=1,
            logging_nan_inf_filter=False,  # or a NaN would be reported as the mean of the losses before it
            report_to="none",
            disable_tqdm=True,
            seed=spec.seed,
            data_seed=spec.seed,
            dataloader_pin_memory=gpu,
        ),
        data_collator=partial(collate, pad=tokenizer.pad_token_id),
        train_dataset=Dataset.from_list([block_row(block) for block in plan.blocks]),
        processing_class=tokenizer,
        peft_config=LoraConfig(
            r=hyperparameters.lora_rank,
            lora_alpha=hyperparameters.lora_alpha,
            lora_dropout=0.0,
            target_modules=adapted_modules(model),
            task_type="CAUSAL_LM",
        ),
        callbacks=[watch],
    )
    trainer.remove_callback(PrinterCallback)  # a line of metrics a step would drown the log; progress goes to stdout
    for weight in trainer.model.parameters():
        if weight.requires_grad:  # TRL casts adapters to bf16, whose 8 bits lose most of the late, small updates
            weight.data = weight.data.float()
    return trainer


class _Watch(TrainerCallback):
    """Reports each step, seals each checkpoint, stops at SIGTERM, at a loss that is no number, and without a parent."""

    def __init__(
        self, spec: Spec, *, plan: EncodingPlan, checkpoints: Path, steps: int, reporter: Reporter, termination: Termination, parent: Parent
    ) -> None:
        self._identity = spec.identity()
        self._batch = spec.hyperparameters.batch_size
        self._plan = plan
        self._checkpoints = checkpoints
        self._steps = steps
        self._reporter = reporter
        self._termination = termination
        self._parent = parent
        self._began = (0, 0.0)

    def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        self._began = (state.global_step, time.monotonic())

    def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, float] | None = None, **_: Any) -> None:
        """Raises TrainingError `non_finite` where loss or gradient is NaN or infinite."""
        figures = logs or {}
        for name in ("loss", "grad_norm"):
            if name in figures and not math.isfinite(figures[name]):
                raise TrainingError("non_finite", f"{name} is {figures[name]} at step {state.global_step}; try a lower learning_rate")
        if "loss" not in figures:
            return
        first, began = self._began
        elapsed = max(time.monotonic() - began, 1e-9)
        tokens = self._plan.tokens_before(state.global_step * self._batch) - self._plan.tokens_before(first * self._batch)
        eta_s = elapsed / max(state.global_step - first, 1) * (self._steps - state.global_step)
        self._reporter.progress(state.global_step, self._steps, loss=figures["loss"], tokens_per_s=tokens / elapsed, eta_s=eta_s)

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        self._parent.require()
        if self._termination.asked:
            control.should_save = control.should_training_stop = True
        elif state.global_step >= self._steps:
            control.should_save = True

    def on_save(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        written = Path(args.output_dir) / f"checkpoint-{state.global_step}"
        seal(written, self._checkpoints, step=state.global_step, identity=self._identity)
