"""Model names: what people call a model, and the one slug that it has everywhere."""

from __future__ import annotations

import doctest
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

import schemas.model_name
from gpu_runner.versions.base_models import slug_of
from schemas.model_name import model_slug

SLUG = re.compile(r"[a-z0-9][a-z0-9._-]{0,99}")


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("llama3.1:8b", "llama3.1-8b"),
        ("openai/gpt-4o", "gpt-4o"),
        ("GPT-4o", "gpt-4o"),
        ("meta-llama/Llama-3.1-8B-Instruct", "llama-3.1-8b-instruct"),
        ("meta-llama/Llama-3.1-8B-Instruct@" + "0" * 40, "llama-3.1-8b-instruct"),
        ("mistralai/Mistral-Nemo-Instruct-2407-AWQ", "mistral-nemo-instruct-awq"),
        ("hf.co/bartowski/Llama-3.2-1B-Instruct-GGUF:Q4_K_M", "llama-3.2-1b-instruct-gguf-q4_k_m"),
        ("anthropic.claude-3-5-sonnet-20241022-v2:0", "anthropic.claude-3-5-sonnet-20241022-v2-0"),
        ("/models/My Model/", "my-model"),
        (" मंत्रालय Llama 3 ", "llama-3"),
    ],
)
def test_k6_names_that_people_have_are_mapped_to_slugs(name: str, slug: str) -> None:
    """Tags, organisations, mixed case, folders, spaces and other scripts; the runner calls its bases by the same rule."""
    assert model_slug(name) == slug
    assert slug_of(name) == slug


@pytest.mark.parametrize("name", ["", " ", "/", "नदी", "---", "a" * 101, "x" * 301, "a\nb", "a\x00b", "../.."])
def test_a_name_of_which_nothing_is_left_is_refused(name: str) -> None:
    """Nothing stands in for a name: two models without one would be the same."""
    with pytest.raises(ValueError, match="expected a model's name"):
        model_slug(name)


@given(st.text(max_size=120) | st.from_regex(SLUG, fullmatch=True))
def test_a_slug_is_a_slug_and_its_own(name: str) -> None:
    """Whatever comes gives a slug or ValueError, mapping twice changes nothing, and what was a name before still is that name."""
    try:
        slug = model_slug(name)
    except ValueError:
        assert not SLUG.fullmatch(name)
        return
    assert SLUG.fullmatch(slug)
    assert model_slug(slug) == slug
    assert slug == name or not SLUG.fullmatch(name)


def test_the_examples_of_the_docstrings_hold() -> None:
    """What the module's docstrings show is what it does."""
    found = doctest.testmod(schemas.model_name)
    assert (found.failed, found.attempted > 0) == (0, True)
