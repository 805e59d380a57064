"""What the drill hears of its instances."""

from __future__ import annotations

import json
from pathlib import Path

from bench.drill.fleet import last_error


def test_what_refuses_to_start_says_why_in_its_log(tmp_path: Path) -> None:
    """The newest failure; noise, other errors and a line that was cut by a kill are none."""
    log = tmp_path / "consumers.log"
    assert last_error(log) == ""
    lines = [{"event": "stream processor failed", "error": error} for error in ("fenced", "feedback has 12 partitions")]
    log.write_text(
        "".join(json.dumps(line) + "\n" for line in [*lines, {"event": "restored"}, {"event": "x", "error": "y"}]) + "[1]\nnoise\n"
    )
    assert last_error(log) == "feedback has 12 partitions"
    with log.open("a") as handle:
        handle.write(json.dumps({"event": "stream processor failed", "error": "cut"})[:-4])
    assert last_error(log) == "feedback has 12 partitions"
