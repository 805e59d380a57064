"""What a merged model's folder holds: the base's, but for what was trained."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.torch
TRAINED = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")


def test_k13_only_the_language_model_is_adapted_and_quantised_and_all_else_is_kept(multimodal: Path, tmp_path: Path) -> None:
    """Of a model with a vision tower the adapter and NF4 touch the language model; all else is the base's, byte for byte."""
    import torch
    from peft import LoraConfig, get_peft_model
    from safetensors import safe_open

    from gpu_runner.model_folder.load import adapted_modules, load_quantised
    from gpu_runner.train.merge import merge, probe_logits

    model = load_quantised(multimodal)
    settings = LoraConfig(r=4, lora_alpha=8, target_modules=adapted_modules(model), task_type="CAUSAL_LM", init_lora_weights=False)
    model = get_peft_model(model, settings)
    model.save_pretrained(tmp_path / "adapter")
    touched = {name.split(".lora_A")[0] for name, _ in model.named_parameters() if ".lora_A" in name}
    assert len(touched) == 7
    assert all(".language_model." in name for name in touched)
    before = probe_logits(model, [[5, 20, 30]])
    merged = merge(multimodal, tmp_path / "adapter", tmp_path / "merged")
    assert float((before - probe_logits(merged, [[5, 20, 30]])).abs().max()) < 1e-4

    shards = sorted(multimodal.glob("model-*.safetensors"))
    assert len(shards) > 3
    changed = set()
    for shard in shards:
        with safe_open(shard, "pt") as base, safe_open(tmp_path / "merged" / shard.name, "pt") as ours:
            assert list(base.keys()) == list(ours.keys())
            changed |= {name for name in base.keys() if not same(torch, base.get_tensor(name), ours.get_tensor(name))}  # noqa: SIM118
    assert changed == {name for name in changed if name.startswith("language_model.") and name.split(".")[-2] in TRAINED}
    assert len(changed) == 7
    others = {path.relative_to(multimodal).as_posix() for path in multimodal.rglob("*") if path.is_file() and path not in shards}
    others -= {"consolidated.safetensors", "model.safetensors.index.json", f".part-{'0' * 32}"}
    kept = {"preprocessor_config.json", "tokenizer.model", "LICENSE", "sub/more.txt"}
    assert others >= kept | {"config.json", "tokenizer.json", "chat_template.jinja"}
    assert {name for name in others if (multimodal / name).read_bytes() != (tmp_path / "merged" / name).read_bytes()} == set()
    found = {path.relative_to(tmp_path / "merged").as_posix() for path in (tmp_path / "merged").rglob("*") if path.is_file()}
    assert found == others | {path.name for path in shards} | {"model.safetensors.index.json"}
    index = json.loads((tmp_path / "merged" / "model.safetensors.index.json").read_text(encoding="utf-8"))
    assert index["weight_map"] == json.loads((multimodal / "model.safetensors.index.json").read_text(encoding="utf-8"))["weight_map"]


def same(torch: Any, one: Any, other: Any) -> bool:
    """Whether two tensors are the same bytes."""
    return one.dtype == other.dtype and bool(torch.equal(one, other))


def test_k13_a_merged_folder_is_a_base_again(multimodal: Path, tmp_path: Path) -> None:
    """With weights in two precisions beside each other it loads, answers and is no faulty base."""
    from gpu_runner.evaluate.generate import Generator
    from gpu_runner.model_folder.load import load_quantised
    from gpu_runner.model_folder.merged_folder import write_merged
    from gpu_runner.versions.base_models import folder_fault

    base = load_quantised(multimodal)
    changed = {name for name, _ in base.named_modules() if name.split(".")[-1] in TRAINED and ".language_model." in name}
    write_merged(multimodal, base.dequantize(), changed, tmp_path / "merged")
    assert folder_fault(tmp_path / "merged") is None
    assert len(Generator(tmp_path / "merged").answer(["Who?", "Where?"], max_new_tokens=2)) == 2
