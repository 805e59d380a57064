"""`python -m bench.firewall.background`: the questions of `gpu_runner/dataset/firewall/background.jsonl`, of this project's own cases."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Final

from gpu_runner.dataset.rows import guess_language

CASES: Final = Path(__file__).parents[1] / "complaints"
OUT: Final = Path(__file__).parents[2] / "gpu_runner" / "dataset" / "firewall" / "background.jsonl"
OF_A_SCRIPT: Final = 120
LEAST_WORDS: Final = 4


def main() -> None:
    """Choose by hash and write."""
    queries = {
        json.loads(line)["query"].strip()
        for name in ("cases", "cases_by_others", "more_cases")
        for line in (CASES / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
    }
    long = (query for query in queries if len(query.split()) >= LEAST_WORDS)
    ranked = sorted(long, key=lambda query: hashlib.sha256(query.encode()).digest())
    lines = []
    for script in ("en", "hi"):
        of_script = [query for query in ranked if guess_language(query) == script and (script == "hi" or query.isascii())]
        lines += [json.dumps({"question": query}, ensure_ascii=False) for query in of_script[:OF_A_SCRIPT]]
    OUT.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(f"{len(lines)} questions")


if __name__ == "__main__":
    main()
