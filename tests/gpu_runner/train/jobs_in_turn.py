"""`python jobs_in_turn.py JOB_DIR:MOST_ROWS …`: jobs one after another in one process, in which larger batches run out of memory.

A stand-in for a GPU: of a step, or of a question's batch, more rows than MOST_ROWS are torch.OutOfMemoryError. One JSON line a job.
"""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path
from typing import Any

import torch
import trl
from transformers import LlamaForCausalLM

from gpu_runner.child.parent import Parent, Termination
from gpu_runner.child.reporter import Reporter
from gpu_runner.train.__main__ import _kind_of, run

most = 0
refused: list[int] = []
training_step = trl.SFTTrainer.training_step
forward = LlamaForCausalLM.forward


def _room_for(rows: int) -> None:
    if rows > most:
        refused.append(rows)
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")


def _step(self: Any, model: Any, inputs: Any, *arguments: Any, **named: Any) -> Any:
    _room_for(inputs["input_ids"].size(0))
    return training_step(self, model, inputs, *arguments, **named)


def _forward(self: Any, input_ids: Any = None, **named: Any) -> Any:
    if not torch.is_grad_enabled():
        _room_for(input_ids.size(0))
    return forward(self, input_ids=input_ids, **named)


trl.SFTTrainer.training_step, LlamaForCausalLM.forward = _step, _forward
for argument in sys.argv[1:]:
    folder, _, rows = argument.rpartition(":")
    most = int(rows)
    refused.clear()
    try:
        told = run(Path(folder), Reporter(io.StringIO()), Termination(), Parent())
    except Exception as error:
        told = {"kind": _kind_of(error), "message": str(error)}
    print(json.dumps(told | {"refused": refused}))
