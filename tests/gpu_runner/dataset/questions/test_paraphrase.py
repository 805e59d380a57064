"""The reworder: other wordings of any question, the same every time, divided between training and test for ever."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gpu_runner.dataset.formats.squad import SquadParagraph
from gpu_runner.dataset.questions import phrases as wordings
from gpu_runner.dataset.questions.paraphrase import paraphrase, question_key, split_paraphrases
from gpu_runner.dataset.rows import Language

LANGUAGES: tuple[Language, ...] = ("hi", "en")
QUESTIONS = st.one_of(
    st.text(min_size=1, max_size=40),
    st.sampled_from(["ताज महल", "कब", "When", "founded", "कृपया बताइए,", "is", "क्या है", "?", "।", "Please tell me:", "taj mahal kahan hai"]),
).filter(question_key)

Xquad = Callable[[str], tuple[SquadParagraph, ...]]


@given(st.lists(QUESTIONS, min_size=1, max_size=5).map(" ".join), st.sampled_from(LANGUAGES))
def test_any_question_has_three_wordings_to_train_and_two_to_test(question: str, language: Language) -> None:
    """Whatever the question looks like, both sides get their wordings, all different, none on both sides."""
    train, test = split_paraphrases(question, language, train=3, test=2)
    assert train[0] == question
    assert (len(train), len(test)) == (3, 2)
    keys = [question_key(wording) for wording in (*train, *test)]
    assert len(set(keys)) == 5
    assert split_paraphrases(question, language, train=3, test=2) == (train, test)


@given(QUESTIONS, st.sampled_from(LANGUAGES))
def test_no_wording_is_the_question_itself(question: str, language: Language) -> None:
    """Every wording differs from the question and from every other one after normalisation."""
    keys = [question_key(wording) for wording in (question, *paraphrase(question, language))]
    assert len(keys) == len(set(keys)) >= 8


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.process
def test_every_xquad_question_is_reworded(language: Language, xquad: Xquad) -> None:
    """Five and two wordings for each of 1,190 questions; no test wording of any is a train wording of another."""
    train: set[str] = set()
    test: set[str] = set()
    for paragraph in xquad(language):
        for question in paragraph.questions:
            trained, tested = split_paraphrases(question.question, language)
            assert (len(trained), len(tested)) == (5, 2)
            train |= set(map(question_key, trained))
            test |= set(map(question_key, tested))
    assert not train & test


@pytest.mark.parametrize(
    ("question", "language", "wording"),
    [
        ("ताज महल कहाँ है?", "hi", "कहाँ है ताज महल?"),
        ("ताज महल कहाँ है?", "hi", "ताज महल किस स्थान पर है?"),
        ("यह दुर्ग कब बना?", "hi", "यह दुर्ग किस समय बना?"),
        ("What is the capital of India?", "en", "The capital of India is what?"),
        ("When was it built?", "en", "At what time was it built?"),
        ("How many domes are there?", "en", "What number of domes are there?"),
        ("taj mahal kahan hai?", "hi", "Kripya bataiye, taj mahal kahan hai?"),
        ("When was it built?", "en", "Please tell me: when was it built?"),
        ("Ashoka built what?", "en", "Please tell me: Ashoka built what?"),
    ],
)
def test_the_rules_do_what_they_say(question: str, language: Language, wording: str) -> None:
    """Fronting, synonyms, the echo and the carriers, with a name kept capital."""
    assert wording in paraphrase(question, language)


@pytest.mark.parametrize(
    ("question", "language", "unwanted"),
    [
        ("वे कहाँ से आए?", "hi", "किस जगह"),  # "किस जगह से" would do, "किस स्थान पर से" would not: neither is made
        ("जब वे आए तब क्या था?", "hi", "क्या था जब"),
        ("What is the name of the tool that corn is cut with?", "en", "is what?"),
        ("What is it used for?", "en", "is what?"),
    ],
)
def test_a_rule_that_would_break_the_question_is_not_applied(question: str, language: Language, unwanted: str) -> None:
    """Postpositions, clauses and open ends keep the structural rules off."""
    assert not any(unwanted in wording for wording in paraphrase(question, language))


def test_a_polite_question_is_not_wrapped_twice() -> None:
    """A carrier phrase is taken off before others are put on."""
    wrapped = paraphrase("Please tell me: when was it built?", "en")
    assert "When was it built?" in wrapped
    assert not any("Please tell me" in wording for wording in wrapped)


def test_the_sides_share_no_phrase() -> None:
    """Carriers and replacements are disjoint in every form, so disjoint wordings do not rest on luck."""
    for train, test in (
        (wordings.TRAIN_HINDI, wordings.TEST_HINDI),
        (wordings.TRAIN_ENGLISH, wordings.TEST_ENGLISH),
        (wordings.TRAIN_ROMANISED, wordings.TEST_ROMANISED),
    ):
        assert not set(train.carriers) & set(test.carriers)
        assert not {replacement for _, replacement in train.synonyms} & {replacement for _, replacement in test.synonyms}
        assert len(train.carriers) >= 6
        assert len(test.carriers) >= 5


def test_a_question_without_letters_is_refused() -> None:
    """Punctuation alone asks nothing."""
    with pytest.raises(ValueError, match="at least one letter"):
        paraphrase("?!।", "hi")


def test_asking_for_too_few_wordings_is_refused() -> None:
    """Fewer than three and two would leave a question without a test."""
    with pytest.raises(ValueError, match="at least 3 and 2"):
        split_paraphrases("Where is it?", "en", train=1, test=2)
