"""`python -m bench.long_answers.common_words`: writes the common words of Hindi and English that are no names, from ../shared/data.

Stems of Hindi stories (HDA) and paragraphs (XQuAD), and of small-letter words of English sentences (EWT), each seen often enough.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from gpu_runner.evaluate.long_answers.lexicon import COMMON_WORDS
from gpu_runner.evaluate.long_answers.spelling import spelled
from gpu_runner.evaluate.long_answers.stems import stem
from gpu_runner.text.normalise import words

DATA: Final = Path(__file__).parents[3] / "shared/data"
LEAST: Final = {"en": 6, "hi": 6}
MOST: Final = 3_500


def common(texts: Iterable[str], least: int) -> list[str]:
    """The most frequent stems, most frequent first; words with a capital are left out."""
    counts: Counter[str] = Counter()
    for text in texts:
        for token in text.split():
            if not token[:1].isupper():
                counts.update(stem(spelled(word)) for word in words(token) if not any(char.isdigit() for char in word))
    return [word for word, count in counts.most_common(MOST) if count >= least and len(word) > 1]


def main() -> None:
    """Reads, counts and writes."""
    hindi = [
        line.split("\t")[0] for path in sorted((DATA / "hda").glob("*.tsv")) for line in path.read_text(encoding="utf-8").splitlines()[1:]
    ]
    english = [json.loads(line)["text"] for line in (DATA / "ewt/sentences.jsonl").read_text(encoding="utf-8").splitlines()]
    found = {"en": " ".join(common(english, LEAST["en"])), "hi": " ".join(common(hindi, LEAST["hi"]))}
    COMMON_WORDS.write_text(json.dumps(found, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    print({language: len(text.split()) for language, text in found.items()})


if __name__ == "__main__":
    main()
