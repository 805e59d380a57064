"""All checks of one text together: its script and language, faults of its words, evidence of damage."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from gpu_runner.text.script.answers import ScriptReport, dominant_script, examine, violates_script
from gpu_runner.text.script.base_words import base_model
from gpu_runner.text.script.letters import folded, placed_words
from gpu_runner.text.script.lexical import LexicalModel, LexicalReport
from gpu_runner.text.script.slipped import slipped_signs
from gpu_runner.text.script.structure import StructuralFault, structural_faults

# The languages that there is a vocabulary of.
LEXICAL_LANGUAGES = ("hi",)


@dataclass(frozen=True)
class CheckedText:
    """What was found in one text; `lexical` is None where no vocabulary is for it, `wrong_script` where it has no letters."""

    report: ScriptReport
    wrong_script: bool | None
    faults: tuple[StructuralFault, ...]
    lexical: LexicalReport | None


def check_text(
    text: str,
    language: str,
    *,
    references: Sequence[str] = (),
    known: Collection[str] = (),
    model: LexicalModel | None = None,
    suspects: bool = False,
) -> CheckedText:
    """Every check of a text that should be in `language`; what stands in a reference or among the `known` texts is no fault.

    Damage and slipped signs are looked for in Hindi alone: a text in Latin letters, in Marathi or in Nepali is reported as such and not as
    damaged.
    """
    report = examine(text)
    lexical = None
    faults = structural_faults(text)
    right = {word.word for given in (*references, *known) for word in placed_words(given)}
    if language in LEXICAL_LANGUAGES and report.other_language is None and dominant_script(text) == "devanagari":
        model, meant = model or base_model(), frozenset(map(folded, right))
        lexical = model.report(text, known=meant, suspects=suspects)
        faults = tuple(sorted((*faults, *slipped_signs(text, model, known=meant)), key=lambda fault: fault.start))
    return CheckedText(
        report=report,
        wrong_script=violates_script(text, references, language, report=report),
        faults=tuple(fault for fault in faults if fault.word not in right),
        lexical=lexical,
    )
