"""Whether the sources say what an answer says, claim by claim, in Hindi and English; rules and fitted weights, no model."""

from gpu_runner.text.grounding.answers import Grounding, HallucinationRate, ground, hallucination_rate
from gpu_runner.text.grounding.evidence import ReadSources, read_sources
from gpu_runner.text.grounding.rules import FUNCTION_WORDS, Source, capitalised, content_words, denies, supported
from gpu_runner.text.grounding.verdict import ClaimVerdict, EvidenceSpan, claims_of, judged
from gpu_runner.text.grounding.weights import signature

__all__ = [
    "FUNCTION_WORDS",
    "ClaimVerdict",
    "EvidenceSpan",
    "Grounding",
    "HallucinationRate",
    "ReadSources",
    "Source",
    "capitalised",
    "claims_of",
    "content_words",
    "denies",
    "ground",
    "hallucination_rate",
    "judged",
    "read_sources",
    "signature",
    "supported",
]
