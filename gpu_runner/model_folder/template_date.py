"""A chat template's `strftime_now` under a given date, so that the same job gives the same tokens on any day. Torch-free."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Final

NAME: Final = "strftime_now"
# C99's and glibc's directives; those that begin with % and - write a number without its leading zero.
_DIRECTIVES: Final = "aAbBcCdDeFgGhHIjklmMnprRSstTuUVwWxXyYzZ"
_UNPADDED: Final = "dHIjmMSUWy"
_PERCENT: Final = "\x00"


def with_date(template: str, date: datetime) -> str:
    """The template with `strftime_now` defined as a macro that writes `date`; one that does not use it is returned as it is.

    transformers takes no function from outside (it turns what a template is given into plain data), and its own reads the clock.
    """
    if NAME not in template:
        return template
    values = {f"%-{name}": date.strftime(f"%-{name}") for name in _UNPADDED} | {
        f"%{name}": date.strftime(f"%{name}") for name in _DIRECTIVES
    }
    steps = [("%%", _PERCENT), *values.items(), (_PERCENT, "%")]
    written = "format" + "".join(f".replace({json.dumps(old)}, {json.dumps(new, ensure_ascii=False)})" for old, new in steps)
    # transformers trims the line end behind a block, so nothing but the macro is added.
    return f"{{% macro {NAME}(format) %}}{{{{ {written} }}}}{{% endmacro %}}\n{template}"
