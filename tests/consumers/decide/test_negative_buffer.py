"""Negatives are consumed, not counted."""

from __future__ import annotations

import hashlib
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from consumers.decide.inputs import SampleSeen
from consumers.decide.negative_buffer import Buffered, NegativeBuffer, Status
from schemas.events.retrain_requested import LeasedBatch
from schemas.identity import batch_sha256

CAP = 100
NAMES = [hashlib.sha256(bytes([number])).hexdigest() for number in range(8)]


def sample(
    name: int, revision: int = 0, *, document: bool = False, negative: bool = True, quarantined: bool = False, retracted: bool = False
) -> SampleSeen:
    return SampleSeen(NAMES[name], revision, document, negative and not document and not retracted, quarantined, retracted)


def take(buffer: NegativeBuffer, seen: SampleSeen, offset: int = 0, now_ms: int = 0) -> str:
    return buffer.take(seen, partition=0, offset=offset, now_ms=now_ms)


def lease(buffer: NegativeBuffer, number: int = 1, *, samples: int = 100, documents: int = 100, rejected: bool = False) -> LeasedBatch:
    return buffer.lease(number, max_samples=samples, max_documents=documents, include_rejected=rejected)


def filled() -> tuple[NegativeBuffer, LeasedBatch]:
    buffer = NegativeBuffer(CAP)
    for name in range(3):
        take(buffer, sample(name), offset=name)
    take(buffer, sample(3, document=True), offset=3)
    return buffer, lease(buffer)


def test_what_counts() -> None:
    """Negatives count, documents wait beside them, praise is not kept, the holdout never enters."""
    buffer = NegativeBuffer(CAP)
    assert take(buffer, sample(0)) == "pending"
    assert take(buffer, sample(1, document=True)) == "pending"
    assert take(buffer, sample(2, negative=False)) == "ignored"
    assert take(buffer, sample(3, quarantined=True)) == "quarantined"
    assert take(buffer, sample(4, document=True, quarantined=True)) == "quarantined"
    assert (buffer.pending_negatives, buffer.pending_documents, buffer.quarantined, len(buffer)) == (1, 1, 2, 4)
    batch = lease(buffer)
    assert [ref.sample_id for ref in (*batch.samples, *batch.documents)] == [NAMES[0], NAMES[1]]


def test_last_revision_wins() -> None:
    """A newer revision moves a sample out of and into the count; an older or equal one changes nothing."""
    buffer = NegativeBuffer(CAP)
    take(buffer, sample(0, 1))
    assert take(buffer, sample(0, 1)) == "duplicate"
    assert take(buffer, sample(0, 0, negative=False)) == "duplicate"
    assert take(buffer, sample(0, 2, negative=False)) == "dropped"
    assert buffer.pending_negatives == 0
    assert take(buffer, sample(0, 3), offset=9) == "pending"
    assert lease(buffer).samples[0].offset == 9


def test_retraction_before_its_sample_holds_it_back() -> None:
    """A retraction that comes first keeps the later-arriving words out."""
    buffer = NegativeBuffer(CAP)
    assert take(buffer, sample(0, 1, retracted=True)) == "dropped"
    assert take(buffer, sample(0, 0)) == "duplicate"
    assert buffer.pending_negatives == 0


def test_lease_takes_the_oldest_up_to_the_caps() -> None:
    """A batch takes samples in the order of the log, up to its caps; the rest stays pending."""
    buffer = NegativeBuffer(CAP)
    for name in range(4):
        take(buffer, sample(name), offset=10 - name)
    batch = lease(buffer, samples=3)
    assert [ref.offset for ref in batch.samples] == [7, 8, 9]
    assert buffer.pending_negatives == 1
    assert buffer.status(NAMES[3]) is Status.LEASED


def test_promotion_retires() -> None:
    """A promoted batch is retired: it neither counts nor goes along again."""
    buffer, batch = filled()
    buffer.settle(batch, promoted=True, outcome="promoted")
    assert {buffer.status(name) for name in NAMES[:4]} == {Status.RETIRED}
    assert lease(buffer, 2).samples == ()


def test_other_ends_park() -> None:
    """A batch that ended otherwise is parked: it never counts again, and goes along with the next batch behind the new."""
    buffer, batch = filled()
    buffer.settle(batch, promoted=False, outcome="inconclusive")
    assert (buffer.pending_negatives, buffer.parked) == (0, 4)
    take(buffer, sample(5), offset=50)
    second = lease(buffer, 2)
    assert [ref.sample_id for ref in second.samples] == [NAMES[5], *NAMES[:3]]
    assert len(second.documents) == 1


def test_rejected_batches_go_along_only_when_asked() -> None:
    """What a rejected batch held is left out of automatic batches and taken into a person's."""
    buffer, batch = filled()
    buffer.settle(batch, promoted=False, outcome="rejected")
    assert lease(buffer, 2).samples == ()
    assert len(lease(buffer, 3, rejected=True).samples) == 3


def test_revision_of_a_consumed_sample_never_counts_again() -> None:
    """New words for a retired sample may be trained on and do not count; a new version of a document is new."""
    buffer, batch = filled()
    buffer.settle(batch, promoted=True, outcome="promoted")
    assert take(buffer, sample(0, 1), offset=20) == "held"
    assert take(buffer, sample(3, 1, document=True), offset=21) == "pending"
    assert (buffer.pending_negatives, buffer.pending_documents, buffer.status(NAMES[0])) == (0, 1, Status.PARKED)
    assert lease(buffer, 2).samples[0].offset == 20


def test_what_happens_during_a_lease_takes_effect_at_its_end() -> None:
    """A leased sample stays leased; a retraction drops it at the end, new words are parked, a new document version waits."""
    for promoted in (True, False):
        buffer, batch = filled()
        assert take(buffer, sample(0, 1, retracted=True), offset=30) == "held"
        assert take(buffer, sample(1, 1), offset=31) == "held"
        assert take(buffer, sample(3, 1, document=True), offset=32) == "held"
        assert buffer.pending_negatives == 0
        buffer.settle(batch, promoted=promoted, outcome="promoted" if promoted else "void")
        expected = Status.PENDING if promoted else Status.PARKED
        assert [buffer.status(NAMES[name]) for name in (0, 1, 3)] == [Status.DROPPED, Status.PARKED, expected]


def test_settling_twice_or_for_another_batch_changes_nothing() -> None:
    """Only the lease that holds a sample settles it."""
    buffer, batch = filled()
    buffer.settle(batch.model_copy(update={"number": 2}), promoted=True, outcome="promoted")
    assert buffer.status(NAMES[0]) is Status.LEASED
    buffer.settle(batch, promoted=False, outcome="void")
    buffer.settle(batch, promoted=True, outcome="promoted")
    assert buffer.status(NAMES[0]) is Status.PARKED


def test_old_samples_expire_but_not_leases() -> None:
    """What arrived before the horizon leaves the buffer, a lease excepted; pending ones are told."""
    buffer, _ = filled()
    take(buffer, sample(5), now_ms=5)
    take(buffer, sample(6), now_ms=20)
    take(buffer, sample(7, quarantined=True), now_ms=5)
    assert buffer.expire(10) == 1
    assert [buffer.status(NAMES[name]) for name in (0, 5, 6, 7)] == [Status.LEASED, None, Status.PENDING, None]


def voiced(name: int, contributor: str, *, occurred_s: int = 0, revision: int = 0) -> SampleSeen:
    return SampleSeen(NAMES[name], revision, False, True, False, False, contributor, occurred_s)


def test_of_one_voice_only_so_many_count_and_go_along() -> None:
    """What is over the cap stays pending and uncounted, and counts once the batch has taken the others."""
    buffer = NegativeBuffer(2)
    for offset in range(5):
        take(buffer, voiced(offset, "u:a"), offset=offset)
    take(buffer, voiced(5, "u:b"), offset=5)
    assert (buffer.pending_negatives, buffer.counted_negatives, buffer.distinct_users) == (6, 3, 2)
    assert [ref.offset for ref in lease(buffer).samples] == [0, 1, 5]
    assert (buffer.pending_negatives, buffer.counted_negatives, buffer.distinct_users) == (3, 2, 1)
    assert [ref.offset for ref in lease(buffer, 2).samples] == [2, 3]


def test_contributors_without_a_name_share_one_cap() -> None:
    """Feedback that names neither user nor conversation cannot come round the cap."""
    buffer = NegativeBuffer(2)
    for offset in range(4):
        take(buffer, voiced(offset, ""), offset=offset)
    assert (buffer.counted_negatives, buffer.distinct_users) == (2, 1)


def test_erasure_forgets_what_was_said_until_then() -> None:
    """Pending, parked and leased samples of the contributor go with their changelog keys; later ones and others stay."""
    buffer = NegativeBuffer(CAP)
    take(buffer, voiced(0, "u:a", occurred_s=5), offset=0)
    batch = lease(buffer)
    take(buffer, voiced(1, "u:a", occurred_s=6), offset=1)
    take(buffer, voiced(2, "u:a", occurred_s=7), offset=2)
    take(buffer, voiced(3, "u:b", occurred_s=5), offset=3)
    buffer.take_changes()
    assert buffer.erase("u:a", 6) == 2
    assert [buffer.status(name) for name in NAMES[:4]] == [None, None, Status.PENDING, Status.PENDING]
    assert buffer.take_changes() == {NAMES[0].encode(): None, NAMES[1].encode(): None}
    buffer.settle(batch, promoted=False, outcome="void")
    assert buffer.status(NAMES[0]) is None
    assert buffer.counted_negatives == 2


STEP = st.one_of(
    st.builds(
        sample,
        st.integers(0, 7),
        st.integers(0, 3),
        document=st.booleans(),
        negative=st.booleans(),
        quarantined=st.booleans(),
        retracted=st.booleans(),
    ),
    st.sampled_from(["lease", "promoted", "rejected", "void", "expire"]),
)


@given(steps=st.lists(STEP, max_size=40), cut=st.integers(0, 40))
def test_counts_and_restore_hold_over_any_history(steps: list[SampleSeen | str], cut: int) -> None:
    """After any history the counts are those of the entries, a consumed sample is never pending, and a restore goes on alike."""
    buffer, restored, batch, number = NegativeBuffer(CAP), NegativeBuffer(CAP), LeasedBatch(number=1, sha256="0" * 64), 0
    consumed: set[str] = set()
    for index, step in enumerate(steps):
        for target in {id(buffer): buffer, id(restored): restored}.values() if index >= cut else (buffer,):
            if isinstance(step, SampleSeen):
                target.take(step, partition=0, offset=index, now_ms=index)
            elif step == "lease":
                batch = lease(target, number + 1, samples=2, documents=1)
            elif step == "expire":
                target.expire(index - 20)
            else:
                target.settle(batch, promoted=step == "promoted", outcome=step)
        if step == "lease":
            number += 1
            consumed |= {ref.sample_id for ref in batch.samples}
        if step == "expire":
            consumed &= {name for name in NAMES if buffer.status(name) is not None}
        changes = buffer.take_changes()
        if index < cut:
            for key, value in changes.items():
                restored.load(key, value)
        documents = {ref.sample_id for ref in batch.documents}
        pending = {name for name in NAMES if buffer.status(name) is Status.PENDING and not buffer._samples[name].document}
        assert buffer.pending_negatives == len(pending)
        assert not pending & (consumed - documents)
    if cut <= len(steps):
        assert [restored.status(name) for name in NAMES] == [buffer.status(name) for name in NAMES]
        assert (restored.pending_negatives, restored.parked) == (buffer.pending_negatives, buffer.parked)


def test_batch_hash_is_of_the_set() -> None:
    """The hash depends on ids and revisions, samples apart from documents, not on their order."""
    buffer, batch = filled()
    assert batch.sha256 == batch_sha256(batch.samples[::-1], batch.documents)
    assert batch.sha256 != batch_sha256(batch.samples[1:], (*batch.documents, batch.samples[0]))
    lines = "".join(sorted(f"{ref.sample_id}:0\n" for ref in batch.samples)) + f"{batch.documents[0].sample_id}:0\n"
    assert batch.sha256 == hashlib.sha256(lines.encode()).hexdigest()
    assert len(buffer) == 4


def said(name: int, ms: int, content: str, **fields: Any) -> SampleSeen:
    return replace(sample(name), occurred_s=ms // 1000, ms=ms % 1000, content=content, **fields)


ARRIVALS = st.lists(st.tuples(st.integers(0, 1), st.booleans(), st.integers(0, 2), st.sampled_from("abc")), min_size=1, max_size=8)


@given(ARRIVALS, st.permutations(range(8)))
def test_k3_the_later_of_two_contents_is_stage_1s(arrivals: list[tuple[int, bool, int, str]], order: list[int]) -> None:
    """By (revision, retracted, time, content), whatever shard's record comes first: what is held is the same in any order."""
    buffer = NegativeBuffer(CAP)
    for index in [index for index in order if index < len(arrivals)] * 2:
        revision, retracted, ms, content = arrivals[index]
        take(buffer, said(0, ms, content, revision=revision, retracted=retracted), offset=index)
    ((_, value),) = buffer.save()
    held = msgspec.json.decode(value, type=Buffered)
    assert held.order() == max((revision, retracted, 0, ms, content) for revision, retracted, ms, content in arrivals)


def test_k3_a_move_to_another_model_is_no_retraction_by_the_user() -> None:
    """The words may come back to the former model without a higher revision."""
    buffer = NegativeBuffer(CAP)
    take(buffer, said(0, 1, "a"))
    take(buffer, said(0, 2, "b", retracted=True, moved=True))
    assert buffer.status(NAMES[0]) is Status.DROPPED
    take(buffer, said(0, 3, "a"))
    assert buffer.status(NAMES[0]) is Status.PENDING


def test_k3_two_former_samples_of_one_feedback_become_one() -> None:
    """Where HTTP and a file had made two of it, the one that a batch consumed stays, under its name; another user's is another's."""
    buffer = NegativeBuffer(CAP)
    take(buffer, replace(sample(0), contributor="u:one"))
    lease(buffer)
    take(buffer, replace(sample(1), contributor="u:one"))
    take(buffer, replace(sample(2), contributor="u:two"))
    assert take(buffer, replace(sample(3, revision=1), contributor="u:one", former=",".join((NAMES[2], NAMES[1], NAMES[0])))) == "held"
    assert [buffer.status(name) for name in NAMES[:4]] == [Status.LEASED, None, Status.PENDING, None]


def test_k3_samples_of_a_voice_are_counted() -> None:
    """What an erasure would meet: pending, leased and parked ones, and none that was taken back."""
    buffer = NegativeBuffer(CAP)
    for name in range(3):
        take(buffer, replace(sample(name), contributor="u:one"))
    take(buffer, replace(sample(0, revision=1, retracted=True), contributor="u:one"))
    assert (buffer.held_of("u:one"), buffer.held_of("u:two")) == (2, 0)
