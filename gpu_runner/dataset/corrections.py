"""From users' corrections to training rows and to the repair items that ask the same in wordings never trained on.

A rating without a correction says that an answer was bad, not what would be right: it is counted and gives no supervised row. A question
that was asked in a conversation is trained and asked in it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any

from gpu_runner.dataset.answers.votes import Camp, Vote, by_question, camps_of, earlier_supporters, spelling, vote_of
from gpu_runner.dataset.questions.in_context import asked_in_context, wording_in_context
from gpu_runner.dataset.questions.paraphrase import question_key, split_paraphrases
from gpu_runner.dataset.rows import EvaluationItem, Message, TrainingRow, row_id
from gpu_runner.dataset.served.conversation import ServedConversation
from gpu_runner.text.languages import Language
from gpu_runner.text.normalise import hi_lenient, mlqa
from schemas.holdout import normalise_group

RATING_ONLY = "rating_only"
RETRACTED = "retracted"
OLDER_REVISION = "older_revision"
UNUSABLE = "blank_query_or_correction"
SAYS_NOTHING = "correction_of_marks_or_articles_alone"
EQUALS_RESPONSE = "preferred_equals_response"
OUTVOTED = "conflicting_correction"
DUPLICATE = "same_correction_of_another_user"
LEFT_OUT = "left_out"
NEEDS_CONTEXT = "needs_context"
TIED = "tied"


@dataclass(frozen=True)
class Correction:
    """What users agreed is the right answer to one question; `sample_ids` are all samples that say so, its own first.

    `conversation` is how it was asked; None for a bare question. `supporting` are the places of its passages that say the same, `support`
    counts those who do: users, conversations, a passage. `rejected` is the answer that this one was preferred to, `response` the one
    that was corrected or liked less.
    """

    sample_id: str
    query: str
    answer: str
    language: Language
    group: str
    sample_ids: tuple[str, ...]
    conversation: ServedConversation | None = None
    supporting: tuple[int, ...] = ()
    support: int = 1
    rejected: str | None = None
    response: str | None = None

    @property
    def messages(self) -> tuple[Message, ...]:
        """The conversation as it was served; empty for a bare question."""
        return self.conversation.asking() if self.conversation is not None else ()

    @property
    def key(self) -> str:
        """Equal for all spellings of the question in its context."""
        return wording_in_context(self.query, self.messages)

    @property
    def asked(self) -> str:
        """Equal for all wordings of the question in its context."""
        return asked_in_context(self.query, self.messages)


@dataclass(frozen=True)
class Conflict:
    """Samples whose correction lost against another one of the same question."""

    sample_ids: tuple[str, ...]


@dataclass(frozen=True)
class Corrections:
    """The corrections to learn, by question, with what was left out and why (`dropped` counts samples by reason).

    `tied` are the samples of questions on which as many say one thing as another, for a person to look at; they are not in `dropped`.
    """

    accepted: tuple[Correction, ...]
    conflicts: tuple[Conflict, ...]
    dropped: Mapping[str, int]
    held_out: tuple[str, ...]
    tied: tuple[str, ...] = ()


def resolve_corrections(
    samples: Iterable[Mapping[str, Any]],
    *,
    sources: Mapping[str, str] | None = None,
    background: Iterable[str] = (),
    earlier: Mapping[str, Sequence[tuple[str, str]]] | None = None,
) -> Corrections:
    """One correction a question in its context, whatever the order of the samples.

    The highest revision of a sample counts. Where users disagree, the answer with most supporters wins, each user with the latest
    correction alone; equal support is no majority, and none of them trains. Of preferred answers, which do not deny each other, the latest
    wins then, but for one that the other side rejected. A correction counts before a preferred answer. A correction of which scoring leaves
    nothing (".", "The", a zero-width space) is refused: any empty answer would be as right. `held_out` are samples that stage 1 marked,
    `sources` the documents at hand by normalised group, `background` other known questions. `earlier` (`earlier_answers`) are those of
    former rounds: who gave the same then is one more supporter of what was agreed on.
    """
    dropped: Counter[str] = Counter()
    held_out: list[str] = []
    votes: list[Vote] = []
    for sample in _last_revisions(samples, dropped):
        if sample.get("retracted"):
            dropped[RETRACTED] += 1
        elif sample.get("quarantine"):
            held_out.append(str(sample["sample_id"]))
        elif (reason := _objection(sample)) is not None:
            dropped[reason] += 1
        elif (vote := vote_of(sample)) is None:
            dropped[UNUSABLE] += 1
        elif not mlqa(vote.answer, vote.language) or not hi_lenient(vote.answer):
            dropped[SAYS_NOTHING] += 1
        elif vote.rejected is not None and hi_lenient(vote.rejected) == vote.key:
            dropped[EQUALS_RESPONSE] += 1
        else:
            votes.append(vote)
    accepted: list[Correction] = []
    conflicts: list[Conflict] = []
    tied: list[str] = []
    for asked in by_question(votes, background):
        camps = camps_of(asked, sources or {})
        winner = _majority(camps)
        if winner is None:
            tied += [vote.sample_id for vote in asked]
            continue
        accepted.append(_correction(winner, len(winner.supporters | earlier_supporters(winner, earlier or {}))))
        dropped[DUPLICATE] += len(winner.votes) - 1
        if losers := sorted(vote.sample_id for camp in camps if camp is not winner for vote in camp.votes):
            conflicts.append(Conflict(tuple(losers)))
            dropped[OUTVOTED] += len(losers)
    accepted.sort(key=lambda correction: (question_key(correction.query), correction.key, correction.sample_id))
    conflicts.sort(key=lambda conflict: conflict.sample_ids)
    return Corrections(tuple(accepted), tuple(conflicts), dict(+dropped), tuple(sorted(held_out)), tuple(sorted(tied)))


def training_rows(correction: Correction, *, train: int, test: int) -> tuple[TrainingRow, ...]:
    """The query as it was asked, and its train wordings, each with the correction as the completion, in its conversation if it had one."""
    wordings: tuple[str, ...] = (correction.query,)
    conversation = correction.conversation
    if conversation is None or conversation.can_be_reworded:
        wordings, _ = split_paraphrases(correction.query, correction.language, train=train, test=test)
    return tuple(
        TrainingRow(
            id=row_id("correction", correction.sample_id, wording),
            prompt=wording,
            completion=correction.answer,
            language=correction.language,
            origin="correction",
            group=correction.group,
            sample_id=correction.sample_id,
            messages=() if conversation is None else conversation.asking(None if place == 0 else wording),
            rejected=correction.rejected,
        )
        for place, wording in enumerate(wordings)
    )


def repair_items(
    correction: Correction, *, train: int, test: int, trained: AbstractSet[str], sources: Mapping[str, str]
) -> tuple[EvaluationItem, ...]:
    """The correction asked in its conversation, in test wordings of the last turn that no training row has.

    `sources` maps a group to its text, `trained` are the wordings of rows in context. Nothing for a conversation in
    whose last turn the question was not found.
    """
    conversation = correction.conversation
    if conversation is not None and not conversation.can_be_reworded:
        return ()
    _, wordings = split_paraphrases(correction.query, correction.language, train=train, test=test + 3)
    messages = correction.messages
    free = [wording for wording in wordings if wording_in_context(wording, messages) not in trained][:test]
    served = "\n\n".join(passage.text for passage in conversation.passages) if conversation is not None else ""
    return tuple(
        EvaluationItem(
            id=row_id("repair", correction.key, wording),
            set="repair",
            question=wording,
            answers=(correction.answer,),
            language=correction.language,
            group=correction.group,
            source=served or sources.get(normalise_group(correction.group)),
            sample_id=correction.sample_id,
            messages=() if conversation is None else conversation.asking(wording),
            rejected=correction.response,
        )
        for wording in free
    )


def _objection(sample: Mapping[str, Any]) -> str | None:
    """Why a sample has no answer to learn; None where it has one."""
    left_out, preferred = sample.get("left_out"), sample.get("preferred")
    if left_out is not None and (preferred is None or left_out == NEEDS_CONTEXT):
        return f"{LEFT_OUT}_{left_out}"
    return RATING_ONLY if sample.get("correction") is None and preferred is None else None


def _last_revisions(samples: Iterable[Mapping[str, Any]], dropped: Counter[str]) -> list[Mapping[str, Any]]:
    newest: dict[str, Mapping[str, Any]] = {}
    for sample in samples:
        sample_id = str(sample["sample_id"])
        other = newest.get(sample_id)
        if other is not None:
            dropped[OLDER_REVISION] += 1
        if other is None or _order(sample) >= _order(other):
            newest[sample_id] = sample
    return [newest[sample_id] for sample_id in sorted(newest)]


def _order(sample: Mapping[str, Any]) -> tuple[int, str, str]:
    """By what of two revisions of a sample the later one is later: stage 1's order. Without the Z a fraction comes behind its second."""
    return int(sample.get("revision") or 0), str(sample.get("occurred_at") or "").rstrip("Z"), str(sample.get("content") or "")


def _majority(camps: Sequence[Camp]) -> Camp | None:
    """The camp with the most supporters; None where two have as many and neither gives way."""
    said = [camp for camp in camps if any(vote.rejected is None for vote in camp.votes)] or camps
    most = len(said[0].supporters)
    first = [camp for camp in said if len(camp.supporters) == most]
    if len(first) == 1:
        return first[0]
    if said is not camps or any(vote.rejected is None for vote in first[0].votes):
        return None
    latest = max(first, key=lambda camp: (camp.latest, camp.votes[0].sample_id))
    keys = {vote.key for vote in latest.votes}
    denied = {hi_lenient(vote.rejected or "") for camp in first if camp is not latest for vote in camp.votes}
    return None if keys & denied else latest


def _correction(camp: Camp, support: int) -> Correction:
    chosen = spelling(camp)
    ids = (chosen.sample_id, *(vote.sample_id for vote in camp.votes if vote is not chosen))
    return Correction(
        chosen.sample_id, chosen.query, chosen.answer, chosen.language, chosen.group, ids,
        conversation=chosen.conversation, supporting=chosen.supporting, support=support, rejected=chosen.rejected,
        response=chosen.response,
    )  # fmt: skip
