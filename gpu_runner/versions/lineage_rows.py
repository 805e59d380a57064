"""What the serving version's lineage learnt, for the next round: rows to replay and repairs to ask again, each once. Blocking.

A version keeps its own rows alone; the lineage's are gathered by walking the versions from the newest to the first. Of a sample the newest
revision counts, of a question the newest answer, and what was taken back is left out of every version's rows.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from typing import Final, TypeVar

from gpu_runner.dataset.memory.index import RememberedCorrection, index_of
from gpu_runner.dataset.memory.sampling import MemoryPlace, item_name, places_of
from gpu_runner.dataset.questions.in_context import asked_in_context
from gpu_runner.dataset.questions.paraphrase import question_key
from gpu_runner.dataset.rows import EvaluationItem, TrainingRow, with_own_ids
from gpu_runner.event_log.withdrawals import KnownSample, Withdrawals, known_samples
from gpu_runner.versions.corrections.stored import stored_index
from gpu_runner.versions.keys import REPAIR_ITEMS, TRAINED_ROWS, TRAINED_SAMPLES
from gpu_runner.versions.registry import lineage, read_record
from runtime.artifacts.store import ArtifactStore, read_stored_json

WITHDRAWALS: Final = "taken_back"
OLDER_REVISION: Final = "of_an_older_revision"
OLDER_ANSWER: Final = "answered_otherwise_since"
WITHDRAWN: Final = "withdrawn_by_a_newer_answer"

Kept = TypeVar("Kept", TrainingRow, EvaluationItem)


@dataclass(frozen=True)
class LearntByVersion:
    """What is kept of one version: its rows, its repair items, the samples that either may be made of, and which of them it trained itself.

    `withdrawn` maps samples (rows and items without one) of versions before it to the samples on whose word they no longer hold.
    `own` is None where the version's record does not say. Releases up to 5fe573c kept the rows of all earlier versions in `rows` too.
    `corrections` is what the items ask, those too whose items were taken back since; None of a version that kept no such list.
    """

    version: str
    rows: tuple[TrainingRow, ...]
    items: tuple[EvaluationItem, ...]
    samples: Mapping[str, KnownSample]
    own: frozenset[str] | None
    withdrawn: Mapping[str, str] = field(default_factory=dict)
    corrections: tuple[RememberedCorrection, ...] | None = None


@dataclass
class LineageRows:
    """`base` and `rows`, with ids of their own, `items` as `earlier_repair`, the samples of the whole lineage, what was left out by reason.

    `base` keeps what the base knew, `rows` what the lineage's rounds taught. `places` are those of all items that ever were in the memory.
    """

    base: tuple[TrainingRow, ...] = ()
    rows: tuple[TrainingRow, ...] = ()
    items: tuple[EvaluationItem, ...] = ()
    places: Mapping[str, MemoryPlace] = field(default_factory=dict)
    samples: dict[str, KnownSample] = field(default_factory=dict)
    dropped: Counter[str] = field(default_factory=Counter)


def learnt_by_versions(
    store: ArtifactStore,
    model: str,
    version: str,
    *,
    rows_of: Callable[[str], tuple[TrainingRow, ...]],
    items_of: Callable[[str], tuple[EvaluationItem, ...]],
) -> list[LearntByVersion]:
    """What is kept of a version and of all that it was trained from, the newest first; `rows_of` and `items_of` read a key of the store."""
    found = []
    for name in lineage(store, model, version):
        place = {"model": model, "version": name}
        key = TRAINED_SAMPLES.format(**place)
        record = read_record(store, model, name) or {}
        own = record.get("sample_ids")
        samples = known_samples(read_stored_json(store, key)) if store.exists(key) else {}
        rows, items = rows_of(TRAINED_ROWS.format(**place)), items_of(REPAIR_ITEMS.format(**place))
        found.append(
            LearntByVersion(
                name, rows, items, samples, None if own is None else frozenset(own), record.get("withdrawn") or {},
                stored_index(store, model, name, record),
            )
        )  # fmt: skip
    return found


def gather(
    model: str, versions: Sequence[LearntByVersion], base: Iterable[TrainingRow], withdrawals: Withdrawals, leased: Mapping[str, int]
) -> LineageRows:
    """The rows and items of versions (the newest first) and of the base, without what does not belong. Pure.

    `leased` are the revisions of the samples of the batch at hand: rows of an older revision are no longer what the user says.
    """
    found = LineageRows()
    newest = dict(leased)
    answers: dict[str, set[str]] = {}
    rows: list[TrainingRow] = []
    items: list[EvaluationItem] = []
    renewed: set[str] = set()
    gone: set[str | None] = set()
    for one, own in zip(versions, _own_rows(versions), strict=True):
        for name, sample in one.samples.items():
            newest[name] = max(sample.revision, newest.get(name, sample.revision))
            known = found.samples.setdefault(name, sample)
            if sample.trained and not known.trained:
                found.samples[name] = replace(known, trained=True)
        sift = _Sift(one.samples, withdrawals.withdrawn(model, one.samples), newest, renewed, answers, gone)
        kept = [row for row in own if sift.keeps(row, "rows", found.dropped)]
        named = [replace(item, id=item_name(one.version, item.id), set="earlier_repair") for item in one.items]
        asked = [item for item in named if sift.keeps(item, "items", found.dropped)]
        rows += kept
        items += asked
        _note(answers, (*kept, *asked))
        _withdraw(gone, one.withdrawn, withdrawals.withdrawn(model, found.samples))
        renewed |= {row.sample_id for row in own if row.sample_id is not None}
    withdrawn = withdrawals.withdrawn(model, found.samples)
    last = _Sift({}, withdrawn, newest, set(), answers, gone)
    found.base = tuple(row for row in base if last.keeps(row, "rows", found.dropped))
    base_ids = {row.id for row in found.base}
    together = {row.id: row for row in with_own_ids((*found.base, *rows))}
    found.rows = tuple(row for name, row in together.items() if name not in base_ids)
    found.items = tuple(items)
    found.places = places_of(
        (one.version, index_of(one.items) if one.corrections is None else one.corrections) for one in reversed(versions)
    )
    found.samples = {name: sample for name, sample in found.samples.items() if name not in withdrawn}
    return found


@dataclass(frozen=True)
class _Sift:
    """What of one version still belongs, beside all that is newer: `answers` maps a question in context to the keys of its answers.

    `gone` are the samples, rows and items that newer versions withdrew.
    """

    samples: Mapping[str, KnownSample]
    withdrawn: Mapping[str, str]
    newest: Mapping[str, int]
    renewed: set[str]
    answers: Mapping[str, set[str]]
    gone: AbstractSet[str | None]

    def keeps(self, one: TrainingRow | EvaluationItem, kind: str, dropped: Counter[str]) -> bool:
        """Whether it belongs; what does not is counted by kind and reason."""
        reason = WITHDRAWN if not self.gone.isdisjoint((one.sample_id, one.id)) else self._objection(one.sample_id, _said(one))
        if reason is not None:
            dropped[f"lineage_{kind}_{reason}"] += 1
        return reason is None

    def _objection(self, sample_id: str | None, said: tuple[str, Sequence[str]]) -> str | None:
        if sample_id in self.withdrawn:
            return WITHDRAWALS
        sample = self.samples.get(sample_id) if sample_id is not None else None
        if sample_id in self.renewed or (sample is not None and sample.revision < self.newest[str(sample_id)]):
            return OLDER_REVISION
        question, answers = said
        newer = self.answers.get(question)
        return OLDER_ANSWER if newer is not None and newer.isdisjoint(map(question_key, answers)) else None


def _asked(one: TrainingRow | EvaluationItem) -> str:
    """The question in its context, whatever its wording."""
    return asked_in_context(one.prompt if isinstance(one, TrainingRow) else one.question, one.messages)


def _withdraw(gone: set[str | None], withdrawn: Mapping[str, str], retracted: Container[str]) -> None:
    """Adds what a version withdrew, but for what it did on the word of a sample that was taken back since."""
    gone.update(old for old, newer in withdrawn.items() if newer not in retracted)


def _said(one: TrainingRow | EvaluationItem) -> tuple[str, Sequence[str]]:
    return _asked(one), (one.completion,) if isinstance(one, TrainingRow) else one.answers


def _note(answers: dict[str, set[str]], known: Iterable[TrainingRow | EvaluationItem]) -> None:
    for question, right in map(_said, known):
        answers.setdefault(question, set()).update(map(question_key, right))


def _own_rows(versions: Sequence[LearntByVersion]) -> Iterator[list[TrainingRow]]:
    """The rows that each version trained itself, in the order of `versions`: what it has of earlier ones comes from these.

    A sample's rows are the version's where its record names the sample; rows of no sample where no earlier version has the same words.
    """
    own: list[list[TrainingRow]] = []
    seen: set[tuple[str, str]] = set()
    for one in reversed(versions):
        mine = one.own
        own.append(
            [
                row
                for row in one.rows
                if (mine is None or row.sample_id in mine if row.sample_id else (row.prompt, row.completion) not in seen)
            ]
        )
        seen |= {(row.prompt, row.completion) for row in one.rows}
    return iter(reversed(own))
