"""`python -m bench.grounding.frequencies`: writes `gpu_runner/text/grounding/frequencies.json` from ../shared/data.

The stems that stand in at least three of 10,000 sentences of EWT (English) and HDA (Hindi), which no case of the measures is made of.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from gpu_runner.text.grounding import frequency
from gpu_runner.text.grounding.reading import read_sentence

DATA: Final = Path(__file__).parents[3] / "shared" / "data"
LEAST: Final = 3
OF: Final = 10_000


def sentences() -> Iterator[tuple[str, str]]:
    """(language, sentence) of the two corpora."""
    for line in (DATA / "ewt" / "sentences.jsonl").read_text(encoding="utf-8").splitlines():
        yield "en", json.loads(line)["text"]
    for line in (DATA / "hda" / "HDA_train.tsv").read_text(encoding="utf-8").splitlines():
        yield "hi", max(line.split("\t"), key=len)


def main() -> None:
    """Counts and writes."""
    counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
    totals: Counter[str] = Counter()
    for language, text in sentences():
        totals[language] += 1
        counts[language].update({word.stem for word in read_sentence(text).words if word.stem.isascii() == (language == "en")})
    by_count: defaultdict[int, list[str]] = defaultdict(list)
    for language, found in counts.items():
        for stem, count in found.items():
            if (share := round(OF * count / totals[language])) >= LEAST:
                by_count[share].append(stem)
    told = {"of": OF, "stems": {str(count): " ".join(sorted(stems)) for count, stems in sorted(by_count.items())}}
    path = Path(frequency.__file__).with_name(frequency.FILE)
    path.write_text(json.dumps(told, ensure_ascii=False, indent=0) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
