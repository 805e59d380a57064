"""The versions of the rules that are ours, stored with each evaluation: figures of two versions are not comparable."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from gpu_runner.evaluate import exact_match
from gpu_runner.evaluate.long_answers.score_long import VERSION
from gpu_runner.text import grounding
from gpu_runner.text.script import base_words

_LONG: Final = f"long:{VERSION}"
_GROUNDING: Final = grounding.signature()
_WORDS: Final = base_words.signature()
SIGNATURES: Final[Mapping[str, str]] = {
    **exact_match.SIGNATURES,
    "fixed": f"short:{exact_match.SIGNATURES['em_guarded']}|{_LONG}",
    "fact_recall": _LONG,
    "contradiction_rate": _LONG,
    "hallucination_rate": _GROUNDING,
    "hallucination_coverage": _GROUNDING,
    "structural_fault_rate": _WORDS,
    "lexical_suspect_rate": _WORDS,
}
