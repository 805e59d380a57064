"""`python -m bench.rounds.planned_runner`: the training runner, whose child plans each job and trains nothing."""

from __future__ import annotations

import sys
from typing import Final

from gpu_runner.__main__ import main

CHILD: Final = ("-m", "bench.rounds.planned_child")

if __name__ == "__main__":
    sys.exit(main(CHILD))
