"""`python -m bench.script.learn --out FILE`: the base vocabulary of the lexical check, from the training split of HDA (MIT licence)."""

from __future__ import annotations

import argparse
import json
from collections import defaultdict
from pathlib import Path
from typing import Any, Final

from bench.script.material import stories
from gpu_runner.text.script.lexical import count_words

OUT: Final = Path(__file__).parents[2] / "gpu_runner" / "text" / "script" / "base_words.json"


def vocabulary() -> dict[str, Any]:
    """The words by their count, with the source."""
    by_count: defaultdict[int, list[str]] = defaultdict(list)
    for word, count in count_words(stories("train")).items():
        by_count[count].append(word)
    return {
        "source": "midas-research/hindi-nli-data, HDA_train.tsv: Hindi stories",
        "licence": "MIT, Copyright (c) 2019 MIDAS, IIIT Delhi",
        "made_by": "python -m bench.script.learn",
        "words_by_count": {str(count): " ".join(sorted(by_count[count])) for count in sorted(by_count)},
    }


def main() -> None:
    """Learn and write."""
    parser = argparse.ArgumentParser(prog="python -m bench.script.learn", description=__doc__)
    parser.add_argument("--out", type=Path, default=OUT, help="where the vocabulary goes (default: where the project reads it)")
    options = parser.parse_args()
    text = json.dumps(vocabulary(), ensure_ascii=False, indent=0) + "\n"
    options.out.write_text(text, encoding="utf-8")
    print(f"{options.out}: {len(text.encode()) / 1000:.0f} kB")


if __name__ == "__main__":
    main()
