"""Which script and language a text is in, what is wrong with the letters of its words, and whether its words are damaged."""

from __future__ import annotations

from gpu_runner.text.script.answers import (
    LEAST_HINDI_SHARE,
    LONG_ANSWER_LETTERS,
    ScriptReport,
    devanagari_share,
    dominant_script,
    examine,
    script_of,
    violates_script,
)
from gpu_runner.text.script.checked import CheckedText, check_text
from gpu_runner.text.script.lexical import LexicalModel, LexicalReport
from gpu_runner.text.script.structure import STRUCTURAL_KINDS, StructuralFault, structural_faults

__all__ = [
    "LEAST_HINDI_SHARE",
    "LONG_ANSWER_LETTERS",
    "STRUCTURAL_KINDS",
    "CheckedText",
    "LexicalModel",
    "LexicalReport",
    "ScriptReport",
    "StructuralFault",
    "check_text",
    "devanagari_share",
    "dominant_script",
    "examine",
    "script_of",
    "structural_faults",
    "violates_script",
]
