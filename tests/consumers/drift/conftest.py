"""Made-up documents of a few hundred words in two scripts, for the drift tests and the baseline that they share."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

import numpy as np

from consumers.drift.baseline.fit import BaselineDocument

HINDI = [
    "नदी", "पहाड़", "राजा", "किला", "मंदिर", "संगीत", "कविता", "गाँव", "शहर", "बाज़ार", "पुस्तक", "विद्यालय", "सेना",
    "युद्ध", "शांति", "वर्षा", "फसल", "किसान", "रेल", "सड़क", "भवन", "मूर्ति", "चित्र", "नाटक",
]  # fmt: skip
ENGLISH = [
    "river", "hill", "king", "fort", "temple", "music", "poem", "village", "city", "market", "book", "school", "army",
    "war", "peace", "rain", "harvest", "farmer", "rail", "road",
]  # fmt: skip
NOVEL = [
    "quartz", "plasma", "enzyme", "neutron", "vector", "tensor", "photon", "isotope", "catalyst", "polymer",
]  # fmt: skip
FIRST_DAY = date(2026, 11, 2)


def made_documents(count: int, seed: int, *, novel: float = 0.0, english: float = 0.3, days: int = 28) -> list[BaselineDocument]:
    """Documents in runs of one source; `novel` of them speak of what the baseline never does."""
    rng = np.random.default_rng(seed)
    found: list[BaselineDocument] = []
    while len(found) < count:
        source = f"source-{rng.integers(400)}"
        kind = rng.random()
        words: Sequence[str] = NOVEL if kind < novel else ENGLISH if kind < novel + english else HINDI
        for _ in range(int(rng.integers(1, 5))):
            text = " ".join(rng.choice(words, size=int(rng.integers(6, 14)))) + ("।" if words is HINDI else ".")
            found.append(BaselineDocument(text, source, FIRST_DAY + timedelta(days=len(found) * days // count)))
    return found[:count]
