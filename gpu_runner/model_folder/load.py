"""Models and tokenizers from a folder, and what keeps one from being loaded, by the file's name."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import torch
from safetensors import safe_open
from transformers import AutoConfig, AutoTokenizer, BitsAndBytesConfig
from transformers.models.auto.modeling_auto import AutoModelForCausalLM

from gpu_runner.model_folder.memory import is_out_of_memory
from gpu_runner.model_folder.weight_files import ModelFault, loaded_files, weights_fault

ALL_LINEAR: Final = "all-linear"


def compute_dtype() -> torch.dtype:
    """bf16 where there is a GPU, else fp32: on a CPU bf16 is slower and loses small updates."""
    return torch.bfloat16 if torch.cuda.is_available() else torch.float32


def load_tokenizer(folder: Path, **arguments: Any) -> Any:
    """The tokenizer, with a chat template and a token to pad with. Raises ModelFault."""
    try:
        tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True, **arguments)
    except Exception as error:  # of the tokenizers library, transformers, json and the file system; each means the same
        raise ModelFault(
            f"{folder} has no tokenizer that can be loaded ({type(error).__name__}: {error}): expected tokenizer.json and "
            "tokenizer_config.json as the model was published with"
        ) from error
    if tokenizer.chat_template is None:
        raise ModelFault(f"{folder} has no chat template: add chat_template.jinja, questions can't be asked without it")
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token = tokenizer.eos_token
    return tokenizer


def load_model(folder: Path, **arguments: Any) -> Any:
    """The causal language model in the folder, every weight from its files. Raises ModelFault, and what out of memory raises."""
    fault = weights_fault(folder)
    if fault is not None:
        raise ModelFault(f"{folder}: {fault}")
    try:
        model, found = AutoModelForCausalLM.from_pretrained(folder, local_files_only=True, output_loading_info=True, **arguments)
    except Exception as error:  # of safetensors, pickle, torch and transformers; each means the same
        if is_out_of_memory(error):
            raise
        raise ModelFault(
            f"{folder} can't be loaded as a causal language model ({type(error).__name__}: {str(error)[:500]}): expected config.json "
            "and whole weights that fit it, fetch them again"
        ) from error
    lacking = sorted(found["missing_keys"])
    if lacking:
        raise ModelFault(
            f"{folder}: its weights lack {len(lacking)} tensors that config.json asks for, {lacking[0]} among them: fetch the weights again"
        )
    return model


def load_quantised(folder: Path) -> Any:
    """The base, its language model in NF4 with double quantisation; other parts (vision, sound) as they are. Raises ModelFault."""
    quantisation = BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=compute_dtype(),
        llm_int8_skip_modules=_kept_whole(folder),
    )
    device = 0 if torch.cuda.is_available() else "cpu"
    return load_model(folder, quantization_config=quantisation, dtype=compute_dtype(), device_map={"": device})


def adapted_modules(model: Any) -> str | list[str]:
    """What LoRA adapts: every linear layer of a language model; of a model with other parts, the linear layers of its language model."""
    if model.config.get_text_config() is model.config:
        return ALL_LINEAR
    inside = f"{_language_model(model)}."
    return [name for name, module in model.named_modules() if name.startswith(inside) and isinstance(module, torch.nn.Linear)]


def non_finite_weight(folder: Path) -> str | None:
    """The first tensor of the folder's weights that holds NaN or infinity, with its file; None where all are numbers. Reads all of them."""
    for name in loaded_files(folder):
        with safe_open(folder / name, framework="pt") as file:
            for key in file.keys():  # noqa: SIM118  no mapping
                tensor = file.get_tensor(key)
                if tensor.is_floating_point() and not bool(torch.isfinite(tensor.float()).all()):
                    return f"tensor {key} in {name}"
    return None


def require_finite(folder: Path, logits: torch.Tensor) -> None:
    """Raises ModelFault where a model's logits are no numbers, naming the weights at fault where some are."""
    if bool(torch.isfinite(logits).all()):
        return
    found = non_finite_weight(folder)
    told = f"{found} holds NaN or infinity" if found else "its answers are NaN or infinite although its weights are not"
    raise ModelFault(f"{folder}: {told}: expected finite weights, fetch or train them again")


def _kept_whole(folder: Path) -> list[str] | None:
    """The parts outside the language model, of a model that has such parts: the topmost modules that hold linear layers."""
    try:
        config = AutoConfig.from_pretrained(folder, local_files_only=True)
        if config.get_text_config() is config:
            return None
        with torch.device("meta"):
            skeleton = AutoModelForCausalLM.from_config(config)
    except Exception as error:  # as in load_model
        raise ModelFault(
            f"{folder / 'config.json'} can't be read as a causal language model's ({type(error).__name__}: {error})"
        ) from error
    inside = f"{_language_model(skeleton)}."
    chosen: list[str] = []
    for name, module in skeleton.named_modules():
        if not name or inside.startswith(f"{name}.") or name.startswith((inside, *(f"{part}." for part in chosen))):
            continue
        if any(isinstance(part, torch.nn.Linear) for part in module.modules()):
            chosen.append(name)
    return chosen


def _language_model(model: Any) -> str:
    """The name of the module that is the language model of a model with other parts beside it."""
    decoder = model.get_decoder()
    name = next((name for name, module in model.named_modules() if module is decoder), "")
    if not name:
        raise ModelFault(f"a {type(model).__name__} does not say which of its parts is the language model: it can't be trained here")
    return name
