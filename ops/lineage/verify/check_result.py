"""What one check found."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Literal

State = Literal["ok", "differs", "unchecked"]


@dataclass(frozen=True, slots=True)
class CheckResult:
    """`ok`: computed again, and as recorded; `differs`: it is not; `unchecked`: it can't be computed any more, `detail` says why."""

    name: str
    state: State
    detail: str

    def as_dict(self) -> dict[str, str]:
        """JSON-ready."""
        return asdict(self)


def compared(name: str, found: str | None, recorded: str | None, what: str) -> CheckResult:
    """Two hashes: found now, and recorded then."""
    if recorded is None:
        return CheckResult(name, "unchecked", f"the record names no hash of {what}")
    if found == recorded:
        return CheckResult(name, "ok", f"sha256 {recorded[:12]}: {what}")
    now = "is not there" if found is None else f"now sha256 {found[:12]}"
    return CheckResult(name, "differs", f"{what}: {now}, the record says {recorded[:12]}")
