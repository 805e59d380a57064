"""How a child ended says whether trying again can help."""

from __future__ import annotations

import pytest

from gpu_runner.child.exit import read_end


@pytest.mark.parametrize(
    ("kind", "retryable"),
    [("no_data", False), ("bad_base", False), ("bad_data", False), ("non_finite", False), ("out_of_memory", True), ("internal", True)],
)
def test_reported_errors_keep_their_kind(kind: str, retryable: bool) -> None:
    """Only what the same inputs need not meet again is worth another attempt."""
    end = read_end(3, {"event": "error", "kind": kind, "message": "what happened"})
    assert (end.kind, end.retryable) == (kind, retryable)
    assert "what happened" in end.message


def test_a_killed_child_is_an_infrastructure_failure() -> None:
    """A signal, an unknown exit code and an unknown kind may all pass by another time."""
    assert read_end(-9, None).message == "the child was killed by SIGKILL (out of memory?)"
    assert all(read_end(code, None).retryable for code in (-9, -11, 1, 3, 143))
    assert read_end(3, {"kind": "novel", "message": ""}).kind == "internal"


def test_success_is_only_exit_code_0() -> None:
    """A reported error after a clean exit does not undo it, and no other code is success."""
    assert read_end(0, None).kind == "done"
    assert read_end(1, {"kind": "bad_base", "message": "x"}).kind == "crashed"
