"""Negatives are consumed, not counted."""

from __future__ import annotations

import hashlib
from collections import Counter
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from consumers.decide.buffer.buffered import Buffered, Status
from consumers.decide.buffer.negative_buffer import NegativeBuffer
from consumers.decide.buffer.praise import KEPT_OF_EACH
from consumers.decide.inputs import SampleSeen
from schemas.events.retrain_requested import LeasedBatch
from schemas.identity import batch_sha256

CAP, SMALL_CAP = 100, 2
NAMES = [hashlib.sha256(bytes([number])).hexdigest() for number in range(8)]


def sample(
    name: int, revision: int = 0, *, document: bool = False, negative: bool = True, quarantined: bool = False, retracted: bool = False,
    **fields: Any,
) -> SampleSeen:  # fmt: skip
    return SampleSeen(NAMES[name], revision, document, negative and not document and not retracted, quarantined, retracted, **fields)


def take(buffer: NegativeBuffer, seen: SampleSeen, offset: int = 0, now_ms: int = 0) -> str:
    return buffer.take(seen, partition=0, offset=offset, now_ms=now_ms)


def lease(buffer: NegativeBuffer, number: int = 1, *, samples: int = 100, documents: int = 100, rejected: bool = False) -> LeasedBatch:
    return buffer.lease(number, max_samples=samples, max_documents=documents, include_rejected=rejected)


def filled() -> tuple[NegativeBuffer, LeasedBatch]:
    buffer = NegativeBuffer(CAP, "m")
    for name in range(3):
        take(buffer, sample(name), offset=name)
    take(buffer, sample(3, document=True), offset=3)
    return buffer, lease(buffer)


def test_what_counts() -> None:
    """Negatives count, documents wait beside them, praise is not kept, the holdout never enters."""
    buffer = NegativeBuffer(CAP, "m")
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
    buffer = NegativeBuffer(CAP, "m")
    take(buffer, sample(0, 1))
    assert take(buffer, sample(0, 1)) == "duplicate"
    assert take(buffer, sample(0, 0, negative=False)) == "duplicate"
    assert take(buffer, sample(0, 2, negative=False)) == "dropped"
    assert buffer.pending_negatives == 0
    assert take(buffer, sample(0, 3), offset=9) == "pending"
    assert lease(buffer).samples[0].offset == 9


def test_retraction_before_its_sample_holds_it_back() -> None:
    """A retraction that comes first keeps the later-arriving words out."""
    buffer = NegativeBuffer(CAP, "m")
    assert take(buffer, sample(0, 1, retracted=True)) == "dropped"
    assert take(buffer, sample(0, 0)) == "duplicate"
    assert buffer.pending_negatives == 0


def test_lease_takes_the_oldest_up_to_the_caps() -> None:
    """A batch takes samples in the order of the log, up to its caps; the rest stays pending."""
    buffer = NegativeBuffer(CAP, "m")
    for name in range(4):
        take(buffer, sample(name), offset=10 - name)
    batch = lease(buffer, samples=3)
    assert [ref.offset for ref in batch.samples] == [7, 8, 9]
    assert buffer.pending_negatives == 1
    assert buffer.status(NAMES[3]) is Status.LEASED


def test_promotion_retires() -> None:
    """A promoted batch is retired: it neither counts nor goes along again."""
    buffer, batch = filled()
    buffer.settle(batch, outcome="promoted")
    assert {buffer.status(name) for name in NAMES[:4]} == {Status.RETIRED}
    assert lease(buffer, 2).samples == ()


def test_other_ends_park() -> None:
    """A batch that ended otherwise is parked: it never counts again, and goes along with the next batch behind the new."""
    buffer, batch = filled()
    buffer.settle(batch, outcome="inconclusive")
    assert (buffer.pending_negatives, buffer.parked) == (0, 4)
    take(buffer, sample(5), offset=50)
    second = lease(buffer, 2)
    assert [ref.sample_id for ref in second.samples] == [NAMES[5], *NAMES[:3]]
    assert len(second.documents) == 1


def test_rejected_batches_go_along_only_when_asked() -> None:
    """What a rejected batch held is left out of automatic batches and taken into a person's."""
    buffer, batch = filled()
    buffer.settle(batch, outcome="rejected")
    assert lease(buffer, 2).samples == ()
    assert len(lease(buffer, 3, rejected=True).samples) == 3


def test_revision_of_a_consumed_sample_never_counts_again() -> None:
    """New words for a retired sample may be trained on and do not count; a new version of a document is new."""
    buffer, batch = filled()
    buffer.settle(batch, outcome="promoted")
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
        buffer.settle(batch, outcome="promoted" if promoted else "void")
        expected = Status.PENDING if promoted else Status.PARKED
        assert [buffer.status(NAMES[name]) for name in (0, 1, 3)] == [Status.DROPPED, Status.PARKED, expected]


def test_settling_twice_or_for_another_batch_changes_nothing() -> None:
    """Only the lease that holds a sample settles it."""
    buffer, batch = filled()
    buffer.settle(batch.model_copy(update={"number": 2}), outcome="promoted")
    assert buffer.status(NAMES[0]) is Status.LEASED
    buffer.settle(batch, outcome="void")
    buffer.settle(batch, outcome="promoted")
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
    buffer = NegativeBuffer(2, "m")
    for offset in range(5):
        take(buffer, voiced(offset, "u:a"), offset=offset)
    take(buffer, voiced(5, "u:b"), offset=5)
    assert (buffer.pending_negatives, buffer.counted_negatives, buffer.distinct_users) == (6, 3, 2)
    assert [ref.offset for ref in lease(buffer).samples] == [0, 1, 5]
    assert (buffer.pending_negatives, buffer.counted_negatives, buffer.distinct_users) == (3, 2, 1)
    assert [ref.offset for ref in lease(buffer, 2).samples] == [2, 3]


def test_contributors_without_a_name_share_one_cap() -> None:
    """Feedback that names neither user nor conversation cannot come round the cap."""
    buffer = NegativeBuffer(2, "m")
    for offset in range(4):
        take(buffer, voiced(offset, ""), offset=offset)
    assert (buffer.counted_negatives, buffer.distinct_users) == (2, 1)


def test_erasure_forgets_what_was_said_until_then() -> None:
    """Pending, parked and leased samples of the contributor go with their changelog keys; later ones and others stay."""
    buffer = NegativeBuffer(CAP, "m")
    take(buffer, voiced(0, "u:a", occurred_s=5), offset=0)
    batch = lease(buffer)
    take(buffer, voiced(1, "u:a", occurred_s=6), offset=1)
    take(buffer, voiced(2, "u:a", occurred_s=7), offset=2)
    take(buffer, voiced(3, "u:b", occurred_s=5), offset=3)
    buffer.take_changes()
    assert buffer.erase("u:a", 6) == 2
    assert [buffer.status(name) for name in NAMES[:4]] == [None, None, Status.PENDING, Status.PENDING]
    assert buffer.take_changes() == {NAMES[0].encode(): None, NAMES[1].encode(): None}
    buffer.settle(batch, outcome="void")
    assert buffer.status(NAMES[0]) is None
    assert buffer.counted_negatives == 2


def worth(name: int, negative_class: str, **fields: Any) -> SampleSeen:
    return sample(name, negative_class=negative_class, **fields)


def praise(name: int, contributor: str = "", revision: int = 0) -> SampleSeen:
    return sample(name, revision, negative=False, contributor=contributor, praise=True)


def test_only_what_says_what_was_right_is_leased() -> None:
    """Bare and answerable ratings stay pending as statistics; corrections, preferences, samples of no class and documents go along."""
    buffer = NegativeBuffer(CAP, "m")
    for name, negative_class in enumerate(("bare", "correction", "answerable", "preference", "", "bare")):
        take(buffer, worth(name, negative_class), offset=name)
    take(buffer, sample(6, document=True), offset=6)
    assert (buffer.pending_negatives, buffer.counted_negatives, buffer.trainable_negatives) == (6, 6, 3)
    batch = lease(buffer)
    assert [ref.offset for ref in batch.samples] == [1, 3, 4]
    assert [ref.offset for ref in batch.documents] == [6]
    assert [buffer.status(NAMES[name]) for name in (0, 2, 5)] == [Status.PENDING] * 3
    assert (buffer.counted_negatives, buffer.trainable_negatives) == (3, 0)


def test_bare_ratings_crowd_nothing_out() -> None:
    """Neither pending ones nor those that are parked since a revision took the correction back."""
    buffer = NegativeBuffer(CAP, "m")
    for name in range(3):
        take(buffer, worth(name, "correction"), offset=name)
    buffer.settle(lease(buffer), outcome="inconclusive")
    take(buffer, worth(0, "bare", revision=1), offset=10)
    take(buffer, worth(1, "bare", revision=1), offset=11)
    take(buffer, worth(3, "bare"), offset=12)
    take(buffer, worth(4, "correction"), offset=13)
    assert [ref.offset for ref in lease(buffer, 2, samples=2).samples] == [13, 2]


def test_the_cap_of_a_contributor_holds_for_what_can_be_trained_on() -> None:
    """Of one user's corrections only so many make a run due, whatever bare ratings are beside them."""
    buffer = NegativeBuffer(2, "m")
    for name in range(4):
        take(buffer, worth(name, "correction", contributor="u:a"), offset=name)
    take(buffer, worth(4, "bare", contributor="u:b"), offset=4)
    assert (buffer.counted_negatives, buffer.distinct_users) == (3, 2)
    assert (buffer.trainable_negatives, buffer.trainable_users) == (2, 1)


RECIPE = "1:org/tiny"


def tried() -> NegativeBuffer:
    """Three negatives and a document in which a run found nothing to learn."""
    buffer, batch = filled()
    buffer.train_by(RECIPE)
    buffer.settle(batch, outcome="no_data", recipe=RECIPE)
    return buffer


def test_no_data_gives_the_samples_back_as_tried() -> None:
    """They count as negatives and not as something to train on; beside others they go along, last."""
    buffer = tried()
    assert (buffer.pending_negatives, buffer.counted_negatives, buffer.pending_documents, buffer.parked) == (3, 3, 1, 0)
    assert (buffer.trainable_negatives, buffer.fresh_documents, buffer.tried_negatives) == (0, 0, 3)
    take(buffer, sample(4), offset=40)
    assert [ref.offset for ref in lease(buffer, 2, samples=2).samples] == [40, 0]


def test_what_was_tried_counts_again_when_it_is_revised_or_the_recipe_changes() -> None:
    """A revision is new to every recipe, and another recipe has tried nothing."""
    buffer = tried()
    assert take(buffer, sample(0, 1), offset=20) == "pending"
    assert take(buffer, sample(3, 1, document=True), offset=21) == "pending"
    assert (buffer.trainable_negatives, buffer.fresh_documents, buffer.tried_negatives) == (1, 1, 2)
    buffer.train_by("2:org/tiny")
    assert (buffer.trainable_negatives, buffer.tried_negatives) == (3, 0)


def test_what_was_consumed_before_a_run_without_data_is_parked_after_it() -> None:
    """What went along parked is where it was; new words for it do not count, before the end of the lease or after."""
    buffer, batch = filled()
    buffer.settle(batch, outcome="inconclusive")
    take(buffer, sample(5), offset=50)
    second = lease(buffer, 2)
    take(buffer, sample(0, 1), offset=51)
    buffer.settle(second, outcome="no_data", recipe=RECIPE)
    assert [buffer.status(NAMES[name]) for name in (0, 1, 3, 5)] == [Status.PARKED] * 3 + [Status.PENDING]
    assert take(buffer, sample(1, 1), offset=52) == "held"
    assert take(buffer, sample(5, 1), offset=53) == "pending"


def test_words_that_came_during_a_run_without_data_have_been_tried_by_nobody() -> None:
    """A revision, a retraction and praise take effect at its end as at any other."""
    buffer, batch = filled()
    take(buffer, sample(0, 1), offset=30)
    take(buffer, sample(1, 1, retracted=True), offset=31)
    take(buffer, praise(2, revision=1), offset=32)
    buffer.train_by(RECIPE)
    buffer.settle(batch, outcome="no_data", recipe=RECIPE)
    assert [buffer.status(NAMES[name]) for name in range(3)] == [Status.PENDING, Status.DROPPED, Status.PRAISED]
    assert (buffer.trainable_negatives, buffer.tried_negatives) == (1, 0)


def test_praise_is_kept_in_no_batch() -> None:
    """It counts towards nothing; a later revision, a retraction and an erasure take it out, and it never comes back from the holdout."""
    buffer = NegativeBuffer(CAP, "m")
    assert [take(buffer, praise(name, "u:a")) for name in range(4)] == ["praised"] * 4
    assert take(buffer, sample(7, negative=False, quarantined=True, praise=True)) == "quarantined"
    assert (buffer.praised, buffer.pending_negatives, lease(buffer).samples) == (4, 0, ())
    assert take(buffer, sample(0, 1)) == "pending"
    assert take(buffer, sample(1, 0, retracted=True)) == "dropped"
    assert buffer.praised == 2
    assert take(buffer, praise(1, "u:a")) == "duplicate"
    assert buffer.erase("u:a", 0) == 2
    assert buffer.praised == 0


def test_praise_that_is_put_out_still_holds_older_words_back() -> None:
    """A revision that is not kept as praise is remembered as one; the first words of a feedback need no memory."""
    buffer = NegativeBuffer(CAP, "m")
    taken = [take(buffer, praise(name, "u:a", revision=1)) for name in range(8)]
    assert (buffer.praised, len(buffer)) == (KEPT_OF_EACH, 8)
    assert [take(buffer, sample(name)) for name in range(8)] == ["duplicate"] * 8
    assert "dropped" in taken or Status.DROPPED in {buffer.status(name) for name in NAMES}
    first = NegativeBuffer(CAP, "m")
    for name in range(8):
        take(first, praise(name, "u:a"))
    assert len(first) == KEPT_OF_EACH


STEP = st.one_of(
    st.builds(
        sample,
        st.integers(0, 7),
        st.integers(0, 3),
        document=st.booleans(),
        negative=st.booleans(),
        quarantined=st.booleans(),
        retracted=st.booleans(),
        contributor=st.sampled_from(("", "u:a", "u:b")),
        negative_class=st.sampled_from(("", "bare", "answerable", "correction", "preference")),
    ),
    st.builds(praise, st.integers(0, 7), st.sampled_from(("", "u:a")), st.integers(0, 3)),
    st.sampled_from(["lease", "promoted", "rejected", "void", "no_data", "expire", "recipe"]),
)


def counts(buffer: NegativeBuffer) -> tuple[int, ...]:
    return (
        buffer.pending_negatives, buffer.counted_negatives, buffer.distinct_users, buffer.trainable_negatives, buffer.trainable_users,
        buffer.tried_negatives, buffer.pending_documents, buffer.fresh_documents, buffer.parked, buffer.praised, buffer.quarantined,
    )  # fmt: skip


def counted_anew(buffer: NegativeBuffer) -> tuple[int, ...]:
    """The same counts from the samples themselves."""
    held = list(buffer._samples.values())
    pending = [one for one in held if one.status == Status.PENDING]
    negatives = [one for one in pending if not one.document]
    teaching = [one for one in negatives if one.negative_class not in ("bare", "answerable")]
    fresh = [one for one in teaching if not one.tried or one.tried != buffer.recipe]
    capped = [sum(min(n, SMALL_CAP) for n in Counter(one.contributor for one in some).values()) for some in (negatives, fresh)]
    documents = [one for one in pending if one.document]
    untried = sum(not one.tried or one.tried != buffer.recipe for one in documents)
    rest = [sum(one.status == status for one in held) for status in (Status.PARKED, Status.PRAISED, Status.QUARANTINED)]
    users = [len({one.contributor for one in some}) for some in (negatives, fresh)]
    return len(negatives), capped[0], users[0], capped[1], users[1], len(teaching) - len(fresh), len(documents), untried, *rest


def play(buffer: NegativeBuffer, step: SampleSeen | str, index: int, number: int, batch: LeasedBatch) -> LeasedBatch:
    """One step; returns the newest batch."""
    if isinstance(step, SampleSeen):
        buffer.take(step, partition=0, offset=index, now_ms=index)
    elif step == "lease":
        return lease(buffer, number, samples=2, documents=1)
    elif step == "expire":
        buffer.expire(index - 20)
    elif step == "recipe":
        buffer.train_by(f"{index}:")
    else:
        buffer.settle(batch, outcome=step, recipe=buffer.recipe)
    return batch


@given(steps=st.lists(STEP, max_size=40), cut=st.integers(0, 40))
def test_counts_and_restore_hold_over_any_history(steps: list[SampleSeen | str], cut: int) -> None:
    """After any history the counts are those of the entries, a consumed sample is never pending, and a restore goes on alike."""
    buffer, restored = NegativeBuffer(SMALL_CAP, "m"), NegativeBuffer(SMALL_CAP, "m")
    batch, number = LeasedBatch(number=1, sha256="0" * 64), 0
    consumed: set[str] = set()
    leased: set[str] = set()
    for index, step in enumerate(steps):
        number += step == "lease"
        batches = [play(target, step, index, number, batch) for target in ((buffer, restored) if index >= cut else (buffer,))]
        batch = batches[0]
        if step == "lease":
            leased = {ref.sample_id for ref in batch.samples} - consumed
            consumed |= leased
        elif step == "no_data":
            # What no other batch has held is given back.
            consumed -= leased
        if step in ("no_data", "promoted", "rejected", "void"):
            leased = set()
        if step == "expire":
            consumed &= {name for name in NAMES if buffer.status(name) is not None}
        changes = buffer.take_changes()
        if index < cut:
            for key, value in changes.items():
                restored.load(key, value)
            restored.train_by(buffer.recipe)
        documents = {ref.sample_id for ref in batch.documents}
        pending = {name for name in NAMES if buffer.status(name) is Status.PENDING and not buffer._samples[name].document}
        assert counts(buffer) == counted_anew(buffer)
        assert not pending & (consumed - documents)
        assert all(other == batch for other in batches)
    if cut <= len(steps):
        assert [restored.status(name) for name in NAMES] == [buffer.status(name) for name in NAMES]
        assert (counts(restored), dict(restored.save())) == (counts(buffer), dict(buffer.save()))


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
    buffer = NegativeBuffer(CAP, "m")
    for index in [index for index in order if index < len(arrivals)] * 2:
        revision, retracted, ms, content = arrivals[index]
        take(buffer, said(0, ms, content, revision=revision, retracted=retracted), offset=index)
    ((_, value),) = buffer.save()
    held = msgspec.json.decode(value, type=Buffered)
    assert held.order() == max((revision, retracted, 0, ms, content) for revision, retracted, ms, content in arrivals)


def test_k3_a_move_to_another_model_is_no_retraction_by_the_user() -> None:
    """The words may come back to the former model without a higher revision."""
    buffer = NegativeBuffer(CAP, "m")
    take(buffer, said(0, 1, "a"))
    take(buffer, said(0, 2, "b", retracted=True, moved=True))
    assert buffer.status(NAMES[0]) is Status.DROPPED
    take(buffer, said(0, 3, "a"))
    assert buffer.status(NAMES[0]) is Status.PENDING


def test_k3_two_former_samples_of_one_feedback_become_one() -> None:
    """Where HTTP and a file had made two of it, the one that a batch consumed stays, under its name; another user's is another's."""
    buffer = NegativeBuffer(CAP, "m")
    take(buffer, replace(sample(0), contributor="u:one"))
    lease(buffer)
    take(buffer, replace(sample(1), contributor="u:one"))
    take(buffer, replace(sample(2), contributor="u:two"))
    assert take(buffer, replace(sample(3, revision=1), contributor="u:one", former=",".join((NAMES[2], NAMES[1], NAMES[0])))) == "held"
    assert [buffer.status(name) for name in NAMES[:4]] == [Status.LEASED, None, Status.PENDING, None]


def test_k3_samples_of_a_voice_are_counted() -> None:
    """What an erasure would meet: pending, leased and parked ones, and none that was taken back."""
    buffer = NegativeBuffer(CAP, "m")
    for name in range(3):
        take(buffer, replace(sample(name), contributor="u:one"))
    take(buffer, replace(sample(0, revision=1, retracted=True), contributor="u:one"))
    assert (buffer.held_of("u:one"), buffer.held_of("u:two")) == (2, 0)
