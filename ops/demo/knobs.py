"""The demo's training knobs: the seed's defaults suit an 8 B model, a model of a few million weights needs other ones.

They were found by sweeps on the demo's own material; docs/log.md has the numbers, docs/adr/0012 the adapter's scale.
"""

from __future__ import annotations

from typing import Final

TRAINING: Final = {
    "TRAINING_LORA_RANK": "32",
    "TRAINING_LORA_ALPHA": "64",
    "TRAINING_LEARNING_RATE": "2e-3",
    "TRAINING_EPOCHS": "5",
    "TRAINING_BATCH_SIZE": "4",
    "TRAINING_MAX_SEQ_LENGTH": "128",
    "TRAINING_REPLAY_SHARE": "0.6",
    "TRAINING_ADAPTER_SCALE": "0.8",
}

# XQuAD's questions and answers are long in the tiny model's tokens, and in words that it never saw: more passes, a larger rank.
SQUAD_TRAINING: Final = TRAINING | {
    "TRAINING_LORA_RANK": "64",
    "TRAINING_EPOCHS": "20",
    "TRAINING_BATCH_SIZE": "1",
    "TRAINING_MAX_SEQ_LENGTH": "512",
    "EVALUATION_MAX_NEW_TOKENS": "96",
}
