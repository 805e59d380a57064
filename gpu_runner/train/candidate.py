"""The candidate of a job: rows that fit are trained, the adapter is merged, and its loss on rows held out is measured."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from transformers import set_seed
from transformers.utils import logging as transformers_logging

from gpu_runner.child.parent import Parent, Termination
from gpu_runner.child.reporter import Reporter
from gpu_runner.model_folder.chat_tokens import ChatTokens
from gpu_runner.model_folder.load import load_tokenizer
from gpu_runner.model_folder.token_limit import TokenLimit
from gpu_runner.train.encode import EncodedRow, Fitted, fitted, plan_of, unasked
from gpu_runner.train.left_out import LeftOut, left_out
from gpu_runner.train.merge import PROBES, held_out_loss, merge, probe_logits, shrink
from gpu_runner.train.sft import train
from gpu_runner.train.spec import Item, Row, Spec, TrainingError, load_rows
from runtime.artifacts.content_hash import folder_sha256

log = logging.getLogger("gpu_runner.train")


def train_and_merge(
    spec: Spec, *, folder: Path, start: Path, rows: Sequence[Row], items: Sequence[Item], reporter: Reporter, termination: Termination,
    parent: Parent,
) -> dict[str, Any]:  # fmt: skip
    """Leaves `adapter/` and `merged/` in the job's folder. Returns what `result.json` says of them, and of all that was left out.

    Raises TrainingError, ModelFault, TemplateMisfit, DoesNotFit, and what out of memory raises.
    """
    transformers_logging.disable_progress_bar()
    set_seed(spec.seed)
    tokenizer = load_tokenizer(start)
    chat, limit = ChatTokens(tokenizer, spec.now()), TokenLimit(spec.hyperparameters.max_seq_length)
    known = fitted(rows, chat, limit)
    held_out = fitted(load_rows(folder / spec.dataset.eval), chat, limit)
    over, refused = unasked(items, chat, limit)
    too_long = left_out(known.too_long, known.fitting, items, spec.dataset.stands_for, over)
    without = left_out([*known.too_long, *known.refused], known.fitting, items, spec.dataset.stands_for, [*over, *refused])
    _tell(reporter, limit, known, held_out, too_long, refused=len(refused))
    plan = plan_of(known, spec)
    if items and len(items) == len(without.items):
        raise TrainingError(
            "no_data",
            f"all {len(items)} items to ask are longer than max_seq_length {limit.tokens}, refused by the chat template, or stand for rows "
            "that are: nothing could be compared",
        )
    trained = train(
        spec,
        folder=folder,
        start=start,
        tokenizer=tokenizer,
        plan=plan,
        reporter=reporter,
        termination=termination,
        parent=parent,
    )
    reporter.start("merging")
    for name in ("adapter", "merged"):
        shutil.rmtree(folder / name, ignore_errors=True)
    shrink(trained.model, spec.adapter_scale)
    trained.model.save_pretrained(folder / "adapter")
    prompts = [row.ids[: row.prompt] for row in _all(known)[:PROBES]]
    before = probe_logits(trained.model, prompts)
    if not bool(torch.isfinite(before).all()):
        raise TrainingError("non_finite", "the trained model's logits are not finite; try a lower learning_rate")
    summary = {
        "job_id": spec.job_id,
        "attempt": spec.attempt,
        "steps": trained.steps,
        "sequences_at_once": trained.at_once,
        "new_rows": len(known.fresh),
        "replay_rows": len(known.replay) + len(known.earlier),
        "trained_tokens": plan.trained_tokens,
        "adapter_scale": spec.adapter_scale,
        "rows_too_long": len(known.too_long),
        "left_out": without.as_dict(),
        "too_long": {
            "limit": limit.tokens,
            "rows": len(known.too_long),
            "samples": len(too_long.samples),
            "held_out_rows": len(held_out.too_long),
            "items": dict(too_long.items_too_long),
        },
        "refused": {"rows": len(known.refused), "held_out_rows": len(held_out.refused), "items": len(refused)},
        "first_loss": trained.first_loss,
        "last_loss": trained.last_loss,
        "resumed_from_step": trained.resumed_from_step,
        "ignored_checkpoints": trained.ignored_checkpoints,
    }
    del trained
    merged = merge(start, folder / "adapter", folder / "merged")
    summary["merge_max_logit_difference"] = float((before - probe_logits(merged, prompts)).abs().max())
    summary["eval_loss"] = held_out_loss(
        merged,
        _all(held_out),
        batch_size=spec.hyperparameters.batch_size,
        budget=spec.hyperparameters.batch_size * limit.tokens,
        pad=tokenizer.pad_token_id,
    )
    for name in ("adapter", "merged"):
        summary[name] = {"path": name, "sha256": folder_sha256(folder / name)}
    reporter.end()
    return summary


def _all(rows: Fitted) -> list[EncodedRow]:
    return [*rows.fresh, *rows.replay, *rows.earlier]


def _tell(reporter: Reporter, limit: TokenLimit, known: Fitted, held_out: Fitted, too_long: LeftOut, *, refused: int) -> None:
    counts = {"rows": len(known.too_long), "held-out rows": len(held_out.too_long)}
    counts |= {f"items of {name}": count for name, count in too_long.items_too_long.items()}
    if told := _listed(counts):
        log.warning("longer than max_seq_length %d and left out: %s", limit.tokens, told)
    if told := _listed({"rows": len(known.refused), "held-out rows": len(held_out.refused), "items": refused}):
        log.warning("conversations that the chat template refuses, left out: %s", told)
    if known.too_long:
        reporter.left_out(len(known.too_long), len(too_long.samples))


def _listed(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {name}" for name, count in counts.items() if count)
