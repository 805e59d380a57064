"""Field types that several events share, each with the limits that every reader may rely on."""

from __future__ import annotations

import re
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

# Unknown fields are ignored on reading, so that a newer producer's optional field does no harm (full compatibility
# inside a version); the HTTP edges refuse them, because there an unknown field is a caller's mistake.
EVENT_CONFIG: Final = ConfigDict(frozen=True, extra="ignore", str_strip_whitespace=False, ser_json_inf_nan="strings")


# What no attribute of a CloudEvent may hold (1.0.2, section 3), and an identifier becomes one.
FORBIDDEN_CHARACTERS: Final = r"\x00-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff"
_FORBIDDEN: Final = re.compile(f"[{FORBIDDEN_CHARACTERS}]")


def _no_control_characters(name: str) -> str:
    if not name.isprintable() and _FORBIDDEN.search(name):
        raise ValueError("expected no control characters")
    return name


NoControlCharacters: Final = AfterValidator(_no_control_characters)
Identifier = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\s\x00-\x1f]+$"), NoControlCharacters]
ModelId = Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=r"^[a-z0-9][a-z0-9._-]*$")]
Version = Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
UserHash = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32,64}$")]
# The shape of a well-formed tag of BCP 47 (RFC 5646, section 2.1): a language, subtags of it, extensions behind a singleton, private use; a
# tag of private use alone; `i-` of the grandfathered ones. The order of the subtags is not looked at. The first subtag is in lower case, so
# that a language has one name; 35 characters hold every tag without extensions (section 4.4.1).
LANGUAGE_TAG: Final = (
    r"([a-z]{2,8}|i-[A-Za-z]{2,8})(-[A-Za-z0-9]{2,8})*(-[A-WYZa-wyz0-9](-[A-Za-z0-9]{2,8})+)*(-[xX](-[A-Za-z0-9]{1,8})+)?"
    r"|x(-[A-Za-z0-9]{1,8})+"
)
Language = Annotated[str, StringConstraints(pattern=f"^({LANGUAGE_TAG})$", max_length=35)]
Tag = Annotated[str, StringConstraints(min_length=1, max_length=100)]
Offset = Annotated[int, Field(ge=0)]

Rule = Literal["count", "drift", "schedule", "operator"]


def no_nul(text: str) -> str:
    """The text itself; raises ValueError where it holds the NUL character, which no store of ours takes."""
    if "\x00" in text:
        raise ValueError("must not contain the NUL character")
    return text


Group = Annotated[str, StringConstraints(min_length=1, max_length=500), AfterValidator(no_nul)]
Title = Annotated[str, StringConstraints(max_length=500), AfterValidator(no_nul)]
Query = Annotated[str, StringConstraints(max_length=16_384), AfterValidator(no_nul)]
Answer = Annotated[str, StringConstraints(max_length=32_768), AfterValidator(no_nul)]
DocumentText = Annotated[str, StringConstraints(min_length=1, max_length=262_144), AfterValidator(no_nul)]
Reason = Annotated[str, StringConstraints(max_length=2_000)]


class Provenance(BaseModel):
    """Where a derived record came from: the input record it was made of."""

    model_config = EVENT_CONFIG
    topic: str
    partition: int = Field(ge=0)
    offset: Offset


class SampleRef(BaseModel):
    """A leased sample: its id and revision, and where its record lies in `sample.collected`; never its text."""

    model_config = EVENT_CONFIG
    sample_id: Sha256
    revision: int = Field(ge=0)
    partition: int = Field(ge=0)
    offset: Offset


LoraRank = Annotated[int, Field(ge=1, le=1024)]
LoraAlpha = Annotated[int, Field(ge=1, le=4096)]
LearningRate = Annotated[float, Field(gt=0, le=1, allow_inf_nan=False)]
Epochs = Annotated[int, Field(ge=1, le=1000)]
BatchSize = Annotated[int, Field(ge=1, le=4096)]
MaxSeqLength = Annotated[int, Field(ge=8, le=1_048_576)]


class Hyperparameters(BaseModel):
    """Overrides of a training run; None leaves the hyperparameter to `TRAINING_*`, then to the default.

    Fields and defaults are the seed's: rank 16, alpha 32, learning rate 2e-4, 3 epochs, batch 4, 2,048 tokens.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    lora_rank: LoraRank | None = None
    lora_alpha: LoraAlpha | None = None
    learning_rate: LearningRate | None = None
    epochs: Epochs | None = None
    batch_size: BatchSize | None = None
    max_seq_length: MaxSeqLength | None = None
