"""scikit-learn in its own environment: what its character n-grams of a document cost."""

from __future__ import annotations

import json
import sys
import time
from importlib.metadata import version
from pathlib import Path
from typing import Final

from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer

CHOSEN: Final = {"analyzer": "char_wb", "ngram_range": (2, 4)}


def main() -> None:
    """Reads the request named on the command line; prints version and, by vectorizer, the CPU time a document of its fastest batch."""
    asked = json.loads(sys.argv[1])
    reference, stream = (json.loads(Path(asked[name]).read_text(encoding="utf-8")) for name in ("reference", "stream"))
    size, found = asked["batch"], {}
    for vectorizer in (CountVectorizer(**CHOSEN), TfidfVectorizer(**CHOSEN)):
        vectorizer.fit(reference)
        best = float("inf")
        for first in range(0, len(stream) - size + 1, size):
            began = time.process_time()
            vectorizer.transform(stream[first : first + size])
            best = min(best, time.process_time() - began)
        found[type(vectorizer).__name__] = best / size * 1e6
    print(json.dumps({"version": version("scikit-learn"), "us_per_doc": found}))


if __name__ == "__main__":
    main()
