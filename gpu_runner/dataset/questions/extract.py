"""From a document's text to question-answer pairs, without a model: extractive, so every answer is a literal span of the text."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from gpu_runner.dataset.questions.paraphrase import question_key
from gpu_runner.dataset.questions.rules import ENGLISH_RULES, HINDI_RULES, QuestionRule, hindi_place_rule
from gpu_runner.dataset.rows import Document, guess_language
from gpu_runner.text.languages import Language
from gpu_runner.text.normalise import hi_lenient, words
from gpu_runner.text.script import script_of
from gpu_runner.text.sentences import split_sentences

MOST_SENTENCE_WORDS = 45
MOST_SUBJECT_WORDS = 9
MOST_ANSWER_WORDS = 18
# A question about "it" or "this museum" has no answer once it stands alone.
_POINTS_BACK = frozenset(
    words(
        "it he she they this that these those there we i you its his her their here such another each one who which what where when "
        "यह ये वह वे इस उस इसका इसकी इसके उसका उसकी उसके इन उन इनका इनकी उनका उनकी उनके इसमें उसमें यहाँ यहां वहाँ वहां इसे उसे हम मैं आप "
        "जो जिस जिसका जिसकी जिसके कुछ कई अन्य दोनों ऐसा ऐसी ऐसे वहीं यहीं यही वही जब तब"
    )
)
# What starts or stands in these is a part of a sentence, not a name ("In some cases the heat source", "… के लिए").
_NO_NAME_STARTS = frozenset(
    words("a an in on at by to for from of after before during since until although while when if as with both all")
)
_NO_NAME_WORDS = frozenset(words("that whether which who have has had is are was were be been कि जो ने भी तो है हैं था थी थे"))
_NO_NAME_ENDS = frozenset(words("में से को पर का की के लिए ने भी द्वारा तक वाला वाली वाले केवल साथ बाद and or of the"))
_CLAUSES = frozenset(words("जो जिसने जिसका जिसकी जिसके जिनके कि ने गया गई गए नहीं होता होती होते देता देती करता करती करते"))


@dataclass(frozen=True)
class QaPair:
    """One question with its answer, and the sentence that says it."""

    question: str
    answer: str
    language: Language
    sentence: str
    rule: str


@dataclass(frozen=True)
class RefusedPair:
    """A pair that a rule found and a check refused, with the reason."""

    question: str
    answer: str
    reason: str


@dataclass(frozen=True)
class Extraction:
    """What one document gave: pairs to use, and pairs refused with their reasons."""

    pairs: tuple[QaPair, ...]
    refused: tuple[RefusedPair, ...]


def extract_pairs(document: Document, *, cap: int = 20) -> Extraction:
    """At most `cap` pairs of a document in text order, each answer a literal span of the text (white space collapsed).

    Refused with a reason: subjects that point back ("it", `यह`) or are too long, answers too long or in another script than the
    document's, answers that give nothing but the subject, a question that the document answers in two ways, and pairs over the cap.
    """
    text = " ".join(document.text.split())
    found: list[QaPair] = []
    refused: list[RefusedPair] = []
    for pair, subject in _candidates(document):
        reason = _objection(pair, subject, text)
        if reason:
            refused.append(RefusedPair(pair.question, pair.answer, reason))
        else:
            found.append(pair)
    answers: dict[str, set[str]] = {}
    for pair in found:
        answers.setdefault(question_key(pair.question), set()).add(hi_lenient(pair.answer))
    pairs: list[QaPair] = []
    seen: set[str] = set()
    for pair in found:
        key = question_key(pair.question)
        if len(answers[key]) > 1:
            refused.append(RefusedPair(pair.question, pair.answer, "the document answers it in two ways"))
        elif key not in seen:
            seen.add(key)
            pairs.append(pair)
    refused += [RefusedPair(pair.question, pair.answer, f"over the cap of {cap} pairs a document") for pair in pairs[cap:]]
    return Extraction(tuple(pairs[:cap]), tuple(refused))


def _candidates(document: Document) -> Iterator[tuple[QaPair, str]]:
    sentences = [(sentence, re.sub(r"[\s।॥.!]+$", "", sentence)) for sentence in split_sentences(document.text)]
    subjects = _subjects(document, [bare for _, bare in sentences])
    for sentence, bare in sentences:
        if sentence.endswith("?") or len(bare.split()) > MOST_SENTENCE_WORDS:
            continue
        language = guess_language(bare)
        for rule in _rules(language, bare, subjects):
            if found := rule.pattern.match(bare):
                groups = {name: value or "" for name, value in found.groupdict().items()}
                subject = groups["subject"]
                if language == "en" and subject.startswith("The "):
                    groups["subject"] = f"the {subject[4:]}"
                yield QaPair(rule.question.format(**groups), groups["answer"].strip(), language, sentence, rule.name), subject


def _rules(language: Language, bare: str, subjects: tuple[str, ...]) -> tuple[QuestionRule, ...]:
    if language == "en":
        return ENGLISH_RULES
    known = next((subject for subject in subjects if bare.startswith(f"{subject} ")), None)
    return HINDI_RULES if known is None else (*HINDI_RULES, hindi_place_rule(known))


def _subjects(document: Document, sentences: list[str]) -> tuple[str, ...]:
    """The names that sentences may start with, longest first: the title, and two- to four-word beginnings that come twice."""
    starts = Counter(" ".join(sentence.split()[:size]) for sentence in sentences for size in (2, 3, 4) if len(sentence.split()) > size)
    repeated = {start for start, count in starts.items() if count > 1}
    titles = {document.title} if document.title else set()
    return tuple(sorted(repeated | titles, key=lambda name: (-len(name.split()), name)))


def _objection(pair: QaPair, subject: str, text: str) -> str | None:
    """Why a pair can't be used; None where it can."""
    subject_words = words(subject)
    if not subject_words or _POINTS_BACK & set(subject_words[:2]):
        return "the subject points back to another sentence"
    if subject_words[0] in _NO_NAME_STARTS or _NO_NAME_WORDS & set(subject_words) or subject_words[-1] in _NO_NAME_ENDS:
        return "the subject is no name"
    if len(subject_words) > MOST_SUBJECT_WORDS:
        return f"the subject has more than {MOST_SUBJECT_WORDS} words"
    answer_words = words(pair.answer)
    if not answer_words or len(answer_words) > MOST_ANSWER_WORDS:
        return f"the answer has no word or more than {MOST_ANSWER_WORDS}"
    if pair.rule != "when" and _CLAUSES & set(answer_words):
        return "the answer is a clause"
    if pair.answer not in text:
        return "the answer is no literal span of the document"
    if (_POINTS_BACK | _NO_NAME_ENDS) & set(answer_words[:1]) - {"the"} or set(answer_words) <= set(subject_words):
        return "the answer says nothing of its own"
    scripts = {script for char in pair.answer if (script := script_of(char))}
    if (pair.language == "en" and "devanagari" in scripts) or "other" in scripts:
        return f"the answer is not in the script of language {pair.language}"
    return None
