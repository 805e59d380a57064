"""The development data of these tests: XQuAD beside the checkout, or a skip that says where it was looked for."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from gpu_runner.dataset.formats.squad import SquadParagraph, load_squad

XQUAD = Path(__file__).parents[4] / "shared" / "data" / "xquad"


@pytest.fixture
def xquad() -> Callable[[str], tuple[SquadParagraph, ...]]:
    """All paragraphs of one language of XQuAD."""

    def paragraphs(language: str) -> tuple[SquadParagraph, ...]:
        path = XQUAD / f"xquad.{language}.json"
        if not path.is_file():
            pytest.skip(f"no development data: {path} does not exist")
        return load_squad(path).paragraphs

    return paragraphs
