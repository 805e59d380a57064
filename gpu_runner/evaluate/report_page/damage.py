"""The comparison of both sides' damaged words (`gpu_runner.gate.written_damage`) as the cells of one row."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

DAMAGE_FIGURES: Final = ("items", "baseline", "candidate", "p_value", "more")


def damage_cells(found: Mapping[str, Any]) -> tuple[str, ...]:
    """In the order of DAMAGE_FIGURES, the last one `yes` or `no`.

    >>> damage_cells({"items": 200, "baseline": 0.012, "candidate": 0.0581, "p_value": 0.0001, "more": True})
    ('200', '0.0120', '0.0581', '0.0001', 'yes')
    """
    shares = (f"{found[name]:.4f}" for name in ("baseline", "candidate", "p_value"))
    return (str(found["items"]), *shares, "yes" if found["more"] else "no")
