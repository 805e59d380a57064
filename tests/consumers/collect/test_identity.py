"""What is one sample: the same feedback on every way in, each user's their own; what wins when the words differ; names that stay apart."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from consumers.collect.collector import Collector
from consumers.records import Effects, InputRecord
from schemas import dead_letter, topics
from schemas.events.sample_collected import SampleCollected
from schemas.events.signal_summarised import SignalSummarised
from schemas.identity import DEFAULT_SOURCE, former_ids, sample_id

USERS = ("a" * 64, "b" * 64)
FEEDBACK = topics.FEEDBACK_SUBMITTED
SAID = {"query": "ताजमहल कहाँ है?", "model": "tiny-llama"}


def said(build: Any, offset: int, *, seconds: float = 0, source: str = "chat", **fields: Any) -> InputRecord:
    event = build.feedback(**({"name": "f"} | SAID | fields))
    return build.record(event, offset=offset, source=source, time=build.start + timedelta(seconds=seconds))


def run(build: Any, *records: InputRecord, **policy: Any) -> tuple[Collector, Effects]:
    collector = Collector(0, build.intake_policy(**policy))
    return collector, collector.process(records)


def samples(build: Any, effects: Effects) -> list[SampleCollected]:
    return build.emitted(effects, SampleCollected)


def outcomes(effects: Effects) -> dict[str, int]:
    return {outcome: count for (_, outcome), count in effects.outcomes.items()}


def counts(build: Any, effects: Effects) -> dict[str, dict[str, int]]:
    newest = {str(summary.event_day): summary.counts for summary in build.emitted(effects, SignalSummarised)}
    return {day: found for day, found in newest.items() if any(found.values())}


def test_k3_same_id_with_other_content_said_later_is_a_later_revision(build: Any) -> None:
    """A thumb turned down and a correction added without a higher revision: exports never raise one. It is collected, and counted once."""
    records = (said(build, 0, stars=5), said(build, 1, seconds=60, stars=1, correction="आगरा"))
    for order in (records, records[::-1]):
        collector, effects = run(build, *order)
        newest = max(samples(build, effects), key=lambda sample: sample.occurred_at)
        assert (newest.correction, newest.negative) == ("आगरा", True)
        (found,) = counts(build, effects).values()
        assert (found["events"], found["negatives"], found["corrections"]) == (1, 1, 1)
        assert collector.totals.duplicates == 0
    assert outcomes(run(build, *records)[1]) == {"collected": 1, "revised": 1}
    assert outcomes(run(build, *records[::-1])[1]) == {"collected": 1, "stale": 1}


def test_k3_document_again_with_other_text_and_the_default_version(build: Any) -> None:
    """A pipeline that never counts versions: the text that came later is in use."""
    first, second = build.document("d", "पुराना पाठ"), build.document("d", "नया पाठ")
    records = [build.record(first), build.record(second, offset=1, time=build.start + timedelta(seconds=1))]
    for order in (records, records[::-1]):
        _, effects = run(build, *order)
        assert max(samples(build, effects), key=lambda sample: sample.occurred_at).text == "नया पाठ"


def test_k3_same_content_is_a_duplicate_whatever_its_time(build: Any) -> None:
    """A client's retry without a time of its own comes later and is the same; what was said in between has to beat the later time."""
    first, retry, other = said(build, 0), said(build, 1, seconds=90), said(build, 2, seconds=30, stars=5)
    collector, effects = run(build, first, retry)
    assert outcomes(effects) == {"collected": 1, "duplicate": 1}
    assert len(samples(build, effects)) == 1
    assert outcomes(collector.process([other])) == {"stale": 1}


def test_k3_other_content_at_the_same_moment_is_a_conflict_kept_and_told(build: Any) -> None:
    """The same one is in use in either order; the record that met the other is a dead letter, once, without a word of the user's."""
    records = (said(build, 0, correction="आगरा"), said(build, 1, correction="दिल्ली"))
    in_use = set()
    for order in (records, records[::-1]):
        collector, effects = run(build, *order, *order)
        in_use.add(samples(build, effects)[-1].correction)
        (letter,) = effects.dead_letters
        assert (letter.reason, letter.offset) == (dead_letter.CONFLICT, order[1].offset)
        assert "in use" in letter.detail
        assert not any(word in letter.detail for word in ("आगरा", "दिल्ली"))
        assert (collector.totals.conflicts, collector.totals.dead_letters) == (1, {FEEDBACK: {"conflict": 1}})
        (found,) = counts(build, effects).values()
        assert found["events"] == 1
    assert len(in_use) == 1


STARS = st.integers(1, 5)
EVENT = st.tuples(st.integers(0, 1), st.integers(0, 1), st.integers(0, 3), STARS, st.booleans())


@given(st.lists(EVENT, min_size=1, max_size=12), st.randoms(use_true_random=False), st.integers(1, 4))
def test_k3_any_order_batching_and_duplication_gives_the_same(build: Any, history: Any, rng: random.Random, size: int) -> None:
    """Revisions, retractions and other words at one revision, in any order and batches, with duplicates: the same words are in use."""
    # The time is that of the words, so that the same words are always of one day.
    made = [
        said(build, offset, name=f"f{number}", seconds=3600 * (hour + 3 * stars), revision=revision, stars=stars, retracted=gone)
        for offset, (number, revision, hour, stars, gone) in enumerate((*event[:2], event[2] % 2, *event[3:]) for event in history)
    ]
    shuffled = [*made, *rng.sample(made, len(made))]
    rng.shuffle(shuffled)
    kept = []
    for order, step in ((made, len(made)), (shuffled, size)):
        collector, told, merged = Collector(0, build.intake_policy()), {}, Effects()
        for start in range(0, len(order), step):
            effects = collector.process(order[start : start + step])
            told |= {sample.sample_id: (sample.revision, sample.retracted or sample.score) for sample in samples(build, effects)}
            merged.encoded += effects.encoded
        kept.append((told, counts(build, merged)))
    assert kept[0] == kept[1]


def test_k3_ids_belong_to_source_and_user(build: Any) -> None:
    """The same feedback id of two users, of nobody, and of another frontend: four samples, and each one's retraction takes back its own."""
    records = [
        said(build, 0, user_hash=USERS[0], correction="एक"),
        said(build, 1, user_hash=USERS[1], correction="दो"),
        said(build, 2, correction="तीन"),
        said(build, 3, source="https://other", user_hash=USERS[0], correction="चार"),
    ]
    collector, effects = run(build, *records)
    ids = [sample.sample_id for sample in samples(build, effects)]
    assert len(set(ids)) == 4
    effects = collector.process([said(build, 4, revision=1, retracted=True, user_hash=USERS[1])])
    assert [sample.sample_id for sample in samples(build, effects)] == [ids[1]]
    assert outcomes(effects) == {"retracted": 1}


def test_k3_feedback_over_http_and_from_a_file_is_one(build: Any) -> None:
    """What names no frontend is of the one default frontend, over HTTP, from a file, and by either name of the release before."""
    sources = (DEFAULT_SOURCE, "/abhyas/gateway", "/abhyas/cli")
    records = [said(build, offset, source=source, user_hash=USERS[0]) for offset, source in enumerate(sources)]
    collector, effects = run(build, *records)
    (sample,) = samples(build, effects)
    assert sample.sample_id == sample_id("feedback", DEFAULT_SOURCE, "f", USERS[0])
    assert outcomes(effects) == {"collected": 1, "duplicate": 2}
    gone = collector.process([said(build, 3, source="/abhyas/cli", revision=1, retracted=True, user_hash=USERS[0])])
    assert outcomes(gone) == {"retracted": 1}
    assert counts(build, gone) == {}


def test_k3_retraction_that_met_nothing_is_counted(build: Any) -> None:
    """One without a user is of the feedback without a user; it is passed on all the same, and counted by itself."""
    collector, effects = run(build, said(build, 0, user_hash=USERS[0]), said(build, 1, revision=1, retracted=True))
    assert outcomes(effects) == {"collected": 1, "retracted_unmet": 1}
    assert collector.totals.unmet_retractions == 1
    assert [sample.retracted for sample in samples(build, effects)] == [False, True]


def test_k3_words_that_move_between_models_at_one_revision(build: Any) -> None:
    """At the former model that is no retraction of the user's: the words may come back to it without a higher revision."""
    records = [said(build, number, seconds=number, model=model) for number, model in enumerate(("gemma", "llama", "gemma"))]
    effects = run(build, *records)[1]
    told = [(sample.model, sample.retracted, sample.moved) for sample in samples(build, effects)]
    assert told == [("gemma", False, False), ("gemma", True, True), ("llama", False, False), ("llama", True, True), ("gemma", False, False)]


def test_k2_source_and_version_that_no_sample_can_hold_are_refused(build: Any) -> None:
    """Headers have no limit of their own, nor have JSON's integers: either would stop the stage at every restart."""
    _, effects = run(
        build,
        said(build, 0, source="s" * 900_000),
        build.record(build.document("d", version=1 << 63), offset=1),
        said(build, 2),
    )
    assert [letter.detail.split(":")[0] for letter in effects.dead_letters] == ["ce_source", "version"]
    assert len(samples(build, effects)) == 1


def test_k4_redaction_inside_a_correction_is_counted_on_the_sample(build: Any) -> None:
    """Whether the producer took it out or stage 1 does: the sample says so, and the totals count such samples."""
    collector, effects = run(
        build,
        said(build, 0, name="a", correction="पूछें: [PHONE] या [EMAIL]"),
        said(build, 1, name="b", correction="पूछें: +91 98765 43210"),
        said(build, 2, name="c", correction="आगरा", response="फ़ोन +91 98765 43210"),
    )
    assert [sample.correction_redactions for sample in samples(build, effects)] == [2, 1, 0]
    assert collector.totals.redacted_corrections == 2


def test_k5_three_groups_named_by_telephone_numbers_are_three(build: Any) -> None:
    """Groups, publishers, documents, conversations and sources with a number go on under a keyed hash: none is another's."""
    groups = [f"counter 98765 4321{number}" for number in range(3)]
    _, effects = run(build, *[said(build, number, name=f"f{number}", source_group=group) for number, group in enumerate(groups)])
    found = [sample.group for sample in samples(build, effects)]
    assert len(set(found)) == 3
    assert not any(character.isdigit() for group in found for character in group)
    documents = [
        build.record(build.document(f"doc-98765 4321{number}".replace(" ", ""), publisher=f"press 98765 4321{number}"), offset=number)
        for number in range(3)
    ]
    told = samples(build, run(build, *documents)[1])
    assert len({sample.doc_id for sample in told}) == len({sample.publisher for sample in told}) == 3
    sources = [said(build, number, source=f"tel:98765-4321{number}") for number in range(2)]
    assert len({sample.source for sample in samples(build, run(build, *sources)[1])}) == 2


def test_k5_a_name_is_the_same_on_both_sides(build: Any) -> None:
    """What the gateway has named already is left as it is, and is what stage 1 would have named it; another key, another name."""
    raw = said(build, 0, name="a", source_group="Counter  98765 43210")
    (sample,) = samples(build, run(build, raw)[1])
    (again,) = samples(build, run(build, said(build, 0, name="a", source_group=sample.group))[1])
    (other,) = samples(build, run(build, raw, holdout_key=b"another key")[1])
    assert again.group == sample.group != other.group
    assert samples(build, run(build, said(build, 0, name="a", source_group="Counter  7"))[1])[0].group == "counter 7"


def test_k3_former_ids_are_told_where_they_may_be_known(build: Any) -> None:
    """Revisions and retractions name the ids that the release before may have stored them under; first words of feedback need not."""
    _, effects = run(build, said(build, 0, source=DEFAULT_SOURCE), said(build, 1, source=DEFAULT_SOURCE, revision=1))
    first, second = samples(build, effects)
    assert (first.former_ids, second.former_ids) == ((), former_ids("feedback", DEFAULT_SOURCE, "f"))
