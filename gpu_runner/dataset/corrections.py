"""From users' corrections to training rows and to the repair items that ask the same in wordings never trained on.

A rating without a correction says that an answer was bad, not what would be right: it is counted and gives no supervised row.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any

from gpu_runner.dataset.questions.paraphrase import question_key, split_paraphrases
from gpu_runner.dataset.rows import EvaluationItem, TrainingRow, guess_language, row_id
from gpu_runner.text.languages import LANGUAGES, Language
from gpu_runner.text.normalise import hi_lenient, mlqa
from schemas.holdout import normalise_group

RATING_ONLY = "rating_only"
RETRACTED = "retracted"
OLDER_REVISION = "older_revision"
UNUSABLE = "blank_query_or_correction"
SAYS_NOTHING = "correction_of_marks_or_articles_alone"
OUTVOTED = "conflicting_correction"
DUPLICATE = "same_correction_of_another_user"


@dataclass(frozen=True)
class Correction:
    """What users agreed is the right answer to one question; `sample_ids` are all samples that say so, its own first."""

    sample_id: str
    query: str
    answer: str
    language: Language
    group: str
    sample_ids: tuple[str, ...]

    @property
    def key(self) -> str:
        """Equal for all spellings of the question."""
        return question_key(self.query)


@dataclass(frozen=True)
class Conflict:
    """Samples whose correction lost against another one of the same question."""

    sample_ids: tuple[str, ...]


@dataclass(frozen=True)
class Corrections:
    """The corrections to learn, by question, with what was left out and why (`dropped` counts samples by reason)."""

    accepted: tuple[Correction, ...]
    conflicts: tuple[Conflict, ...]
    dropped: Mapping[str, int]
    held_out: tuple[str, ...]


@dataclass(frozen=True)
class _Vote:
    sample_id: str
    query: str
    answer: str
    language: Language
    group: str
    user: str
    when: tuple[str, int]


def resolve_corrections(samples: Iterable[Mapping[str, Any]]) -> Corrections:
    """One correction a question, whatever the order of the samples.

    The highest revision of a sample counts. Where users disagree, the answer that most users gave wins, each user with the latest
    correction alone; a tie goes to the answer given latest, then to the smaller sample id. A correction of which scoring leaves nothing
    (".", "The", a zero-width space) is refused: any empty answer would be as right. `held_out` are samples that stage 1 marked.
    """
    dropped: Counter[str] = Counter()
    held_out: list[str] = []
    votes: dict[str, list[_Vote]] = defaultdict(list)
    for sample in _last_revisions(samples, dropped):
        if sample.get("retracted"):
            dropped[RETRACTED] += 1
        elif sample.get("quarantine"):
            held_out.append(str(sample["sample_id"]))
        elif sample.get("correction") is None:
            dropped[RATING_ONLY] += 1
        elif (vote := _vote(sample)) is None:
            dropped[UNUSABLE] += 1
        elif not mlqa(vote.answer, vote.language) or not hi_lenient(vote.answer):
            dropped[SAYS_NOTHING] += 1
        else:
            votes[question_key(vote.query)].append(vote)
    accepted: list[Correction] = []
    conflicts: list[Conflict] = []
    for key in sorted(votes):
        winner, losers = _majority(votes[key])
        accepted.append(winner)
        dropped[DUPLICATE] += len(winner.sample_ids) - 1
        if losers:
            conflicts.append(Conflict(losers))
            dropped[OUTVOTED] += len(losers)
    return Corrections(tuple(accepted), tuple(conflicts), dict(+dropped), tuple(sorted(held_out)))


def training_rows(correction: Correction, *, train: int, test: int) -> tuple[TrainingRow, ...]:
    """The query as it was asked, and its train wordings, each with the correction as the completion."""
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
        )
        for wording in wordings
    )


def repair_items(
    correction: Correction, *, train: int, test: int, trained: AbstractSet[str], sources: Mapping[str, str]
) -> tuple[EvaluationItem, ...]:
    """The correction asked in test wordings whose key is in no training row (`trained`); `sources` maps a group to its text."""
    _, wordings = split_paraphrases(correction.query, correction.language, train=train, test=test + 3)
    free = [wording for wording in wordings if question_key(wording) not in trained][:test]
    return tuple(
        EvaluationItem(
            id=row_id("repair", correction.key, wording),
            set="repair",
            question=wording,
            answers=(correction.answer,),
            language=correction.language,
            group=correction.group,
            source=sources.get(normalise_group(correction.group)),
            sample_id=correction.sample_id,
        )
        for wording in free
    )


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


def _vote(sample: Mapping[str, Any]) -> _Vote | None:
    query = " ".join(str(sample.get("query") or "").split())
    answer = str(sample["correction"]).strip()
    if not question_key(query) or not answer:
        return None
    tag = str(sample.get("language") or "").split("-")[0]
    language = tag if tag in LANGUAGES else guess_language(query)
    group = str(sample.get("group") or normalise_group(query))
    sample_id = str(sample["sample_id"])
    when = (str(sample.get("occurred_at") or ""), int(sample.get("revision") or 0))
    return _Vote(sample_id, query, answer, language, group, str(sample.get("user_hash") or sample_id), when)


def _majority(votes: Sequence[_Vote]) -> tuple[Correction, tuple[str, ...]]:
    """The winning correction of one question, and the ids of the samples that said otherwise."""
    latest_of_user: dict[str, _Vote] = {}
    for vote in sorted(votes, key=lambda vote: (vote.when, vote.sample_id)):
        latest_of_user[vote.user] = vote
    camps: dict[str, list[_Vote]] = defaultdict(list)
    for vote in latest_of_user.values():
        camps[hi_lenient(vote.answer)].append(vote)
    latest = {answer: max(vote.when for vote in camp) for answer, camp in camps.items()}
    first = {answer: min(vote.sample_id for vote in camp) for answer, camp in camps.items()}
    order = sorted(camps, key=lambda answer: first[answer])
    order.sort(key=lambda answer: (len(camps[answer]), latest[answer]), reverse=True)
    won = sorted((vote for vote in votes if hi_lenient(vote.answer) == order[0]), key=lambda vote: vote.sample_id)
    spelling = min(Counter(vote.answer for vote in won).items(), key=lambda item: (-item[1], item[0]))[0]
    # Query and answer come from one sample, so that taking it back takes back all of its text.
    chosen = next(vote for vote in won if vote.answer == spelling)
    ids = (chosen.sample_id, *(vote.sample_id for vote in won if vote is not chosen))
    correction = Correction(chosen.sample_id, chosen.query, spelling, chosen.language, chosen.group, ids)
    return correction, tuple(sorted(vote.sample_id for vote in votes if hi_lenient(vote.answer) != order[0]))
