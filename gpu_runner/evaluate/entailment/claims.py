"""Claims judged by the rules, and by the models that are set; of each whose verdict it is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field, replace
from typing import Final

from gpu_runner.evaluate.entailment.endpoint import ChatEntailment, EndpointEmbeddings, client_of
from gpu_runner.evaluate.entailment.local import LocalEntailment
from gpu_runner.evaluate.entailment.protocol import Embeddings, Entailment, EntailmentVerdict, ModelFailed
from gpu_runner.evaluate.entailment.settings import GroundingSettings
from gpu_runner.text.grounding import ClaimVerdict, claims_of, judged, read_sources, signature
from gpu_runner.text.grounding.evidence import ReadSources
from gpu_runner.text.grounding.verdict import retrieved, span_of

# Sentences that a model is shown for a claim.
MOST_SENTENCES: Final = 8


@dataclass
class ClaimJudge(AbstractContextManager["ClaimJudge"]):
    """Judges claims one after another; `failures` counts what models did not reply, by reason."""

    entailment: Entailment | None = None
    embeddings: Embeddings | None = None
    failures: Counter[str] = field(default_factory=Counter)
    _open: ExitStack = field(default_factory=ExitStack)

    @classmethod
    def of(cls, settings: GroundingSettings) -> ClaimJudge:
        """With the models that are set; raises ModelFailed for settings that are not complete, and for a folder that holds no model."""
        if (trouble := settings.unsettled()) is not None:
            raise ModelFailed(trouble)
        found = cls()
        key = settings.grounding_api_key.get_secret_value() if settings.grounding_api_key else None
        timeout_s = settings.grounding_timeout_s
        if settings.grounding_entailment_path is not None:
            local = LocalEntailment(settings.grounding_entailment_path, timeout_s=timeout_s)
            found._open.callback(local.close)
            found.entailment = local
        if settings.grounding_entailment_url is not None:
            client = found._open.enter_context(client_of(settings.grounding_entailment_url, key=key, timeout_s=timeout_s))
            found.entailment = ChatEntailment(client, settings.grounding_entailment_model or "")
        if settings.grounding_embeddings_url is not None:
            client = found._open.enter_context(client_of(settings.grounding_embeddings_url, key=key, timeout_s=timeout_s))
            found.embeddings = EndpointEmbeddings(client, settings.grounding_embeddings_model or "")
        return found

    def __exit__(self, *_: object) -> None:
        self._open.close()

    @property
    def signature(self) -> str:
        """Who judges, for reports."""
        parts = [f"entailment: {self.entailment.name}" if self.entailment is not None else "no entailment model"]
        parts += [f"embeddings: {self.embeddings.name}"] if self.embeddings is not None else []
        return "; ".join((signature(), *parts))

    def verdict(self, claim: str, sources: Sequence[str], question: str | None = None) -> ClaimVerdict:
        """The verdict; a model's where one is set and replied, else the rules'."""
        read = read_sources(tuple(sources))
        by_rules = judged(claim, read, question)
        if self.entailment is None or not read.sentences or by_rules.supported is None:
            return self._with_nearest(by_rules, claim, read)
        asked = f"{question} {claim}" if question and len(claims_of(claim)) == 1 else None
        found: list[tuple[EntailmentVerdict, tuple[int, ...]]] = []
        try:
            for sentence in (asked,) if asked else claims_of(claim):
                places = self._premise(sentence, read)
                found.append((self.entailment.score([read.sentences[at].text for at in places], sentence), places))
        except ModelFailed as error:
            self.failures[f"entailment: {error}"] += 1
            return replace(by_rules, reasons=(*by_rules.reasons, f"by the rules, the model failed: {error}"))
        worst, places = min(found, key=lambda pair: _support(pair[0]))
        span = worst.evidence_span
        evidence = span_of(places[span], read) if span is not None else list(by_rules.evidence)
        reasons = (f"{worst.label} by the model, {worst.prob:.2f}", *(f"the rules: {reason}" for reason in by_rules.reasons))
        return ClaimVerdict(worst.label == "entailed", round(_support(worst), 4), tuple(evidence), reasons)

    def _premise(self, claim: str, read: ReadSources) -> tuple[int, ...]:
        """The sentences that the model is shown, in their order: the likest by embeddings where they are set, else by words."""
        ranked = self._likest(claim, read) or retrieved(claim, read)
        return tuple(sorted(ranked[:MOST_SENTENCES] or range(min(MOST_SENTENCES, len(read.sentences)))))

    def _likest(self, claim: str, read: ReadSources) -> list[int]:
        if self.embeddings is None:
            return []
        try:
            alike = self.embeddings.similarities(claim, [sentence.text for sentence in read.sentences])
        except ModelFailed as error:
            self.failures[f"embeddings: {error}"] += 1
            return []
        return sorted(range(len(alike)), key=lambda at: (-alike[at], at))

    def _with_nearest(self, verdict: ClaimVerdict, claim: str, read: ReadSources) -> ClaimVerdict:
        """Where only embeddings are set, they show the evidence; what is supported stays the rules' decision."""
        if self.embeddings is None or verdict.supported is None or not (likest := self._likest(claim, read)):
            return verdict
        nearest = [span for span in span_of(likest[0], read) if span not in verdict.evidence]
        return replace(verdict, evidence=(*verdict.evidence, *nearest))


def _support(verdict: EntailmentVerdict) -> float:
    """From 0 to 1, above 0.5 for what is entailed: of two labels the share, of more the sure ones farther out."""
    return 0.5 + verdict.prob / 2 if verdict.label == "entailed" else 0.5 - verdict.prob / 2
