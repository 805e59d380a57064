"""The adapter put into the weights: the 4-bit base is dequantised first, so the sum is that of the model that was trained.

Measured on this project's base: merging into the original full-precision base instead is off by 0.16 in the logits.
"""

from __future__ import annotations

import gc
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from peft import PeftModel

from gpu_runner.train.encode import EncodedRow, block_row, collate
from gpu_runner.train.sft import compute_dtype, load_quantised

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


def held_out_loss(model: Any, rows: Sequence[EncodedRow], batch_size: int, pad: int) -> float | None:
    """Mean negative log-likelihood of the answers' tokens; None without rows."""
    total = count = 0.0
    model.eval()
    for at in range(0, len(rows), batch_size):
        batch = {
            name: part.to(model.device) for name, part in collate([block_row([row]) for row in rows[at : at + batch_size]], pad).items()
        }
        labels = batch.pop("labels")[:, 1:]
        with torch.no_grad():
            logits = model(**batch, use_cache=False).logits[:, :-1].float()
        chosen = labels >= 0
        total += float(torch.nn.functional.cross_entropy(logits[chosen], labels[chosen], reduction="sum"))
        count += int(chosen.sum())
    return total / count if count else None


def shrink(model: Any, scale: float) -> None:
    """Multiplies the trained adapter by `scale`, in place: the weights go that share of the way from the start to the trained ones.

    Facts that nothing replays are lost at the end of that way, corrections are learned long before it.
    Wortsman et al. 2022, "Robust fine-tuning of zero-shot models", equation 1, on the adapter's product.
    """
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if ".lora_B." in name:
                weight.mul_(scale)


def merge(start: Path, adapter: Path, merged: Path, tokenizer: Any) -> Any:
    """Writes `merged`: full-precision safetensors, configuration and tokenizer. Returns the merged model."""
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    base = load_quantised(start).dequantize(dtype=compute_dtype())
    model = PeftModel.from_pretrained(base, adapter).merge_and_unload()
    model.save_pretrained(merged)
    tokenizer.save_pretrained(merged)
    return model
