"""Arguments of a tool call after redaction."""

from __future__ import annotations

import json

import pytest

from producers.redaction.redact import redact
from schemas.json_marks import marks_as_strings


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ('{"phone": 9876543210, "n": 4}', {"phone": "[PHONE]", "n": 4}),
        ('{"numbers": [9876543210, 9876543211]}', {"numbers": ["[PHONE]", "[PHONE]"]}),
        (r'{"text": "he said \"call 9876543210\"", "to": 9876543210}', {"text": 'he said "call [PHONE]"', "to": "[PHONE]"}),
    ],
)
def test_json_without_its_numbers_is_json(given: str, expected: object) -> None:
    """A mark in a number's place becomes a string; one within a string stays in it."""
    again = marks_as_strings(redact(given).text)
    assert json.loads(again) == expected
    assert redact(again).text == again


@pytest.mark.parametrize("text", ["call [PHONE]", "[PHONE]", '{"phone": [PHONE]', "{" * 100_000, '{"a": 1}', ""])
def test_other_text_stays_as_it_is(text: str) -> None:
    """What is no JSON, also with its marks quoted, or has no marks."""
    assert marks_as_strings(text) == text
