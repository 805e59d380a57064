"""What users took back is a set of facts: their order does not matter, and what is said later stays."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import timedelta

from runner_fakes import START, correction, sha

from gpu_runner.event_log.withdrawals import Erasure, KnownSample, Retraction, Withdrawals, known_samples

USER = sha("user")
SAMPLE = KnownSample(revision=1, user_hash=USER, occurred_at=START)


def folded(*facts: Erasure | Retraction) -> Withdrawals:
    withdrawals = Withdrawals()
    for fact in facts:
        withdrawals.apply(fact)
    return withdrawals


def test_an_erasure_reaches_up_to_its_time() -> None:
    """What the user said at that time or before goes, what was said later and what others said stays."""
    withdrawals = folded(Erasure(USER, START))
    samples = {
        "before": replace(SAMPLE, occurred_at=START - timedelta(days=20)),
        "then": SAMPLE,
        "after": replace(SAMPLE, occurred_at=START + timedelta(microseconds=1)),
        "other": replace(SAMPLE, user_hash=sha("other")),
        "nobody": replace(SAMPLE, user_hash=None),
    }
    assert withdrawals.withdrawn("tiny", samples) == {"before": "erased", "then": "erased"}


def test_a_retraction_reaches_up_to_its_revision() -> None:
    """A later revision says something anew; another model's sample of the same id is another one."""
    withdrawals = folded(Retraction("tiny", "s", 1))
    assert [withdrawals.reason("tiny", "s", replace(SAMPLE, revision=revision)) for revision in (0, 1, 2)] == [
        "retracted",
        "retracted",
        None,
    ]
    assert withdrawals.reason("large", "s", SAMPLE) is None


def test_facts_may_come_twice_and_in_any_order() -> None:
    """The latest erasure of a user and the highest retracted revision count."""
    facts = (Erasure(USER, START), Erasure(USER, START - timedelta(days=1)), Retraction("tiny", "s", 3), Retraction("tiny", "s", 1))
    every = [folded(*order, *order) for order in itertools.permutations(facts)]
    assert all(one == every[0] for one in every)
    assert (every[0].erased[USER], every[0].retracted["tiny", "s"]) == (START, 3)


def test_what_is_kept_of_a_sample_has_no_text() -> None:
    """It comes back from JSON as it went in, and holds id, user, time and revision alone."""
    known = replace(KnownSample.of(correction(1)), trained=True)
    assert known_samples({"s": known.as_dict()}) == {"s": known}
    assert set(known.as_dict()) == {"revision", "user_hash", "occurred_at", "trained"}


def test_k3_a_move_to_another_model_takes_back_what_was_said_before_it() -> None:
    """What comes back to the former model at the same revision was said later, and stays."""
    withdrawals = folded(Retraction("tiny", "s", 1, until=START))
    known = [replace(SAMPLE, occurred_at=START + timedelta(seconds=seconds)) for seconds in (-1, 0, 1)]
    assert [withdrawals.reason("tiny", "s", one) for one in known] == ["retracted", "retracted", None]
    assert withdrawals.reason("tiny", "s", replace(known[2], revision=0)) == "retracted"


def test_k3_a_retraction_reaches_what_is_known_under_a_former_id_of_its_user() -> None:
    """A former id said nothing of the user, so another one's sample under it is not meant."""
    withdrawals = folded(Retraction("tiny", "new", 1, former_ids=("old",), user_hash=USER))
    assert withdrawals.reason("tiny", "old", SAMPLE) == "retracted"
    assert withdrawals.reason("tiny", "old", replace(SAMPLE, user_hash=sha("other"))) is None
    assert withdrawals.reason("tiny", "old", replace(SAMPLE, revision=2)) is None
