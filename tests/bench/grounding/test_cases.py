from __future__ import annotations

from collections import Counter, defaultdict

import pytest

from bench.grounding.cases import KINDS, GroundingCase, cases
from bench.grounding.edits import both_ways, pairs
from bench.grounding.material import LANGUAGES, folds_of, half_of
from bench.grounding.negation import denies


@pytest.mark.process
def test_every_kind_has_as_many_supported_cases_as_unsupported_ones_and_two_hundred_at_least(of_the_data: list[GroundingCase]) -> None:
    """In each language, and in halves that are both there."""
    counts = Counter((case.kind, case.language, case.supported, case.split) for case in of_the_data)
    for kind in KINDS:
        for language in LANGUAGES:
            right, wrong = ([counts[kind, language, supported, half] for half in ("tuning", "final")] for supported in (True, False))
            assert right == wrong
            assert sum(right) + sum(wrong) >= 200
            assert min(right) >= 40


@pytest.mark.process
def test_the_claims_of_a_pair_differ_and_have_the_same_sources(of_the_data: list[GroundingCase]) -> None:
    """And no id is there twice."""
    assert len({case.id for case in of_the_data}) == len(of_the_data)
    of_pair = defaultdict(list)
    for case in of_the_data:
        of_pair[case.id.rsplit("/", 1)[0]].append(case)
    for one, other in of_pair.values():
        assert {one.supported, other.supported} == {True, False}
        assert (one.sources, one.question, one.article) == (other.sources, other.question, other.article)
        assert one.claim != other.claim


@pytest.mark.process
def test_no_unsupported_claim_of_a_single_fault_stands_in_its_passage(of_the_data: list[GroundingCase]) -> None:
    """Word for word; an answer to another question does, by its nature."""
    assert [
        case.id
        for case in of_the_data
        if not case.supported and case.kind != "same_paragraph" and any(case.claim in text for text in case.sources)
    ] == []


@pytest.mark.process
@pytest.mark.parametrize("language", LANGUAGES)
def test_as_many_right_claims_deny_as_wrong_ones(of_the_data: list[GroundingCase], language: str) -> None:
    """So that a scorer which sees no source has nothing to go by."""
    found = [case for case in of_the_data if (case.kind, case.language) == ("negation", language)]
    right, wrong = (sum(denies(case.claim, language) for case in found if case.supported is supported) for supported in (True, False))
    assert right == pytest.approx(wrong, rel=0.2)


@pytest.mark.process
def test_a_turned_passage_says_what_the_right_claim_says(of_the_data: list[GroundingCase]) -> None:
    """Word for word where no synonym was put in."""
    turned = [case for case in of_the_data if case.detail.endswith("turned") and case.supported]
    assert len(turned) > 600
    assert sum(case.claim in case.sources[0] for case in turned) > len(turned) / 4


@pytest.mark.process
def test_a_seed_makes_the_same_cases_and_another_seed_others(of_the_data: list[GroundingCase]) -> None:
    """What was measured can be measured again."""
    again, other = (cases(seed, ("changed_number",), ("hi",)) for seed in (0, 1))
    assert again == [case for case in of_the_data if (case.kind, case.language) == ("changed_number", "hi")]
    assert again != other


@pytest.mark.process
def test_a_wrong_answer_of_the_same_paragraph_is_the_answer_to_another_question_of_it(of_the_data: list[GroundingCase]) -> None:
    """And shares no answer with its own."""
    answers = defaultdict(set)
    for case in of_the_data:
        if case.kind == "same_paragraph" and case.supported:
            answers[case.language, case.sources].add(case.claim)
    wrong = [case for case in of_the_data if case.kind == "same_paragraph" and not case.supported]
    assert sum(case.claim in answers[case.language, case.sources] for case in wrong) > 0.95 * len(wrong)


def test_an_article_is_of_one_half_and_folds_are_of_one_size() -> None:
    """The same in every process: the split is by a keyed hash, not by Python's."""
    articles = [f"article {number}" for number in range(48)]
    assert Counter(half_of(article) for article in articles).keys() == {"tuning", "final"}
    assert sorted(Counter(folds_of(articles).values()).values()) == [9, 9, 10, 10, 10]
    assert folds_of(articles) == folds_of(reversed(articles))
    assert [half_of(article) for article in ("Normans", "Genghis_Khan", "Prime_number")] == ["final", "tuning", "tuning"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_list_of_opposites_has_eighty_pairs_and_none_of_a_word_with_itself(language: str) -> None:
    """Each word of a pair turns into another one, and no pair is there twice."""
    listed = pairs("antonyms", language)
    assert len(set(listed)) == len(listed) >= 80
    assert all(word != opposite for word, opposite in both_ways("antonyms", language).items())


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_synonym_is_an_opposite(language: str) -> None:
    """A word put in without a change of meaning is none that the other list puts in to change it."""
    opposites = both_ways("antonyms", language) | both_ways("relations", language)
    assert [(word, synonym) for word, synonym in pairs("synonyms", language) if opposites.get(word) == synonym] == []
