"""`python -m gpu_runner.tiny_llama --out DIR [--seed 0] [--reading]`: the base model and the files a project starts from, cached.

`DIR/model` is the model folder; beside it lie `documents.jsonl`, `new_documents.jsonl`, `evaluation.jsonl`,
`replay.jsonl` and `stamp.json`. The folder appears whole or not at all.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path

from gpu_runner.tiny_llama.reading import DO_NOT_KNOW
from runtime.artifacts.content_hash import folder_sha256

HERE = Path(__file__).parent
STAMP = "stamp.json"
THREADS = 2
"""Always two, on any machine: another number sums in another order and gives other weights."""


def inputs_sha256(seed: int, *, reading: bool = False) -> str:
    """The hash of all that decides the weights: corpus, code of this package and of the reworder, seed and the libraries' versions.

    `reading`: whether it was taught to read passages too.
    """
    from importlib.metadata import version

    libraries = {name: version(name) for name in ("torch", "transformers", "tokenizers")}
    sources = [
        *sorted(HERE.glob("*.py")),
        *([HERE.parent / "dataset" / "conversation.py"] if reading else []),
        HERE.parent / "dataset" / "questions" / "paraphrase.py",
        HERE.parent / "dataset" / "questions" / "phrases.py",
    ]
    code = {path.name: path.read_text(encoding="utf-8") for path in sources}
    corpus = {path.name: path.read_text(encoding="utf-8") for path in sorted((HERE / "corpus").glob("*.jsonl"))}
    return hashlib.sha256(
        json.dumps([seed, DO_NOT_KNOW if reading else None, libraries, code, corpus], sort_keys=True).encode()
    ).hexdigest()


def is_current(out: Path, seed: int, *, reading: bool = False) -> bool:
    """Whether `out` holds the model of these inputs, byte for byte as it was written."""
    try:
        stamp = json.loads((out / STAMP).read_text(encoding="utf-8"))
        return bool(
            stamp["inputs_sha256"] == inputs_sha256(seed, reading=reading) and stamp["model_sha256"] == folder_sha256(out / "model")
        )
    except (OSError, ValueError, KeyError):
        return False


def make(out: Path, seed: int, *, reading: bool = False) -> dict[str, object]:
    """Trains and puts everything in place by one rename; an older folder at `out` that this command wrote is replaced.

    Raises FileExistsError where `out` exists and was not written by this command.
    """
    import torch

    from gpu_runner.tiny_llama.bootstrap_files import write_bootstrap_files
    from gpu_runner.tiny_llama.lessons import READING
    from gpu_runner.tiny_llama.make import make_model

    if out.exists() and any(out.iterdir()) and not (out / STAMP).is_file():
        raise FileExistsError(f"{out} is not empty and holds no {STAMP}: choose an empty folder for --out")
    out.parent.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(THREADS)
    work = Path(tempfile.mkdtemp(prefix=f".{out.name}-", dir=out.parent))
    try:
        scores = make_model(work / "model", seed, reading=READING if reading else ())
        write_bootstrap_files(work, reading=reading)
        stamp = {
            "inputs_sha256": inputs_sha256(seed, reading=reading), "model_sha256": folder_sha256(work / "model"), "exact_match": scores,
            "seed": seed,
        }  # fmt: skip
        (work / STAMP).write_text(json.dumps(stamp, indent=1) + "\n", encoding="utf-8")
        work.chmod(0o755)  # mkdtemp gave 0700, which a service of another user could not read
        if out.exists():
            old = out.with_name(f".{out.name}-old-{os.getpid()}")
            out.rename(old)
            work.rename(out)
            shutil.rmtree(old)
        else:
            work.rename(out)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return stamp


def main(arguments: list[str] | None = None) -> int:
    """Prints one JSON line: path, hash, exact match, whether it was cached, seconds."""
    parser = argparse.ArgumentParser(prog="python -m gpu_runner.tiny_llama", description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="folder to create")
    parser.add_argument("--seed", type=int, default=0, help="decides the weights (default 0)")
    parser.add_argument("--reading", action="store_true", help="taught to answer from passages too: some twenty minutes of processor time")
    chosen = parser.parse_args(arguments)
    began = time.monotonic()
    cached = is_current(chosen.out, chosen.seed, reading=chosen.reading)
    if not cached:
        os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
        os.environ.setdefault("HF_HUB_OFFLINE", "1")
        os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    try:
        stamp = (
            json.loads((chosen.out / STAMP).read_text(encoding="utf-8"))
            if cached
            else make(chosen.out, chosen.seed, reading=chosen.reading)
        )
    except FileExistsError as error:
        print(str(error), file=sys.stderr)
        return 2
    print(json.dumps({"model": str(chosen.out / "model"), **stamp, "cached": cached, "seconds": round(time.monotonic() - began, 1)}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
