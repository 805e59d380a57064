"""`python -m gpu_runner.evaluate.entailment.child FOLDER`: a model of entailment over its standard streams, a JSON line each way.

Asked {"premise": [sentences], "claim"}; replies {"label", "prob", "sentence"} or {"error"}. The first line says whether it was loaded. The
whole premise and each sentence of it are scored against the claim, in one batch: long premises are cut at the model's length.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from typing import Any, Final, TextIO

from gpu_runner.evaluate.entailment.protocol import Label

# By what a model's own label begins with, or holds: the first that does.
_NAMES: Final[tuple[tuple[str, Label], ...]] = (
    ("not_entail", "neutral"),
    ("entail", "entailed"),
    ("contradict", "contradicted"),
    ("neutral", "neutral"),
)


def labels_of(id2label: Mapping[int, str]) -> dict[int, Label]:
    """What each output of the model means; raises ValueError where none is entailment.

    >>> labels_of({0: "CONTRADICTION", 1: "NEUTRAL", 2: "ENTAILMENT"}), labels_of({0: "entailment", 1: "not_entailment"})
    ({0: 'contradicted', 1: 'neutral', 2: 'entailed'}, {0: 'entailed', 1: 'neutral'})
    """
    found = {int(number): next((label for part, label in _NAMES if part in name.lower()), None) for number, name in id2label.items()}
    if None in found.values() or "entailed" not in found.values():
        raise ValueError(f"labels {sorted(id2label.values())}: expected entailment, and neutral, contradiction or not_entailment")
    return {number: label for number, label in found.items() if label is not None}


class _Model:
    def __init__(self, folder: str) -> None:
        from transformers import AutoModelForSequenceClassification, AutoTokenizer

        self._tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
        self._model = AutoModelForSequenceClassification.from_pretrained(folder, local_files_only=True).eval()
        self._labels = labels_of(self._model.config.id2label)
        self._longest = min(self._tokenizer.model_max_length, getattr(self._model.config, "max_position_embeddings", 512) - 2)

    def reply(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        import torch

        premise, claim = list(asked["premise"]), str(asked["claim"])
        texts = [" ".join(premise), *premise]
        batch = self._tokenizer(
            texts, [claim] * len(texts), truncation="only_first", max_length=self._longest, padding=True, return_tensors="pt"
        )
        with torch.inference_mode():
            shares = self._model(**batch).logits.float().softmax(-1).tolist()
        entailed = next(number for number, label in self._labels.items() if label == "entailed")
        by_sentence = [row[entailed] for row in shares[1:]]
        best = max(range(len(premise)), key=lambda at: by_sentence[at], default=None)
        row = shares[0] if best is None or shares[0][entailed] >= by_sentence[best] else shares[best + 1]
        number = max(range(len(row)), key=lambda at: row[at])
        return {"label": self._labels[number], "prob": row[number], "sentence": best}


def serve(model: _Model, asked: TextIO, replies: TextIO) -> None:
    """Replies to each line until there are no more."""
    for line in asked:
        try:
            said = model.reply(json.loads(line))
        except Exception as error:
            said = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(said), file=replies, flush=True)


def main() -> None:
    """Loads, says so, and serves; whatever the libraries print goes to stderr."""
    replies = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    os.environ["HF_HUB_OFFLINE"] = "1"
    try:
        model = _Model(sys.argv[1])
    except Exception as error:
        print(json.dumps({"error": f"{type(error).__name__}: {error}"}), file=replies, flush=True)
        return
    print(json.dumps({"ready": True}), file=replies, flush=True)
    serve(model, sys.stdin, replies)


if __name__ == "__main__":
    main()
