"""Puts a job's dataset together: leased samples, documents, a person's file and replay rows become six files and a manifest.

The same request gives byte-identical files. The folder appears whole or not at all. Everything left out is counted by reason.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from gpu_runner.dataset.answers.known_answers import KnownAnswers, answer_of
from gpu_runner.dataset.answers.votes import earlier_answers
from gpu_runner.dataset.corrections import TIED, Conflict, Corrections, repair_items, resolve_corrections
from gpu_runner.dataset.evaluation_items import MOST_ITEMS_OF_A_SET, asked_again, assemble, still_true
from gpu_runner.dataset.firewall.assignment import Assignment
from gpu_runner.dataset.firewall.embedder import Embedder
from gpu_runner.dataset.folder import FILES, write_folder
from gpu_runner.dataset.formats.training_file import load_dataset
from gpu_runner.dataset.memory.sampling import MemoryTurn
from gpu_runner.dataset.memory.told import told_rows
from gpu_runner.dataset.questions.extract import Extraction, extract_pairs
from gpu_runner.dataset.questions.in_context import wording_of
from gpu_runner.dataset.rows import EARLIER, REPLAY, Document, EvaluationItem, Message, Origin, Row, TrainingRow, is_replayed
from gpu_runner.dataset.served.raft import SHARES, PassageShares
from gpu_runner.dataset.split import HOLDOUT_GROUP, HoldoutGuard, splits
from gpu_runner.dataset.training_rows import (
    CONTRADICTS_DOCUMENT,
    CollectedRows,
    Grounds,
    Leak,
    Quarantined,
    Teaching,
    admitted,
    collect_corrections,
    collect_documents,
    corrected,
    may_be_paraphrased,
    not_taught_anew,
    outside_evaluation,
    outside_holdout,
    paraphrased,
    still_held,
    without_contradictions,
)
from runtime.artifacts.content_hash import file_sha256
from schemas.holdout import key_id, normalise_group

Primary = Literal["corrections", "documents", "dataset", "none"]
# Corrections that train, but of which the gate's primary asks nothing.
WITHOUT_SUPPORT = "gold_without_support"
CANNOT_BE_ASKED = "gold_that_no_other_wording_asks"
_OTHER_PRIMARIES: tuple[tuple[str, Primary], ...] = (("document", "documents"), ("dataset", "dataset"))


@dataclass(frozen=True)
class PrepareRequest:
    """What a job's dataset is made of.

    `out` is the folder to make (its parent must exist). `samples` are leased `sample.collected` events as dicts, feedback and documents
    mixed; `replay`, `earlier` (what the lineage's rounds taught, whatever its origin then) and `model_items` belong to the serving version,
    `users` are the hashes of the users by the samples of `earlier` that have one.
    `dataset_path` is a local file, which errors call `dataset_name`. Each question is trained in up to `train_wordings` wordings and asked
    in up to `test_wordings` others.
    A correction is asked in the gate's primary where it has `support_min` supporters; one that no served passage supports is taught only
    with `train_closed_book`; `shares` of the rows with passages have them changed. `turn` says which earlier repairs this run asks.
    With an `embedder` the holdout is compared by meaning too; `kept_groups` (`group_sha256`) are those that a change of its key left.
    """

    out: Path
    samples: Sequence[Mapping[str, Any]]
    replay: Sequence[TrainingRow]
    model_items: Sequence[EvaluationItem]
    holdout_key: bytes = field(repr=False)
    holdout_percent: int = 10
    seed: int = 0
    earlier: Sequence[TrainingRow] = ()
    users: Mapping[str, str] = field(default_factory=dict)
    dataset_path: Path | None = None
    dataset_name: str | None = None
    train_wordings: int = 5
    test_wordings: int = 2
    max_items_per_set: int = MOST_ITEMS_OF_A_SET
    max_rows_per_document: int = 20
    min_training_rows: int = 1
    support_min: int = 2
    train_closed_book: bool = False
    shares: PassageShares = SHARES
    turn: MemoryTurn = field(default_factory=MemoryTurn)
    embedder: Embedder | None = None
    kept_groups: frozenset[str] | None = None

    @property
    def teaching(self) -> Teaching:
        """How its corrections are taught."""
        return Teaching(self.train_wordings, self.test_wordings, self.seed, self.shares, self.train_closed_book)


@dataclass(frozen=True)
class PreparedDataset:
    """The files that were written, their hashes, and what became of everything that came in.

    `sample_ids` are the samples that the training rows stand for, `stands_for` maps the sample of a row to all that say the same, where
    there are others; `primary` says what the repair items ask. `withdrawn` maps samples of earlier rounds (or rows and items without one)
    that no longer hold to the samples that say otherwise.
    """

    folder: Path
    train: Path
    eval: Path
    test: Path
    evaluation: Path
    manifest: Path
    sha256: Mapping[str, str]
    counts: Mapping[str, int]
    dropped: Mapping[str, int]
    quarantined: tuple[Quarantined, ...]
    sample_ids: tuple[str, ...]
    stands_for: Mapping[str, tuple[str, ...]]
    primary: Primary
    withdrawn: Mapping[str, str]
    leaks: tuple[Leak, ...] = ()
    firewall: Mapping[str, Any] = field(default_factory=dict)


class NoData(ValueError):
    """Too few rows are left to train on; `counts` says how many came in and why the others were left out."""

    def __init__(self, counts: Mapping[str, int], least: int) -> None:
        self.counts = dict(counts)
        told = ", ".join(f"{name} {count}" for name, count in sorted(counts.items())) or "nothing came in"
        super().__init__(f"fewer than {least} new training rows are left ({told}): send corrections or documents, or name a dataset_path")


@dataclass(frozen=True)
class _Split:
    train: tuple[TrainingRow, ...]
    eval: tuple[TrainingRow, ...]
    test: tuple[TrainingRow, ...]
    taught: tuple[TrainingRow, ...]  # the rows of documents and dataset that train, each in its own wording alone


def prepare(request: PrepareRequest) -> PreparedDataset:
    """Make the dataset of a job.

    Raises NoData where fewer than `min_training_rows` new rows are left, DataError for a dataset file that can't be read.
    """
    feedback = [sample for sample in request.samples if sample.get("kind", "feedback") == "feedback"]
    collected = CollectedRows()
    documents = _documents(request.samples, collected.dropped)
    sources = {normalise_group(document.source_group): document.text for document, _ in documents}
    known = [*(row.prompt for row in (*request.replay, *request.earlier)), *(item.question for item in request.model_items)]
    before = earlier_answers(request.earlier, request.users)
    resolved = resolve_corrections(feedback, sources=sources, background=known, earlier=before)
    extractions = [(document, sample_id, extract_pairs(document, cap=request.max_rows_per_document)) for document, sample_id in documents]
    dataset = load_dataset(request.dataset_path, request.dataset_name) if request.dataset_path is not None else None
    dataset_rows = dataset.rows if dataset is not None else ()
    guard = _guard(request, resolved, extractions, dataset_rows)
    collected.dropped.update(resolved.dropped)
    collected.dropped.update(dataset.dropped if dataset is not None else {})
    for reason, set_aside in ((HOLDOUT_GROUP, resolved.held_out), (TIED, resolved.tied)):
        for sample_id in set_aside:
            collected.quarantine(sample_id, reason, "correction")

    learnt = KnownAnswers((answer_of(row) for row in request.earlier if row.origin == "correction"), near=False)
    base = without_contradictions(request.replay, learnt, collected)
    model_items = _items_still_true(request.model_items, learnt, None, collected)
    old_facts = KnownAnswers([*(answer_of(item) for item in model_items if item.set == "old_facts"), *map(answer_of, base)], known)
    grounds = Grounds(guard, old_facts, [document.text for document, _ in documents])
    correction_rows = collect_corrections(resolved.accepted, grounds, request.teaching, collected)
    answers = corrected(collected, request.teaching, known)
    document_rows = collect_documents(extractions, guard, collected)
    other_rows = (*document_rows, *admitted(dataset_rows, guard, collected))
    other_rows = without_contradictions(other_rows, answers, collected)
    written = KnownAnswers((answer_of(row) for row in other_rows if row.origin == "document"), near=False)
    replay = admitted((*_as(REPLAY, base), *_as(EARLIER, request.earlier)), guard, collected)
    by_users = frozenset(row.sample_id for row in request.earlier if row.origin == "correction" and row.sample_id is not None)
    replay = still_held(replay, answers, by_users, collected)
    replaceable = frozenset(row.id for row in request.earlier if row.origin != "dataset")
    replay = still_held(replay, written, by_users, collected, reason=CONTRADICTS_DOCUMENT, among=replaceable)
    model_items = _items_still_true(model_items, answers, written, collected)

    split = _split(correction_rows, other_rows, request)
    primary, repair = _repair(request, collected, split, sources)
    of_memory: Counter[str] = Counter()
    evaluation = assemble(
        repair, model_items, cap=request.max_items_per_set, seed=request.seed, dropped=collected.dropped,
        turn=request.turn, asked_of_memory=of_memory,
    )  # fmt: skip
    asked = (*model_items, *repair, *evaluation)
    replay = not_taught_anew(replay, (*split.train, *split.eval), collected.dropped)
    train = outside_holdout(outside_evaluation((*split.train, *replay), asked, collected.dropped), guard, collected)
    new_rows = [row for row in train if not is_replayed(row.origin)]
    rows: dict[str, Sequence[Row]] = {
        "train": train,
        "eval": outside_holdout(outside_evaluation(split.eval, asked, collected.dropped), guard, collected),
        "test": outside_holdout(outside_evaluation(split.test, asked, collected.dropped), guard, collected),
        "evaluation": evaluation,
        "memory": tuple({item.id: item for item in repair}.values()),
        "told": told_rows(collected.corrections, replay, by_users),
    }
    counts = _counts(request, rows, len(new_rows), resolved) | of_memory
    if len(new_rows) < request.min_training_rows:
        raise NoData(counts | dict(+collected.dropped), request.min_training_rows)
    used = {row.sample_id for row in (*new_rows, *split.eval) if row.sample_id}
    sample_ids = {name for correction in collected.corrections if correction.sample_id in used for name in correction.sample_ids}
    leaks, firewall = _leaks(collected, guard)
    facts = _manifest(request, counts, collected, resolved.conflicts, primary) | {
        "firewall": firewall | {"rows": [leak.as_dict() for leak in leaks]},
        "sample_ids": sorted(used | sample_ids),
    }
    hashes = write_folder(request.out, rows, facts)
    paths = {name: request.out / f"{name}.jsonl" for name in FILES}
    return PreparedDataset(
        request.out, paths["train"], paths["eval"], paths["test"], paths["evaluation"], request.out / "manifest.json",
        hashes, counts, facts["dropped"], _in_order(collected), tuple(facts["sample_ids"]),
        {one.sample_id: one.sample_ids for one in collected.corrections if len(one.sample_ids) > 1}, primary,
        facts["withdrawn"], leaks, firewall,
    )  # fmt: skip


def _documents(samples: Sequence[Mapping[str, Any]], dropped: Counter[str]) -> list[tuple[Document, str | None]]:
    """The leased documents with text, the highest revision of each sample, in the order of their ids."""
    newest: dict[str, Mapping[str, Any]] = {}
    for sample in sorted(samples, key=lambda sample: int(sample.get("revision") or 0)):
        if sample.get("kind") == "document":
            newest[str(sample["sample_id"])] = sample
    out: list[tuple[Document, str | None]] = []
    for sample_id in sorted(newest):
        sample = newest[sample_id]
        if sample.get("retracted") or not (sample.get("text") or "").strip():
            dropped["documents_retracted" if sample.get("retracted") else "documents_without_text"] += 1
            continue
        language = str(sample.get("language") or "").split("-")[0]
        document = Document(
            id=str(sample.get("doc_id") or sample_id),
            text=str(sample["text"]),
            language="hi" if language == "hi" else "en" if language == "en" else None,
            title=sample.get("title"),
            group=sample.get("group"),
        )
        out.append((document, sample_id))
    return out


def _as(origin: Origin, rows: Iterable[TrainingRow]) -> Iterator[TrainingRow]:
    return (replace(row, origin=origin) for row in rows)


def _items_still_true(
    items: Sequence[EvaluationItem], answers: KnownAnswers, written: KnownAnswers | None, collected: CollectedRows
) -> tuple[EvaluationItem, ...]:
    """The model's items that no newer correction contradicts, and of the earlier repairs those that no newer document does either."""
    kept = still_true(items, answers, collected.dropped, collected.withdrawn)
    if written is None:
        return kept
    repairs = [item for item in kept if item.set == "earlier_repair"]
    true = {item.id for item in still_true(repairs, written, collected.dropped, collected.withdrawn)}
    return tuple(item for item in kept if item.set != "earlier_repair" or item.id in true)


def _guard(
    request: PrepareRequest,
    resolved: Corrections,
    extractions: Sequence[tuple[Document, str | None, Extraction]],
    dataset_rows: Sequence[TrainingRow],
) -> HoldoutGuard:
    """The guard, which has compared every new row with the holdout, by meaning too where there is an embedder.

    What earlier rounds taught is compared by its words alone: it was compared when it was new, and a round's cost must not grow.
    """
    corrections = [(one.query, one.answer, one.messages) for one in resolved.accepted]
    pairs = [(pair.question, pair.answer, ()) for _, _, extraction in extractions for pair in extraction.pairs]
    given = [(row.prompt, row.completion, row.messages) for row in dataset_rows]
    before = [(row.prompt, row.completion) for row in (*request.replay, *request.earlier)]
    items = [(item.question, item.answers[0]) for item in request.model_items if item.set != "holdout"]
    new: list[tuple[str, str, Sequence[Message]]] = [*corrections, *pairs, *given]
    trained = (row.group for row in (*request.replay, *request.earlier)) if request.kept_groups is not None else ()
    guard = HoldoutGuard(
        request.model_items,
        [*((question, answer) for question, answer, _ in new), *before, *items],
        assignment=Assignment(request.holdout_key, request.holdout_percent, request.kept_groups, tuple(trained)),
        embedder=request.embedder,
    )
    guard.screen(new)
    return guard


def _split(corrections: Sequence[TrainingRow], others: Sequence[TrainingRow], request: PrepareRequest) -> _Split:
    """Corrections all train, but for the last wording of each, which measures the held-out loss; other rows part by group.

    A correction keeps at least three wordings to train in.
    """
    wordings: dict[str | None, list[TrainingRow]] = {}
    for row in corrections:
        wordings.setdefault(row.sample_id, []).append(row)
    train: list[TrainingRow] = []
    held_out: list[TrainingRow] = []
    for rows in wordings.values():
        cut = -1 if len({row.prompt for row in rows}) > 3 else len(rows)
        train += rows[:cut]
        held_out += rows[cut:]
    place = splits((row.group for row in others), seed=request.seed)
    parts: dict[str, list[TrainingRow]] = {"train": [], "eval": [], "test": []}
    for row in others:
        parts[place[normalise_group(row.group)]].append(row)
    more = paraphrased(parts["train"], train=request.train_wordings, test=request.test_wordings)
    return _Split((*train, *more), (*held_out, *parts["eval"]), tuple(parts["test"]), tuple(parts["train"]))


def _repair(
    request: PrepareRequest, collected: CollectedRows, split: _Split, sources: Mapping[str, str]
) -> tuple[Primary, tuple[EvaluationItem, ...]]:
    """What the gate's primary asks: the failures with enough support where there are any, else the documents, else the dataset."""
    trained = frozenset(map(wording_of, (*split.train, *split.eval)))
    wordings = {"train": request.train_wordings, "test": request.test_wordings}
    items: list[EvaluationItem] = []
    for correction in collected.corrections:
        if correction.support < request.support_min:
            collected.dropped[WITHOUT_SUPPORT] += 1
            continue
        asked = repair_items(correction, **wordings, trained=trained, sources=sources)
        collected.dropped[CANNOT_BE_ASKED] += not asked
        items += asked
    if items:
        return "corrections", tuple(items)
    taught = [row for row in split.taught if may_be_paraphrased(row)]
    for origin, primary in _OTHER_PRIMARIES:
        chosen = [row for row in taught if row.origin == origin]
        if chosen:
            return primary, asked_again(chosen, **wordings, trained=trained, sources=sources)
    return "none", ()


def _counts(request: PrepareRequest, rows: Mapping[str, Sequence[Row]], new_rows: int, resolved: Corrections) -> dict[str, int]:
    counts: Counter[str] = Counter({f"rows_{name}": len(rows[name]) for name in FILES})
    counts["samples"] = len(request.samples)
    counts["corrections"] = len(resolved.accepted)
    counts["new_training_rows"] = new_rows
    counts["replay_rows"] = len(rows["train"]) - new_rows
    for row in (*rows["train"], *rows["evaluation"]):
        counts[f"train_{row.origin}" if isinstance(row, TrainingRow) else f"items_{getattr(row, 'set', '')}"] += 1
    return dict(sorted(counts.items()))


def _manifest(
    request: PrepareRequest, counts: Mapping[str, int], collected: CollectedRows, conflicts: Sequence[Conflict], primary: Primary
) -> dict[str, Any]:
    """What `manifest.json` says beside the files: ids, hashes, counts and reasons, never a text."""
    return {
        "seed": request.seed,
        "holdout": {"key_id": key_id(request.holdout_key), "percent": request.holdout_percent},
        "wordings": {"train": request.train_wordings, "test": request.test_wordings},
        "dataset_sha256": file_sha256(request.dataset_path) if request.dataset_path is not None else None,
        "primary": primary,
        "support_min": request.support_min,
        "withdrawn": dict(sorted(collected.withdrawn.items())),
        "counts": counts,
        "dropped": dict(sorted((+collected.dropped).items())),
        "quarantined": [item.as_dict() for item in _in_order(collected)],
        "conflicts": [asdict(conflict) for conflict in conflicts],
    }


def _leaks(collected: CollectedRows, guard: HoldoutGuard) -> tuple[tuple[Leak, ...], dict[str, Any]]:
    """What gives held-out items away, in order, and what the manifest says of the comparison."""
    leaks = tuple(sorted(set(collected.leaks), key=lambda leak: (leak.kind, leak.name, leak.hit.item_id, leak.hit.reason)))
    return leaks, guard.firewall.as_dict() | {"hits": dict(sorted(Counter(f"{leak.kind}_{leak.hit.reason}" for leak in leaks).items()))}


def _in_order(collected: CollectedRows) -> tuple[Quarantined, ...]:
    return tuple(sorted(set(collected.quarantined), key=lambda item: (item.kind, item.sample_id, item.reason)))
