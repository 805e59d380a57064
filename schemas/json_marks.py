"""JSON that stays JSON where redaction took a number out of it."""

from __future__ import annotations

import json
import re
from typing import Final

# A string, whatever is in it, or a mark that stands in a number's place.
_STRING_OR_MARK: Final = re.compile(r'"(?:[^"\\]|\\.)*"|\[(?:AADHAAR|PAN|GSTIN|PHONE|EMAIL|UPI)\]')


def marks_as_strings(redacted: str) -> str:
    """The redacted text of a JSON object or list, its marks made strings where they stand for numbers; any other text as it is.

    >>> marks_as_strings('{"phone": [PHONE], "ask": "call [PHONE]"}')
    '{"phone": "[PHONE]", "ask": "call [PHONE]"}'
    >>> marks_as_strings("call [PHONE]")
    'call [PHONE]'
    """
    quoted = _STRING_OR_MARK.sub(lambda found: found[0] if found[0].startswith('"') else f'"{found[0]}"', redacted)
    try:
        return quoted if isinstance(json.loads(quoted), dict | list) else redacted
    except (ValueError, RecursionError):
        return redacted
