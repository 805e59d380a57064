"""The order in which items are asked."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gpu_runner.dataset.rows import EvaluationItem
from gpu_runner.evaluate.engine.order import spread, stratified


@given(st.lists(st.sampled_from(["hi", "en", "mr"]), min_size=1, max_size=120))
def test_every_beginning_holds_each_language_by_its_share(languages: list[str]) -> None:
    """Of the first k items as many of a language as its share says, but for one for each language."""
    order = spread([[language] for language in languages], [str(number) for number in range(len(languages))])
    assert sorted(order) == list(range(len(languages)))
    for name in set(languages):
        share = languages.count(name) / len(languages)
        for first in range(1, len(order) + 1):
            found = sum(languages[place] == name for place in order[:first])
            assert abs(found - share * first) <= len(set(languages))


def test_languages_sources_and_kinds_are_spread_whatever_the_files_order() -> None:
    """All Hindi first, long answers last: the first tenth has a tenth of each; another order of the file changes nothing."""
    items = [
        EvaluationItem(
            f"{language}-{number}", "dataset", f"q{number}", ("It is a long answer of words." if number >= 80 else "Agra",), language,
            f"topic-{number % 10}", source=f"source {number % 4}",
        )
        for language in ("hi", "en")
        for number in range(100)
    ]  # fmt: skip
    first = [items[place] for place in stratified(items)[:20]]
    assert abs(sum(item.language == "hi" for item in first) - 10) <= 1
    assert abs(sum(len(item.answers[0].split()) > 5 for item in first) - 4) <= 2
    assert len({item.group for item in first}) >= 6
    turned = items[::-1]
    assert [turned[place].id for place in stratified(turned)] == [items[place].id for place in stratified(items)]
