"""What stage 2 decides on: each input in plain fields, without text, as it is journalled and replayed."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Final, Literal

import msgspec

from consumers.collect.decode import unread
from consumers.drift.features.sketch import sums_of
from consumers.records import DECODING_ERRORS, InputRecord, Refusal
from consumers.wire import JournalEntryOut, SampleIn, SummaryOut
from schemas import dead_letter, topics
from schemas.envelope import MalformedEvent, decode, unwrap
from schemas.events.clock_ticked import ClockTicked
from schemas.events.model_current import ModelCurrent
from schemas.events.operator_requested import OperatorRequested
from schemas.events.training_state import Outcome, TrainingState
from schemas.events.trigger_journal import JournalEntry
from schemas.events.user_erased import UserErased
from schemas.fields import Hyperparameters

# The least score, of -1 to 1, that is praise: a thumb up, or four stars of five.
PRAISE_SCORE: Final = 0.5


class SampleSeen(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """A sample, or a later revision of one; its place in the log is its entry's place.

    `contributor` (`voice` in the journal) is whose it is: `u:` and the user hash, else `c:` and the conversation, else empty. `occurred_s`
    is the event time, `ms` its milliseconds. `content` is the hash of what is said, `moved` says that it is another model's now, `former`
    are the ids that the same words had in the release before, with commas between. `negative_class` (`class` in the journal) is what a
    negative is worth, empty where stage 1 did not say; `praise` says that the answer was praised and nothing corrected.
    """

    sample_id: str
    revision: int
    document: bool
    negative: bool
    quarantined: bool
    retracted: bool
    contributor: str = msgspec.field(default="", name="voice")
    occurred_s: int = 0
    ms: int = 0
    content: str = ""
    moved: bool = False
    former: str = ""
    negative_class: str = msgspec.field(default="", name="class")
    praise: bool = False


class SignalSeen(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """The counts so far of one input partition's event-day (proleptic Gregorian ordinal); of documents also their sketch.

    `baseline` is the sha256 of the drift baseline that the sketch was made with, `sketch` base64 of `drift.features.sketch.packed`.
    """

    input: Literal["feedback", "document"]
    partition: int
    day: int
    sequence: int
    events: int = 0
    negatives: int = 0
    corrections: int = 0
    events_hi: int = 0
    negatives_hi: int = 0
    corrections_hi: int = 0
    events_en: int = 0
    negatives_en: int = 0
    corrections_en: int = 0
    baseline: str | None = None
    sketch: str | None = None


class RequestSeen(msgspec.Struct, frozen=True):
    """A person's request, as far as the trigger acts on it."""

    action: str
    request_id: str
    job_id: str | None = None
    base_model: str | None = None
    dataset_path: str | None = None
    lora_rank: int | None = None
    lora_alpha: int | None = None
    learning_rate: float | None = None
    epochs: int | None = None
    batch_size: int | None = None
    max_seq_length: int | None = None

    def hyperparameters(self) -> Hyperparameters:
        """The overrides that the request carries."""
        return Hyperparameters(
            lora_rank=self.lora_rank,
            lora_alpha=self.lora_alpha,
            learning_rate=self.learning_rate,
            epochs=self.epochs,
            batch_size=self.batch_size,
            max_seq_length=self.max_seq_length,
        )


class ServingSeen(msgspec.Struct, frozen=True):
    """The version that serves now, and why.

    `base_model` is what it was trained from at first, None in journals of a release before.
    `baselines` are its drift baselines as `<sha256>:<first day>` with commas between (days as ordinals), empty where documents are not
    watched; None where they are not known yet, and those before stay active. `short_guards` tells which of the gate's guards have too
    few items to let anything pass; None where all have enough, or nothing is known.
    """

    version: str
    cause: Literal["bootstrap", "promotion", "rollback", "operator"]
    baselines: str | None = None
    short_guards: str | None = None
    base_model: str | None = None


class JobSeen(msgspec.Struct, frozen=True, omit_defaults=True):
    """The end of one attempt of a job; what happens before the end decides nothing here.

    `baseline` is the version that its own was trained from; None where that was not said, or there is no version.
    """

    job_id: str
    attempt: int
    outcome: Outcome
    retryable: bool
    version: str
    baseline: str | None = None


class ErasureSeen(msgspec.Struct, frozen=True):
    """A user's erasure: what this contributor said up to a time (seconds since 1970 UTC) is forgotten."""

    contributor: str = msgspec.field(name="voice")
    until_s: int


class TickSeen(msgspec.Struct, frozen=True):
    """The time, milliseconds since 1970 UTC."""

    now_ms: int


class RecipeSeen(msgspec.Struct, frozen=True):
    """Another release decides from here on, and its runner trains by another recipe: what the one before could not learn is new to it."""

    recipe: int


# The counts of a summary that a decision uses, in the order of SignalSeen's fields.
COUNTED: Final = (
    "events", "negatives", "corrections",
    "events_hi", "negatives_hi", "corrections_hi",
    "events_en", "negatives_en", "corrections_en",
)  # fmt: skip

Input = SampleSeen | SignalSeen | RequestSeen | ServingSeen | JobSeen | ErasureSeen | TickSeen | RecipeSeen

KINDS: Final[dict[str, type[Input]]] = {
    "serving": ServingSeen,
    "job": JobSeen,
    "request": RequestSeen,
    "sample": SampleSeen,
    "signal": SignalSeen,
    "erasure": ErasureSeen,
    "tick": TickSeen,
    "recipe": RecipeSeen,
}
_NAMES: Final = {kind: name for name, kind in KINDS.items()}


class Entry(msgspec.Struct, frozen=True, gc=False):
    """An input and where it lay."""

    topic: str
    partition: int
    offset: int
    input: Input

    def to_journal(self) -> JournalEntryOut:
        """The entry as trigger.journal holds it."""
        return JournalEntryOut(_NAMES[type(self.input)], self.topic, self.partition, self.offset, self.input)


def from_journal(entry: JournalEntry) -> Entry:
    """The input of a journal entry; raises ValueError for a kind or fields that are not a trigger's input."""
    kind = KINDS.get(entry.kind)
    if kind is None:
        raise ValueError(f"journal entry kind {entry.kind!r}: expected one of {', '.join(KINDS)}")
    return Entry(entry.topic, entry.partition, entry.offset, msgspec.convert(entry.fields, kind))


class DocumentText(msgspec.Struct, frozen=True, gc=False):
    """What a collected document says: it explains a drift, decides nothing, and is not journalled. `day` is an ordinal."""

    text: str
    source: str
    day: int


class Read(msgspec.Struct, frozen=True, gc=False):
    """An input of one model (None: of every model) read from a record; beside it the trace that it is part of, and a document's text."""

    model: str | None
    input: Input
    traceparent: str | None = None
    document: DocumentText | None = None


def read(record: InputRecord) -> Read | Refusal | None:
    """The input of a record of one of stage 2's topics, None where the record decides nothing, or why it cannot be read."""
    try:
        return _READERS[record.topic](record)
    except MalformedEvent as error:
        return Refusal(dead_letter.MALFORMED, str(error))
    except DECODING_ERRORS as error:
        return Refusal(dead_letter.MALFORMED, unread(record, error))


_decode_sample: Final = msgspec.json.Decoder(SampleIn).decode
_decode_summary: Final = msgspec.json.Decoder(SummaryOut).decode


def _sample(record: InputRecord) -> Read:
    envelope, data = unwrap(record.value, record.headers, topics.SAMPLE_COLLECTED)
    sample = _decode_sample(data)
    seen = SampleSeen(
        sample.sample_id,
        sample.revision,
        sample.kind == "document",
        sample.negative,
        sample.quarantine is not None,
        sample.retracted,
        _contributor(sample.user_hash, sample.conversation_id),
        math.floor(envelope.time.timestamp()),
        envelope.time.microsecond // 1000,
        sample.content or "",
        sample.moved,
        ",".join(sample.former_ids),
        (sample.negative_class or "") if sample.negative else "",
        _is_praise(sample),
    )
    # What a history brings is no news: it explains no drift.
    if not seen.document or sample.retracted or sample.text is None or envelope.history:
        return Read(sample.model, seen, envelope.traceparent)
    day = envelope.time.astimezone(UTC).date().toordinal()
    return Read(sample.model, seen, envelope.traceparent, DocumentText(sample.text, sample.publisher or sample.group, day))


def _is_praise(sample: SampleIn) -> bool:
    praised = sample.kind == "feedback" and sample.score is not None and sample.score >= PRAISE_SCORE
    return praised and not (sample.negative or sample.retracted or sample.left_out is not None)


def _contributor(user_hash: str | None, conversation_id: str | None) -> str:
    if user_hash is not None:
        return f"u:{user_hash}"
    return "" if conversation_id is None else f"c:{conversation_id}"


def _signal(record: InputRecord) -> Read | Refusal:
    envelope, data = unwrap(record.value, record.headers, topics.SIGNAL_SUMMARISED)
    summary = _decode_summary(data)
    if summary.sketch is not None:
        try:
            sums_of(summary.sketch)
        except ValueError as error:
            return Refusal(dead_letter.MALFORMED, f"sketch: {error}")
    counted = summary.counts.get
    seen = SignalSeen(
        input=summary.input,
        partition=summary.partition,
        day=summary.event_day.toordinal(),
        sequence=summary.sequence,
        events=counted("events", 0),
        negatives=counted("negatives", 0),
        corrections=counted("corrections", 0),
        events_hi=counted("events_hi", 0),
        negatives_hi=counted("negatives_hi", 0),
        corrections_hi=counted("corrections_hi", 0),
        events_en=counted("events_en", 0),
        negatives_en=counted("negatives_en", 0),
        corrections_en=counted("corrections_en", 0),
        baseline=summary.baseline,
        sketch=summary.sketch,
    )
    return Read(summary.model, seen, envelope.traceparent)


def _request(record: InputRecord) -> Read | None:
    envelope, request = decode(record.value, record.headers, OperatorRequested)
    if request.action not in ("start", "cancel", "pause", "resume"):
        return None
    hyperparameters = request.hyperparameters or Hyperparameters()
    seen = RequestSeen(
        action=request.action,
        request_id=request.request_id,
        job_id=request.job_id,
        base_model=request.base_model,
        dataset_path=request.dataset_path,
        lora_rank=hyperparameters.lora_rank,
        lora_alpha=hyperparameters.lora_alpha,
        learning_rate=hyperparameters.learning_rate,
        epochs=hyperparameters.epochs,
        batch_size=hyperparameters.batch_size,
        max_seq_length=hyperparameters.max_seq_length,
    )
    return Read(request.model, seen, envelope.traceparent)


def _serving(record: InputRecord) -> Read:
    envelope, current = decode(record.value, record.headers, ModelCurrent)
    baselines = ",".join(f"{found.sha256}:{found.from_day.toordinal()}" for found in current.drift_baselines)
    short = [guard for guard in current.gate_guards if guard.items < guard.least]
    told = ", ".join(f"{guard.name} has {guard.items} items of {guard.groups} groups, {guard.least} are needed" for guard in short)
    seen = ServingSeen(current.version, current.cause, baselines, told or None, current.base_model)
    return Read(current.model, seen, envelope.traceparent)


def _job(record: InputRecord) -> Read | None:
    envelope, state = decode(record.value, record.headers, TrainingState)
    if state.outcome is None:
        return None
    seen = JobSeen(state.job_id, state.attempt, state.outcome, state.retryable, state.version, state.baseline_version)
    return Read(state.model, seen, envelope.traceparent)


def _erasure(record: InputRecord) -> Read | None:
    if record.value is None:
        return None
    envelope, event = decode(record.value, record.headers, UserErased)
    seen = ErasureSeen(_contributor(event.user_hash, None), math.floor(envelope.time.timestamp()))
    return Read(None, seen, envelope.traceparent)


def _tick(record: InputRecord) -> Read:
    _, tick = decode(record.value, record.headers, ClockTicked)
    return Read(None, TickSeen(to_ms(tick.now)))


def to_ms(moment: datetime) -> int:
    """Milliseconds since 1970 UTC of an aware time."""
    return round(moment.timestamp() * 1000)


def from_ms(moment_ms: int) -> datetime:
    """The aware UTC time of milliseconds since 1970.

    >>> from_ms(0).isoformat()
    '1970-01-01T00:00:00+00:00'
    """
    return datetime.fromtimestamp(moment_ms / 1000, UTC)


_READERS: Final = {
    topics.MODEL_CURRENT: _serving,
    topics.TRAINING_STATE: _job,
    topics.OPERATOR_REQUESTED: _request,
    topics.USER_ERASED: _erasure,
    topics.SAMPLE_COLLECTED: _sample,
    topics.SIGNAL_SUMMARISED: _signal,
    topics.CLOCK_TICKED: _tick,
}
# The order in which one step takes its records; inside a topic by partition, then offset. What frees or blocks a run comes
# before what fires one, and time comes last, so that a rule due at a tick sees everything that arrived with it.
ORDER: Final = {topic: rank for rank, topic in enumerate(_READERS)}
