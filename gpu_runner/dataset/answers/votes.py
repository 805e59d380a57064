"""What users say the answers are: one vote a sample, gathered by question in context and by answer, each with those who support it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from gpu_runner.dataset.near_duplicates import NearDuplicates
from gpu_runner.dataset.questions.in_context import asked_in_context, context_of
from gpu_runner.dataset.questions.meaning import kinds_agree
from gpu_runner.dataset.questions.paraphrase import question_key
from gpu_runner.dataset.rows import TrainingRow, guess_language
from gpu_runner.dataset.served.conversation import ServedConversation, served_conversation
from gpu_runner.dataset.served.support import adds_nothing_to, supporting
from gpu_runner.text.grounding import FUNCTION_WORDS
from gpu_runner.text.languages import Language, primary_language
from gpu_runner.text.normalise import hi_lenient
from schemas.holdout import normalise_group

# Those who gave neither a user nor a conversation can't be told apart: together they are one supporter.
ANONYMOUS: Final = "anonymous"
PASSAGE: Final = "passage"


@dataclass(frozen=True)
class Vote:
    """One sample's answer to one question; `rejected` is the answer that the user chose this one over, `response` what was answered."""

    sample_id: str
    query: str
    answer: str
    language: Language
    group: str
    contributor: str
    when: tuple[str, int]
    conversation: ServedConversation | None = None
    rejected: str | None = None
    supporting: tuple[int, ...] = ()
    response: str | None = None

    @property
    def key(self) -> str:
        """The answer for comparing."""
        return hi_lenient(self.answer)

    @property
    def asked(self) -> str:
        """The question in its context: equal for all wordings that the rules know."""
        return asked_in_context(self.query, self.conversation.messages if self.conversation is not None else ())


@dataclass
class Camp:
    """The votes for one answer, in the order of their samples; `supporters` are those who count: users, conversations, a passage.

    A reviewer who accepted one of the samples will be one more name in it.
    """

    votes: list[Vote] = field(default_factory=list)
    supporters: set[str] = field(default_factory=set)

    @property
    def latest(self) -> tuple[str, int]:
        """When the answer was last given."""
        return max(vote.when for vote in self.votes)


def vote_of(sample: Mapping[str, Any]) -> Vote | None:
    """The vote of a sample with a correction, else with a preferred answer; None where question or answer is blank."""
    preferred = sample.get("preferred") or {}
    corrected = sample.get("correction") is not None
    answer = str(sample["correction"] if corrected else preferred.get("answer") or "").strip()
    conversation = served_conversation(sample)
    query = conversation.question if conversation is not None else " ".join(str(sample.get("query") or "").split())
    if not question_key(query) or not answer:
        return None
    found: tuple[int, ...] = ()
    if conversation is not None:
        found = supporting(query, answer, [passage.text for passage in conversation.passages])
    sample_id = str(sample["sample_id"])
    response = str(sample.get("response") or "").strip() or None
    return Vote(
        sample_id=sample_id,
        query=query,
        answer=answer,
        language=primary_language(str(sample.get("language") or "")) or guess_language(query),
        group=str(sample.get("group") or normalise_group(query)),
        contributor=_contributor(sample),
        when=(str(sample.get("occurred_at") or ""), int(sample.get("revision") or 0)),
        conversation=conversation,
        rejected=None if corrected else response,
        supporting=found,
        response=response,
    )


def _contributor(sample: Mapping[str, Any]) -> str:
    if sample.get("user_hash"):
        return _user(sample["user_hash"])
    return f"conversation {sample['conversation_id']}" if sample.get("conversation_id") else ANONYMOUS


def _user(user_hash: str) -> str:
    return f"user {user_hash}"


def by_question(votes: Iterable[Vote], background: Iterable[str] = ()) -> list[list[Vote]]:
    """The votes of each question in its context, all wordings together, in the order of their keys.

    Wordings that the rules do not fold are one question where they are near-duplicates and ask for the same kind of answer; `background`
    are other known questions, which tell the words of a form from those that name something.
    """
    asked: dict[str, list[Vote]] = defaultdict(list)
    for vote in votes:
        asked[vote.asked].append(vote)
    first = {key: min(asked[key], key=lambda vote: (vote.query, vote.sample_id)) for key in sorted(asked)}
    joined = {key: key for key in first}
    same_text: dict[str, list[str]] = defaultdict(list)
    for key, vote in first.items():
        same_text[vote.query].append(key)
    near = NearDuplicates([(text, ()) for text in same_text], background, forms=FUNCTION_WORDS)
    for key, vote in first.items():
        for text in near.all_near(vote.query):
            for other in same_text[text]:
                if other < key and _context(vote) == _context(first[other]) and kinds_agree(vote.query, text):
                    joined[_root(joined, key)] = _root(joined, other)
    together: dict[str, list[Vote]] = defaultdict(list)
    for key in first:
        together[_root(joined, key)] += asked[key]
    return [sorted(together[key], key=lambda vote: vote.sample_id) for key in sorted(together)]


def _context(vote: Vote) -> str:
    return context_of(vote.query, vote.conversation.messages) if vote.conversation is not None else ""


def _root(joined: dict[str, str], key: str) -> str:
    while joined[key] != key:
        joined[key] = joined[joined[key]]
        key = joined[key]
    return key


def camps_of(votes: Sequence[Vote], sources: Mapping[str, str]) -> list[Camp]:
    """The answers to one question, the best supported first; of a user or conversation the latest vote counts.

    Answers are one where they say the same and one adds nothing that contradicts ("36", "36 metres"). A passage that was served, or the
    document of the group among `sources`, is one supporter of what it says.
    """
    latest: dict[str, Vote] = {}
    for vote in sorted(votes, key=lambda vote: (vote.when, vote.sample_id)):
        latest[vote.sample_id if vote.contributor == ANONYMOUS else vote.contributor] = vote
    counted = {vote.sample_id for vote in latest.values()}
    by_answer: dict[str, list[Vote]] = defaultdict(list)
    for vote in votes:
        by_answer[vote.key].append(vote)
    sizes = {key: len({vote.contributor for vote in group if vote.sample_id in counted}) for key, group in by_answer.items()}
    camps: list[Camp] = []
    for key in sorted(by_answer, key=lambda key: (-sizes[key], len(key), key)):
        group = by_answer[key]
        camp = next((camp for camp in camps if _says_as(group[0], camp.votes[0].answer)), None)
        if camp is None:
            camp = Camp()
            camps.append(camp)
        camp.votes += group
    for camp in camps:
        camp.votes.sort(key=lambda vote: vote.sample_id)
        camp.supporters = {vote.contributor for vote in camp.votes if vote.sample_id in counted}
        if camp.supporters and any(vote.supporting or _said_by(vote, sources) for vote in camp.votes):
            camp.supporters.add(PASSAGE)
    return sorted(camps, key=lambda camp: (-len(camp.supporters), camp.votes[0].sample_id))


def earlier_supporters(camp: Camp, earlier: Mapping[str, Sequence[tuple[str, str]]]) -> set[str]:
    """Users who gave a camp's answer to its question in earlier rounds; `earlier` maps questions in context to answers and users.

    They never decide between answers: what was right then may have changed since.
    """
    vote = camp.votes[0]
    said = [pair for asked in sorted({vote.asked for vote in camp.votes}) for pair in earlier.get(asked, ())]
    return {user for answer, user in said if _says_as(vote, answer)}


def earlier_answers(rows: Iterable[TrainingRow], users: Mapping[str, str]) -> dict[str, list[tuple[str, str]]]:
    """The answers of earlier rounds' corrections, each with its contributor, by question in context; `users` are hashes by sample."""
    found: dict[str, set[tuple[str, str]]] = defaultdict(set)
    for row in rows:
        user = users.get(row.sample_id or "") if row.origin == "correction" else None
        if user is not None:
            found[asked_in_context(row.prompt, row.messages)].add((row.completion, _user(user)))
    return {asked: sorted(said) for asked, said in found.items()}


def spelling(camp: Camp) -> Vote:
    """The vote whose answer speaks for its camp: the most frequent, then the shortest spelling, of the first sample with its passage."""
    counts = Counter(vote.answer for vote in camp.votes)
    answer = min(counts, key=lambda answer: (-counts[answer], len(hi_lenient(answer)), answer))
    # Query and answer come from one sample, so that taking it back takes back all of its text.
    return max((vote for vote in camp.votes if vote.answer == answer), key=lambda vote: bool(vote.supporting))


def _says_as(vote: Vote, answer: str) -> bool:
    return adds_nothing_to(vote.query, vote.answer, answer) or adds_nothing_to(vote.query, answer, vote.answer)


def _said_by(vote: Vote, sources: Mapping[str, str]) -> bool:
    source = sources.get(normalise_group(vote.group))
    return source is not None and bool(supporting(vote.query, vote.answer, [source]))
