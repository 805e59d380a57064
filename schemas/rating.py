"""A rating on a stated scale, normalised to a score in [-1, 1]; the raw value is kept, an unknown scale is refused."""

from __future__ import annotations

import math
from typing import Final, Literal

from pydantic import BaseModel, Field, StrictBool, StrictFloat, StrictStr, model_validator

from schemas.fields import EVENT_CONFIG

Scale = Literal["stars_1_5", "thumbs", "unit_interval", "signed_unit"]

_THUMBS: Final = {"up": 1.0, "down": -1.0}
_EXPECTED: Final = {
    # Exports have 1 and -1 in a column of thumbs, and null where nobody rated: what they mean is the exporter's to say.
    "thumbs": "'up', 'down', true or false (1 and -1 are on the scale signed_unit)",
    "stars_1_5": "a number from 1 to 5",
    "unit_interval": "a number from 0 to 1",
    "signed_unit": "a number from -1 to 1",
}


def _shown(value: object) -> str:
    # A message goes into logs and headers: a string or a long number there may be what a user wrote, a telephone number even.
    if isinstance(value, str):
        return f"(a string of {len(value)} characters)"
    if value is None:
        return "null"
    if not isinstance(value, bool | int | float):
        return "(no single value)"
    return repr(value) if -1000 < value < 1000 else "(a number)"


def _off_scale(scale: str, value: object) -> ValueError:
    return ValueError(f"rating.value {_shown(value)} is not on the scale {scale}: expected {_EXPECTED[scale]}")


def normalise(scale: str, value: object) -> float:
    """The score in [-1, 1] of a raw value: stars (v-3)/2, thumbs up 1 and down -1, unit interval 2v-1.

    Raises ValueError that names the scale, the value and what the scale takes, whatever the value is.

    >>> normalise("stars_1_5", 2)
    -0.5
    >>> normalise("thumbs", "down")
    -1.0
    """
    if scale not in _EXPECTED:
        raise ValueError(f"rating.scale is unknown: expected one of {', '.join(_EXPECTED)}")
    if scale == "thumbs":
        if isinstance(value, bool):
            return 1.0 if value else -1.0
        if isinstance(value, str) and value in _THUMBS:
            return _THUMBS[value]
        raise _off_scale(scale, value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _off_scale(scale, value)
    try:
        number = float(value)
    except OverflowError:  # JSON takes integers of any length
        number = math.inf
    if scale == "stars_1_5" and 1 <= number <= 5:
        return (number - 3) / 2
    if scale == "unit_interval" and 0 <= number <= 1:
        return 2 * number - 1
    if scale == "signed_unit" and -1 <= number <= 1:
        return number
    raise _off_scale(scale, value)


def checked_score(scale: str, value: object, given: object) -> float:
    """The score of a raw value; raises ValueError as `normalise` does, and where a score that came with it contradicts it."""
    score = normalise(scale, value)
    if given is not None and not (isinstance(given, int | float) and -1 <= given <= 1 and math.isclose(given, score, abs_tol=1e-6)):
        raise ValueError(f"rating.score contradicts rating.value {_shown(value)} on {scale}: expected {score}")
    return score


class Rating(BaseModel):
    """A raw value on its scale, and its score; a score that contradicts the value is refused."""

    model_config = EVENT_CONFIG
    scale: Scale
    value: StrictBool | StrictFloat | StrictStr
    score: float = Field(ge=-1, le=1, allow_inf_nan=False)

    @model_validator(mode="before")
    @classmethod
    def _score_it(cls, data: object) -> object:
        if not isinstance(data, dict) or "scale" not in data or "value" not in data:
            return data
        value = data["value"]
        score = checked_score(str(data["scale"]), value, data.get("score"))
        return {**data, "value": float(value) if isinstance(value, int) and not isinstance(value, bool) else value, "score": score}
