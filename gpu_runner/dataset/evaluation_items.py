"""What both models are asked: the batch's repair items, and the model's own holdout, old facts and earlier repairs."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace

from gpu_runner.dataset.answers.known_answers import KnownAnswers
from gpu_runner.dataset.conversation import asked_in_other_words
from gpu_runner.dataset.corrections import Correction
from gpu_runner.dataset.memory.sampling import MemoryTurn, sample
from gpu_runner.dataset.questions.in_context import wording_in_context, wording_of
from gpu_runner.dataset.questions.paraphrase import question_key, split_paraphrases
from gpu_runner.dataset.rows import EvaluationItem, ItemSet, TrainingRow, row_id
from schemas.holdout import normalise_group

SUPERSEDED = "superseded_by_correction"
OVER_CAP = "evaluation_items_over_the_cap"
SAME_QUESTION = "evaluation_items_with_a_repair_question"
MOST_ITEMS_OF_A_SET = 300
# So many of each language are asked where a set is cut to the cap, if it has them: a guard of a language needs them.
LEAST_OF_A_LANGUAGE = 40
SETS: tuple[ItemSet, ...] = ("repair", "holdout", "old_facts", "earlier_repair", "dataset")


def wording_keys(correction: Correction, *, train: int, test: int) -> frozenset[str]:
    """The keys in context of every wording of a correction's question, trained or asked."""
    trained, asked = split_paraphrases(correction.query, correction.language, train=train, test=test + 3)
    messages = correction.messages
    return frozenset(wording_in_context(wording, messages) for wording in (*trained, *asked))


def still_true(
    items: Sequence[EvaluationItem], answers: KnownAnswers, dropped: Counter[str], withdrawn: dict[str, str]
) -> tuple[EvaluationItem, ...]:
    """The items without those that a newer answer contradicts, in any wording; `withdrawn` takes them and who says otherwise.

    A correction of the memory leaves with all its wordings: where one of them is contradicted, and where its sample is withdrawn already.
    """
    newer = {item.id: found[0].name for item in items if (found := answers.contradicted(item))}
    remembered = [item for item in items if item.set == "earlier_repair"]
    gone = {_correction_of(item): newer[item.id] for item in remembered if item.id in newer}
    for item in remembered:
        by = gone.get(_correction_of(item)) or withdrawn.get(item.sample_id or "")
        if by is not None:
            newer.setdefault(item.id, by)
    for item in items:
        if item.id in newer:
            dropped[f"{item.set}_{SUPERSEDED}"] += 1
            withdrawn[item.id] = newer[item.id]
    return tuple(item for item in items if item.id not in newer)


def _correction_of(item: EvaluationItem) -> tuple[str | None, str, tuple[str, ...]]:
    """What all wordings of a correction have in common."""
    return item.sample_id, item.group, item.answers


def asked_again(
    rows: Iterable[TrainingRow], *, train: int, test: int, trained: AbstractSet[str], sources: Mapping[str, str]
) -> tuple[EvaluationItem, ...]:
    """Repair items of a batch without failures: what its documents or its dataset teach, in wordings that no row has.

    Each is asked in the conversation of its row.
    """
    items: list[EvaluationItem] = []
    for row in rows:
        _, wordings = split_paraphrases(row.prompt, row.language, train=train, test=test + 3)
        for wording in [wording for wording in wordings if wording_in_context(wording, row.messages) not in trained][:test]:
            messages = asked_in_other_words(row.messages, row.prompt, wording)
            if messages is None:
                continue
            source = sources.get(normalise_group(row.group))
            identity = row_id("repair", question_key(row.prompt), wording, *([json.dumps(messages)] if messages else []))
            items.append(
                EvaluationItem(
                    identity, "repair", wording, (row.completion,), row.language, row.group, source, row.sample_id, messages, row.rejected
                )
            )
    return tuple(items)


def assemble(
    repair: Sequence[EvaluationItem],
    model_items: Sequence[EvaluationItem],
    *,
    cap: int,
    seed: int,
    dropped: Counter[str],
    turn: MemoryTurn | None = None,
    asked_of_memory: Counter[str] | None = None,
) -> tuple[EvaluationItem, ...]:
    """All items in the order of the sets and then of their ids, at most `cap` of a set, every id once.

    Earlier repairs are the memory's sample, of which `asked_of_memory` takes the figures. Other sets are cut by hash, and a language that
    the hash leaves with few of a set gets the next of its own, in the place of the last of the others.
    """
    asked = {wording_of(item) for item in repair}
    by_set: dict[ItemSet, list[EvaluationItem]] = defaultdict(list)
    by_set["repair"] = list({item.id: item for item in repair}.values())
    for item in model_items:
        if item.set == "repair":
            by_set["earlier_repair"].append(replace(item, set="earlier_repair"))
        elif item.set == "earlier_repair" and wording_of(item) in asked:
            dropped[SAME_QUESTION] += 1
        else:
            by_set[item.set].append(item)
    memory = sample(by_set["earlier_repair"], turn or MemoryTurn(), cap=cap, seed=seed)
    out: list[EvaluationItem] = []
    for name in SETS:
        chosen: Sequence[EvaluationItem] = memory.items
        if name != "earlier_repair":
            chosen = _chosen(sorted(by_set[name], key=lambda item: (row_id(str(seed), item.id), item.id)), cap)
        dropped[OVER_CAP] += len(by_set[name]) - len(chosen)
        out += sorted(chosen, key=lambda item: item.id)
    if asked_of_memory is not None and memory.corrections:
        asked_of_memory |= Counter(memory_corrections=memory.corrections, memory_asked=memory.asked, memory_runs_to_ask_all=memory.period)
    return tuple(out)


def _chosen(ranked: Sequence[EvaluationItem], cap: int) -> list[EvaluationItem]:
    """The first `cap` items, in which each language has its least number or all that it has."""
    present = Counter(item.language for item in ranked)
    reserved = min(LEAST_OF_A_LANGUAGE, cap // max(len(present), 1))
    first: dict[str, int] = Counter()
    keep: list[EvaluationItem] = []
    rest: list[EvaluationItem] = []
    for item in ranked:
        first[item.language] += 1
        (keep if first[item.language] <= reserved else rest).append(item)
    return [*keep, *rest][:cap]
