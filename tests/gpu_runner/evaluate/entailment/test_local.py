"""A model of entailment from a local folder, in its child process."""

from __future__ import annotations

from pathlib import Path

import pytest

from gpu_runner.evaluate.entailment.local import LocalEntailment
from gpu_runner.evaluate.entailment.protocol import LABELS, ModelFailed
from runtime.artifacts.content_hash import folder_sha256

pytestmark = pytest.mark.process

WORDS = ("the", "fort", "is", "red", "old", ".", "[UNK]", "[PAD]", "[CLS]", "[SEP]")


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A classifier of random weights that knows ten words: what it says is chance, that it says it is not."""
    from tokenizers import Tokenizer
    from tokenizers.models import WordLevel
    from tokenizers.pre_tokenizers import Whitespace
    from transformers import BertConfig, BertForSequenceClassification, PreTrainedTokenizerFast

    folder = tmp_path_factory.mktemp("nli") / "tiny-nli"
    words = Tokenizer(WordLevel({word: number for number, word in enumerate(WORDS)}, unk_token="[UNK]"))
    words.pre_tokenizer = Whitespace()
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=words, unk_token="[UNK]", pad_token="[PAD]", model_max_length=64)
    tokenizer.save_pretrained(folder)
    config = BertConfig(
        vocab_size=len(WORDS), hidden_size=8, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16,
        id2label={0: "entailment", 1: "neutral", 2: "contradiction"}, label2id={"entailment": 0, "neutral": 1, "contradiction": 2},
    )  # fmt: skip
    BertForSequenceClassification(config).save_pretrained(folder)
    return folder


def test_a_local_model_judges_in_its_child(model: Path) -> None:
    """The same claim has the same verdict, also after its process was ended; its name has the folder's hash."""
    local = LocalEntailment(model, timeout_s=60)
    try:
        first = local.score(["the fort is red .", "the fort is old ."], "the fort is old")
        assert first.label in LABELS
        assert 1 / 3 <= first.prob <= 1
        assert first.evidence_span in (0, 1)
        local.close()
        assert local.score(["the fort is red .", "the fort is old ."], "the fort is old") == first
        assert local.name == f"tiny-nli {folder_sha256(model)[:12]}"
    finally:
        local.close()


def test_a_folder_that_cannot_be_loaded_says_why(tmp_path: Path) -> None:
    """The child's error is the failure's text."""
    (tmp_path / "config.json").write_text("{}", encoding="utf-8")
    local = LocalEntailment(tmp_path, timeout_s=60)
    with pytest.raises(ModelFailed, match="Error"):
        local.score(["x"], "x")
