"""The tokenizer loses nothing, whatever the script."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gpu_runner.tiny_llama.facts import load_facts
from gpu_runner.tiny_llama.tokenizer import ASSISTANT, END, PAD, USER, train_tokenizer

XQUAD = Path(__file__).parents[4] / "shared" / "data" / "xquad"
TOKENIZER: Any = train_tokenizer((wording for fact in load_facts()[::4] for wording in fact.wordings), 1024)


@given(st.text().filter(lambda text: not any(name in text for name in (PAD, USER, ASSISTANT, END))))
def test_any_text_comes_back_unchanged(text: str) -> None:
    """Encode and decode are inverse for every Unicode text without special tokens' names."""
    assert TOKENIZER.decode(TOKENIZER.encode(text).ids) == text


@pytest.mark.parametrize("language", ["hi", "en"])
def test_xquad_comes_back_unchanged(language: str) -> None:
    """Every question and answer of XQuAD round-trips."""
    path = XQUAD / f"xquad.{language}.json"
    if not path.is_file():
        pytest.skip(f"{path} is not there: XQuAD is development data beside the repository")
    articles = json.loads(path.read_text(encoding="utf-8"))["data"]
    asked = [qa for article in articles for paragraph in article["paragraphs"] for qa in paragraph["qas"]]
    texts = [text for qa in asked for text in (qa["question"], qa["answers"][0]["text"])]
    assert all(TOKENIZER.decode(encoding.ids) == text for encoding, text in zip(TOKENIZER.encode_batch(texts), texts, strict=True))


def test_numbers_are_cut_at_four_digits_and_vowel_signs_stay_with_their_word() -> None:
    """A long number is split into runs of at most four digits; no Devanagari word is split at a vowel sign before merging."""
    assert [piece for piece, _ in TOKENIZER.pre_tokenizer.pre_tokenize_str("1234567")] == ["1234", "567"]
    pieces = [piece for piece, _ in TOKENIZER.pre_tokenizer.pre_tokenize_str("क़लम की पांडुलिपियाँ")]
    assert len(pieces) == 3
