"""Ratings: each scale to [-1, 1], and nothing guessed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from schemas.rating import Rating, normalise


@given(
    st.one_of(
        st.tuples(st.just("stars_1_5"), st.floats(1, 5) | st.integers(1, 5)),
        st.tuples(st.just("unit_interval"), st.floats(0, 1) | st.integers(0, 1)),
        st.tuples(st.just("signed_unit"), st.floats(-1, 1) | st.integers(-1, 1)),
        st.tuples(st.just("thumbs"), st.sampled_from(["up", "down", True, False])),
    )
)
def test_a_rating_round_trips_with_its_raw_value(case: tuple[str, float | str | bool]) -> None:
    """The score lies in [-1, 1]; JSON and back keeps raw value, its type, and score."""
    scale, value = case
    rating = Rating.model_validate({"scale": scale, "value": value})
    assert -1 <= rating.score <= 1
    assert rating.score == normalise(scale, value)
    again = Rating.model_validate_json(rating.model_dump_json())
    assert again == rating
    assert type(again.value) is type(rating.value)


@given(st.floats(1, 5), st.floats(1, 5))
def test_more_stars_are_never_a_lower_score(one: float, other: float) -> None:
    """The order of raw values is the order of scores."""
    assert (one <= other) == (normalise("stars_1_5", one) <= normalise("stars_1_5", other)) or one > other


@pytest.mark.parametrize(
    ("scale", "value", "message"),
    [
        ("stars_1_5", 0, "expected a number from 1 to 5"),
        ("stars_1_5", float("nan"), "expected a number from 1 to 5"),
        ("stars_1_5", "2", "expected a number"),
        ("stars_1_5", True, "expected a number"),
        ("unit_interval", 1.01, "expected a number from 0 to 1"),
        ("signed_unit", float("inf"), "expected a number from -1 to 1"),
        ("thumbs", 1, "expected 'up', 'down', true or false"),
        ("thumbs", "sideways", "expected 'up', 'down', true or false"),
        ("stars_1_10", 7, "rating.scale is unknown: expected one of"),
        ("stars_1_5", 10**400, "expected a number from 1 to 5"),
    ],
)
def test_a_value_off_its_scale_is_refused(scale: str, value: object, message: str) -> None:
    """The error names what the scale takes, and the scales where it is unknown."""
    with pytest.raises(ValueError, match=message):
        normalise(scale, value)


def test_a_score_that_contradicts_its_value_is_refused() -> None:
    """A record cannot say two stars and a score of 1."""
    with pytest.raises(ValidationError, match=r"rating.score contradicts rating.value 2 on stars_1_5: expected -0.5"):
        Rating.model_validate({"scale": "stars_1_5", "value": 2, "score": 1})


def test_a_long_string_is_not_repeated() -> None:
    """What may be user text stays out of the message."""
    with pytest.raises(ValueError, match=r"\(a string of 30 characters\)"):
        normalise("thumbs", "मेरा आधार नंबर 234123412346 है")
