"""The gate's policy as a file: strict, told in full, and the one that the bootstrap wrote."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gpu_runner.dataset.rows import EvaluationItem, json_lines
from gpu_runner.gate.policy import GUARDS, Policy, PolicyError, policy_text
from gpu_runner.versions.gate_policy_file import MOST_BYTES, active_policy, parse_policy, write_policy
from runtime.artifacts.local import LocalStore

ITEMS_KEY = "eval_data/tiny/registered/items.jsonl"


def parsed(text: str) -> Policy:
    """A policy file of a model in Marathi."""
    return parse_policy(text.encode(), languages=("mr",))


def test_k11_what_is_written_reads_back() -> None:
    """Every field is in the file with a word on it, and nothing changes on the way."""
    policy = Policy(alpha=0.01, margin=0.1, languages=("mr", "en"), guards=("holdout", "languages"), min_guard_items=7)
    text = policy_text(policy)
    assert parsed(text) == policy
    assert all(f"\n{name}: " in text for name in policy.as_dict())


def test_k11_what_is_left_out_has_its_default_and_the_languages_of_the_model() -> None:
    """An empty file is the policy of this release; a file may name one field alone."""
    assert parsed("") == parsed("# nothing\n") == Policy(languages=("mr",))
    assert parsed("margin: 0.1\nlanguages: [hi]\n") == Policy(margin=0.1, languages=("hi",))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("margins: 0.1", "field 'margins' is not known"),
        ("1: 0.1", "field 1 is not known"),
        ("- margin", "expected fields, one a line"),
        ("margin", "expected fields, one a line"),
        ("margin: 0.1\nmargin: 0.2", "field 'margin' comes twice"),
        ("margin: [0.1", "not YAML"),
        ("margin: !!python/object/apply:os.getcwd []", "not YAML"),
        ("margin: '0.1'", "field margin is '0.1': expected a number above 0, at most 1"),
        ("margin: true", "field margin is True"),
        ("margin: .nan", "field margin is nan"),
        ("margin: .inf", "field margin is inf"),
        ("margin: 0", "field margin is 0"),
        ("margin: -0.05", "field margin is -0.05"),
        ("margin: 5", "field margin is 5"),
        ("margin: null", "field margin is None"),
        ("alpha: 0.9", "field alpha is 0.9"),
        ("lineage_margin: 2", "field lineage_margin is 2"),
        ("latency_margin: 11", "field latency_margin is 11"),
        ("languages: hi", "field languages is 'hi': expected a list"),
        ("languages: []", "field languages is []"),
        ("languages: [no]", "field languages has False"),
        ("languages: [Hindi]", "field languages has 'Hindi'"),
        ("languages: [hi-IN]", "field languages has 'hi-IN'"),
        ("languages: [hi, hi]", "field languages names something twice"),
        ("guards: [holdout, oldfacts]", "field guards has 'oldfacts'"),
        ("guards: {holdout: 1}", "field guards is {'holdout': 1}"),
        ("min_guard_items: 0", "field min_guard_items is 0: expected a whole number from 1 to 300"),
        ("min_guard_items: 301", "field min_guard_items is 301"),
        ("min_guard_items: 20.0", "field min_guard_items is 20.0"),
        ("min_primary_groups: true", "field min_primary_groups is True"),
        ("? {a: b}\n: 1", "YAML"),
        ("a: &a [*a]", "field 'a' is not known"),
    ],
)
def test_k11_a_policy_that_says_something_else_is_refused_by_field(text: str, told: str) -> None:
    """A misspelt field would guard nothing."""
    with pytest.raises(PolicyError) as error:
        parsed(text)
    assert told in str(error.value)
    assert len(str(error.value)) < 500


@pytest.mark.parametrize(("content", "told"), [(b"margin: \xff", "not UTF-8 at byte 9"), (b"#" * (MOST_BYTES + 1), "at most 65536")])
def test_a_file_that_is_no_policy_is_refused(content: bytes, told: str) -> None:
    """Other encodings and other files."""
    with pytest.raises(PolicyError, match=told):
        parse_policy(content, languages=("hi",))


def test_k11_a_model_without_a_file_has_this_releases_policy_in_its_own_languages(tmp_path: Path) -> None:
    """Models of earlier releases: the languages of their registered items; both where not even those are there."""
    store = LocalStore(tmp_path)
    assert active_policy(store, "tiny", items_key=ITEMS_KEY).policy == Policy()
    items = [EvaluationItem(str(n), "holdout", f"q {n}", ("a",), "mr", "g") for n in range(3)]
    store.write_bytes(ITEMS_KEY, json_lines(items))
    found = active_policy(store, "tiny", items_key=ITEMS_KEY)
    assert found.policy == Policy(languages=("mr",))
    assert found.named() is None


def test_k11_a_policy_that_was_changed_or_is_gone_is_refused(tmp_path: Path) -> None:
    """The record names its hash, so that no run is judged by what nobody decided."""
    store = LocalStore(tmp_path)
    written = write_policy(store, "tiny", Policy(margin=0.1, languages=("hi",)))
    assert written.key is not None
    store.write_bytes("finetuned/tiny/v0/decision.json", json.dumps({"gate_policy": written.named()}).encode())
    assert active_policy(store, "tiny", items_key=ITEMS_KEY) == written
    store.write_bytes(written.key, store.read_bytes(written.key).replace(b"margin: 0.1", b"margin: 0.9"))
    with pytest.raises(PolicyError, match="put the original back"):
        active_policy(store, "tiny", items_key=ITEMS_KEY)
    (tmp_path / written.key).unlink()
    with pytest.raises(PolicyError, match="can't be read"):
        active_policy(store, "tiny", items_key=ITEMS_KEY)


def test_every_known_guard_is_in_the_default() -> None:
    """A guard that no policy lists would be dead code."""
    assert Policy().guards == GUARDS
