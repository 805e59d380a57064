"""The adapter put into the weights: the 4-bit base is dequantised first, so the sum is that of the model that was trained.

Measured on this project's base: merging into the original full-precision base instead is off by 0.16 in the logits.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from bitsandbytes.nn import Linear4bit
from peft import PeftModel

from gpu_runner.model_folder.load import compute_dtype, load_quantised
from gpu_runner.model_folder.memory import release
from gpu_runner.model_folder.merged_folder import write_merged
from gpu_runner.model_folder.token_limit import run_by_tokens
from gpu_runner.train.encode import EncodedRow, block_row, collate

PROBES = 8


def probe_logits(model: Any, prompts: Sequence[Sequence[int]]) -> torch.Tensor:
    """The next-token logits after each of the first few prompts, `(prompts, vocabulary) float32` on the CPU.

    In training mode, where the 4-bit layers compute as they did in training: in evaluation mode bitsandbytes repacks them
    on some CPUs, in bf16 and only for widths that are multiples of 64. Adapters and supported bases have no dropout.
    """
    model.train()
    rows = []
    with torch.no_grad():
        for ids in prompts[:PROBES]:
            rows.append(model(input_ids=torch.tensor([list(ids)], device=model.device), use_cache=False).logits[0, -1].float().cpu())
    return torch.stack(rows)


def held_out_loss(model: Any, rows: Sequence[EncodedRow], *, batch_size: int, budget: int, pad: int) -> float | None:
    """Mean negative log-likelihood of the answers' tokens; None without rows.

    Rows of similar length share a batch of at most `batch_size` rows and `budget` tokens; out of memory makes the batches smaller.
    """
    model.eval()
    lengths = [len(row.ids) for row in rows]
    losses = run_by_tokens(lengths, lambda batch: _losses(model, [rows[place] for place in batch], pad), budget=budget, most=batch_size)
    count = sum(tokens for _, tokens in losses)
    return math.fsum(loss for loss, _ in losses) / count if count else None


def _losses(model: Any, rows: Sequence[EncodedRow], pad: int) -> list[tuple[float, int]]:
    """Each row's summed loss over its answer, and the answer's tokens."""
    batch = {name: part.to(model.device) for name, part in collate([block_row([row]) for row in rows], pad).items()}
    labels = batch.pop("labels")[:, 1:]
    with torch.no_grad():
        logits = model(**batch, use_cache=False).logits[:, :-1]
        losses = [
            float(torch.nn.functional.cross_entropy(own[at >= 0].float(), at[at >= 0], reduction="sum"))
            for own, at in zip(logits, labels, strict=True)
        ]
    return [(loss, int(tokens)) for loss, tokens in zip(losses, (labels >= 0).sum(1).tolist(), strict=True)]


def shrink(model: Any, scale: float) -> None:
    """Multiplies the trained adapter by `scale`, in place: the weights go that share of the way from the start to the trained ones.

    Facts that nothing replays are lost at the end of that way, corrections are learned long before it.
    Wortsman et al. 2022, "Robust fine-tuning of zero-shot models", equation 1, on the adapter's product.
    """
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if ".lora_B." in name:
                weight.mul_(scale)


def merge(start: Path, adapter: Path, merged: Path) -> Any:
    """Writes `merged`: the base's files, in which the weights that were quantised and adapted are the sum. Returns the merged model."""
    release()
    base = load_quantised(start)
    changed = {name for name, module in base.named_modules() if isinstance(module, Linear4bit)}
    model = PeftModel.from_pretrained(base.dequantize(dtype=compute_dtype()), adapter).merge_and_unload()
    write_merged(start, model, changed, merged)
    return model
