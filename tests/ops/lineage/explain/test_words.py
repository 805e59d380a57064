"""The page's sentences: whole in both languages, of the same figures."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import pytest

from gpu_runner.dataset import corrections, evaluation_items, prepare, split, training_rows
from gpu_runner.gate.decide import GuardState
from gpu_runner.gate.driver import DIMENSIONS
from gpu_runner.gate.policy import GUARDS
from ops.lineage.explain import words
from ops.lineage.explain.said import _why, guard_name
from ops.lineage.explain.words import Both, as_it_is, day, listed, named, points, sentences, tell
from schemas.conversation import ReasonCode
from schemas.events.sample_collected import LeftOut, NegativeClass

FIELD = re.compile(r"\{(\w+)")
# Figures and marks alone, or a name that is written the same in both.
SAME = ("why.percent", "trained.of_rows")


def test_every_sentence_is_there_in_both_languages_with_the_same_figures() -> None:
    """The Hindi is in Devanagari, the English has none, and each has every field of the other."""
    for key, both in sentences().items():
        assert re.search("[\u0900-\u097f]", both.hi) or key in SAME, key
        assert not re.search("[\u0900-\u097f]", both.en), key
        assert set(FIELD.findall(both.en)) == set(FIELD.findall(both.hi)), key


def test_every_sentence_is_used_and_every_used_one_is_there() -> None:
    """Keys that the code writes out; those that it puts together from a name are looked at below."""
    code = "".join(path.read_text(encoding="utf-8") for path in sorted(Path(words.__file__).parent.glob("*.py")))
    written = set(re.findall(r'tell\(\s*"(\w+\.\w+)"', code))
    assert written - sentences().keys() == set()
    sections = {name.partition(".")[0] for name in sentences()}
    assert all(f'"{section}' in code or f"{section}." in code for section in sections)


@pytest.mark.parametrize(
    ("section", "names"),
    [
        ("kind", (*get_args(NegativeClass), "negative", "none", *(f"left_{name}" for name in get_args(LeftOut)))),
        ("reason", get_args(ReasonCode)),
        ("guard", get_args(GuardState)),
        ("slice", DIMENSIONS),
    ],
)
def test_every_name_of_the_contract_has_words(section: str, names: tuple[str, ...]) -> None:
    """What is added to the contract is shown by its name; this says that it is missing here."""
    assert {f"{section}.{name}" for name in names} - sentences().keys() == set()


def test_every_guard_has_words() -> None:
    """Sets, languages, and both against the lineage's start."""
    told = [guard_name(name) for name in GUARDS if name not in ("languages", "lineage_start")]
    told += [guard_name(name) for name in ("language hi", "language ta", "lineage_start holdout", "lineage_start old_facts")]
    assert all(re.search("[\u0900-\u097f]", one.hi) for one in told)
    assert guard_name("lineage_start holdout").en == "set-aside questions, against the first version"
    assert guard_name("of tomorrow") == as_it_is("of tomorrow")


def test_every_reason_of_the_preparation_has_words() -> None:
    """By the constants of its modules, alone or behind the source that it is counted for; another one is shown by its name."""
    modules = (corrections, evaluation_items, prepare, split, training_rows)
    constants = {
        value
        for module in modules
        for name, value in vars(module).items()
        if name.isupper() and isinstance(value, str) and re.fullmatch(r"[a-z]+(_[a-z]+)+", value)
    }
    unknown = {name for name in constants - {"left_out"} if _why(name).en.startswith("another reason")}
    assert unknown == set()
    assert _why("earlier_contradicts_correction").en == "a correction says otherwise (what earlier versions learnt)"
    assert _why("of_tomorrow").hi == "कोई और कारण: of_tomorrow"


def test_fields_are_filled_by_language_and_number() -> None:
    """Counts choose between one and many; a value that has two languages stands in its own."""
    assert tell("trained.too_long", n=1).en == "1 training row was too long for the model and taught nothing."
    assert tell("trained.too_long", n=2000).en == "2,000 training rows were too long for the model and taught nothing."
    assert tell("set.in_language", language=named("language", "hi")) == ("of these in Hindi", "इनमें से हिंदी में")
    assert listed([Both("a", "क"), Both("b", "ख")]) == ("a, b", "क, ख")
    with pytest.raises(KeyError):
        tell("trained.too_long")


@pytest.mark.parametrize(
    ("share", "told"), [(0.234, "+23"), (-0.25, "−25"), (0.004, "+0.4"), (-0.0004, "0"), (0.0, "0"), (1.0, "+100"), (0.0099, "+1.0")]
)
def test_a_share_is_told_in_so_many_of_100(share: float, told: str) -> None:
    """With a sign and, below one, a decimal; nothing is no minus."""
    assert points(share) == told


def test_a_day_is_told_in_utc() -> None:
    """Whatever the offset; what is no time stays as it is."""
    assert day("2026-12-01T23:30:00-05:00") == ("2 December 2026, 04:30 UTC", "2 दिसंबर 2026, 04:30 UTC")
    assert day("?") == as_it_is("?")
