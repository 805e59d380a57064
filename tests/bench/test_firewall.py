"""The short form of `make bench-firewall`: templates by words, and where the extra is installed the bench's own questions by meaning."""

from __future__ import annotations

import pytest

from bench.firewall.material import LANGUAGES, Corpus, own_corpus
from bench.firewall.measure import Count, measure
from bench.firewall.templates import templated
from bench.firewall.trial import FREE, trial
from gpu_runner.dataset.firewall.embedder import installed_embedder

pytestmark = pytest.mark.process


def merged(corpus: Corpus, **fields: object) -> dict[str, Count]:
    """The counts of both languages by the first word of a kind."""
    total: dict[str, Count] = {}
    for language in LANGUAGES:
        for kind, count in measure(trial(corpus, language), **fields).items():  # type: ignore[arg-type]
            one = total.setdefault(kind.partition(":")[0], Count())
            one.of += count.of
            one.found += count.found
    return total


@pytest.mark.parametrize("things_of_a_city", [1, 4])
def test_templates_by_words(things_of_a_city: int) -> None:
    """Exact and variant 100 %, near-duplicates 97 %, and at most 0.5 % of the other questions of the templates."""
    asked, held = templated("final", things_of_a_city=things_of_a_city)
    counts = merged(Corpus("templates", "final", tuple(asked), held), embedder=None)
    assert counts["exact"].found == counts["exact"].of >= 200
    assert counts["variant"].found == counts["variant"].of >= 1000
    assert counts["near-duplicate"].found >= 0.97 * counts["near-duplicate"].of
    assert counts[FREE].found <= 0.005 * counts[FREE].of
    assert counts["paraphrase"].found < 0.5 * counts["paraphrase"].of  # what words alone don't find


def test_free_paraphrases_and_translations_by_meaning() -> None:
    """Of the bench's own questions 97 % each, where embeddings are installed."""
    embedder = installed_embedder()
    if embedder is None:
        pytest.skip("the extra `firewall` is not installed")
    counts = merged(own_corpus(), embedder=embedder)
    assert counts["paraphrase"].found >= 0.9 * counts["paraphrase"].of == 72
    assert counts["translation"].found >= 0.9 * counts["translation"].of
