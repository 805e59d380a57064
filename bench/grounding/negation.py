"""Negation put into a sentence and taken out of it, in English and Hindi; None where no rule is sure of the grammar."""

from __future__ import annotations

import re
from typing import Final

from bench.grounding.edits import listed, pairs

_PAST: Final = dict(pairs("verbs", "en"))
_PRESENT: Final = dict(pairs("present", "en"))
_BASE_PAST: Final = {base: past for past, base in _PAST.items()}
_BASE_PRESENT: Final = {base: present for present, base in _PRESENT.items()}
_SUBORDINATE: Final = {
    *(
        "that",
        "which",
        "who",
        "whom",
        "whose",
        "where",
        "when",
        "while",
        "if",
        "because",
        "although",
        "though",
        "as",
        "since",
        "after",
        "before",
    ),
    *("until", "what", "how", "why", "whether", "unless", "than", "once"),
}
_AUXILIARY: Final = re.compile(
    r"\b(is|are|was|were|am|can|could|will|would|should|must|may|might)\b"
    r"(?! (?:not|be not|never|no|hardly|rarely|also not)\b| \d)(?!n't|n’t)",
    re.I,
)
_HAVE: Final = re.compile(
    r"\b(has|have|had) (?=(?:been|also|now|since|already|become|made|seen|shown|led|won|had|taken|given|gone|come|\w+ed)\b)"
)
_ANY_NEGATION: Final = re.compile(
    r"\b(not|no|never|none|neither|nor|cannot|without|nobody|nothing|hardly|rarely|few|little|only|unable|fail\w*)\b|n['’]t\b", re.I
)
_VERB: Final = re.compile(r"(?<=[\w,)]) (" + "|".join(sorted((*_PAST, *_PRESENT), key=len, reverse=True)) + r")\b(?! by\b)")
_PRONOUNS: Final = ("I", "we", "you", "they", "he", "she", "it")
_NOT_BEFORE_VERB: Final = frozenset(listed("not_before_a_verb", "en"))
_FINITE: Final = re.compile(r"\b(is|are|was|were|has|have|had|can|could|will|would|may|might|should|must)\b")
_PASTS: Final = re.compile(r"\b(" + "|".join(_PAST) + r")\b")
_JOINED: Final = re.compile(r"\band (?:\w+ly |then |also )?(?:\w+ed|" + "|".join(_PAST) + r")\b")
_CAUSED: Final = re.compile(r"\b(had|have|has|get|got|getting|having|been|being)\b[^,]*$")
_REMOVED: Final = (
    (
        re.compile(
            r"\b(is|are|was|were|am|can|could|will|would|should|must|may|might|has|have|had)(?: not|n['’]t)\b (?!only|yet|even)", re.I
        ),
        r"\1 ",
    ),
    (re.compile(r"\bcan(?:not|['’]t)\b ", re.I), "can "),
    (re.compile(r"\bwon['’]t\b ", re.I), "will "),
    (re.compile(r"\bno longer\b", re.I), "still"),
    (re.compile(r"\bnever\b(?! (?:mind|miss|know|even|ever)\b)", re.I), "always"),
    (re.compile(r"\bwithout\b", re.I), "with"),
)
_DO: Final = re.compile(r"\b(did|does|do)(?: not|n['’]t) (\w+)\b", re.I)
_CONTRACTIONS: Final = re.compile(r"\b(is|are|was|were|could|would|should|has|have|had|did|does|do) not\b(?! only)")


def negated(sentence: str, language: str) -> str | None:
    """The sentence with its main verb denied; None where it denies something already or the verb is not found.

    >>> negated("The game was played in Denver.", "en"), negated("टीम ने खेल जीता है।", "hi")
    ('The game was not played in Denver.', 'टीम ने खेल नहीं जीता है।')
    """
    return _negated_hi(sentence) if language == "hi" else _negated_en(sentence)


def affirmed(sentence: str, language: str) -> str | None:
    """The sentence without its one negation; None where it has none, or several, or one that no rule takes out.

    >>> affirmed("It did not win.", "en"), affirmed("टीम नहीं जीती।", "hi")
    ('It won.', 'टीम जीती।')
    """
    return _affirmed_hi(sentence) if language == "hi" else _affirmed_en(sentence)


def contracted(sentence: str) -> str:
    """An English sentence with `not` contracted, which denies the same."""
    return re.sub(r"\bcannot\b", "can't", _CONTRACTIONS.sub(r"\1n't", sentence))


def denies(sentence: str, language: str) -> bool:
    """Whether a word of negation, or one near to it, is in the sentence."""
    return bool((_ANY_NEGATION_HI if language == "hi" else _ANY_NEGATION).search(sentence))


def _negated_en(sentence: str) -> str | None:
    if _ANY_NEGATION.search(sentence):
        return None
    found = [one for pattern in (_AUXILIARY, _HAVE, _VERB) for one in pattern.finditer(sentence)]
    found = [one for one in found if _of_main_clause(sentence, one)]
    if not found:
        return None
    place = min(found, key=lambda one: one.start())
    word, end = place[1], place.end(1)
    if word in _PAST or word in _PRESENT:
        verb = f"did not {_PAST[word]}" if word in _PAST else f"does not {_PRESENT[word]}"
        return sentence[: place.start(1)] + verb + sentence[end:]
    if word.lower() == "can":
        return sentence[:end] + "not" + sentence[end:]
    return sentence[:end] + " not" + sentence[end:]


def _of_main_clause(sentence: str, found: re.Match[str]) -> bool:
    """Whether a verb stands in the main clause: nothing that opens another one stands before it without a comma that ends it."""
    before = sentence[: found.start(1)]
    if before.count("(") != before.count(")") or before.count('"') % 2 or ": " in before or ";" in before or not before.strip():
        return False
    words = before.split()
    if len(words) > 1 and words[-1] in _PRONOUNS and words[-2][-1] != "," and words[-2] not in ("and", "but", "so", "then", "also"):
        return False  # "the reason I wrote"
    if found.re is _VERB and (words[-1].lower().strip(",") in _NOT_BEFORE_VERB or _is_participle(sentence, found)):
        return False
    opened = [place for place, word in enumerate(words) if word.lower().strip(',"') in _SUBORDINATE]
    if not opened:
        return True
    # A leading clause ends at its comma: "When it rained, the game was ..."
    return len(opened) == 1 and opened[0] == 0 and before.count(",") == 1


def _is_participle(sentence: str, found: re.Match[str]) -> bool:
    """Whether a past form may be a participle before the finite verb, or has a second verb joined to it that stays in the past."""
    clause = re.split(r"[,;]| (?:that|which|who|when|where|while) ", sentence[found.end(1) :])[0]
    if _CAUSED.search(sentence[: found.start(1)]):
        return True
    return found[1] in _PAST and bool(_FINITE.search(clause) or _PASTS.search(clause) or _JOINED.search(sentence[found.end(1) :]))


def _affirmed_en(sentence: str) -> str | None:
    if len(re.findall(r"\b(?:not|no|never|none|neither|nor|cannot|without)\b|n['’]t\b", sentence, re.I)) != 1 or re.search(
        r"\b(any\w*|either|not only|not all|not every|until|yet|again|just|could(?: not|n't) (?:have been|be) \w+|at all)\b", sentence, re.I
    ):
        return None
    if (does := _DO.search(sentence)) and (verb := does[2].lower()):
        if not does.start() or sentence[: does.start()].rsplit(maxsplit=1)[-1].lower().strip(",") in (
            "but",
            "and",
            "or",
            "please",
            "so",
            "then",
            "just",
        ):
            return None  # an order, or a verb whose subject stands before another one
        helper = does[1].lower()
        table = {"did": _BASE_PAST, "does": _BASE_PRESENT}.get(helper)
        new = verb if table is None else table.get(verb) or (f"{helper} {verb}" if verb.isalpha() else None)
        return sentence[: does.start()] + str(new) + sentence[does.end() :]
    for pattern, new in _REMOVED:
        if pattern.search(sentence):
            out = pattern.sub(new, sentence)
            return out[0].upper() + out[1:]
    return None


_BE: Final = r"(?:है|हैं|था|थी|थे|थीं)"
_WORD: Final = r"[ऀ-ॿ]+"
_STEMS: Final = "|".join(listed("stems", "hi"))
_GROUPS: Final = tuple(
    re.compile(rf"(?<= )((?:{group}))([।.])$")
    for group in (
        rf"(?:{_WORD} )?जा (?:सकता|सकती|सकते|सका|सकी|सके)(?: {_BE})?",
        rf"{_WORD} (?:सकता|सकती|सकते|सकीं|सका|सकी|सके|पाता|पाती|पाते|चुका|चुकी|चुके)(?: {_BE})?",
        rf"(?:{_STEMS}) (?:दिया|दी|दिए|लिया|ली|लिए|डाला|गया|गई|गए)(?: (?:जाता|जाती|जाते|गया|गई|गए))?(?: {_BE})?",
        rf"(?:{_WORD}(?:ा|ी|े|ाई|ाए|या|यी|ये|ए|ई)) (?:जाता|जाती|जाते|गया|गई|गए|गयी|गये) {_BE}",
        rf"(?:{_WORD}(?:ा|ी|े|ाई|ाए|या|यी|ये|ए|ई)) (?:जाता|जाती|जाते|गया|गई|गए|गयी|गये|जाएगा|जाएगी|जाएंगे)",
        rf"(?:{_STEMS}) (?:रहा|रही|रहे) {_BE}",
        rf"(?!{_WORD}वर्त[ाीे] )(?:{_WORD}(?:ता|ती|ते)) {_BE}",
        rf"(?:किया|की|किए|दिया|दी|दिए|लिया|ली|लिए|बनाया|बनाई|बनाए|हुआ|हुई|हुए|रहा|रही|रहे|जीता|पाया|लिखा|देखा|कहा) {_BE}",
        r"(?:किया|की|किए|दिया|दी|दिए|लिया|ली|लिए|बनाया|बनाई|बनाए|हुआ|हुई|हुए|हुईं|रहा|रही|रहे|जीता|जीती|पाया|लिखा|देखा|कहा|होगा|होगी|होंगे|करेगा|करेगी|करेंगे)",
        _BE,
    )
)
_ANY_NEGATION_HI: Final = re.compile(r"(?<![ऀ-ॿ])(नहीं|नही|न|ना|बिना|कोई|कभी|मत|केवल|सिर्फ|बजाय|बजाए|असमर्थ|असफल|विफल|इनकार|इंकार)(?![ऀ-ॿ])")
_SUBORDINATE_HI: Final = re.compile(
    r"(?<![ऀ-ॿ])(कि|जो|जब|यदि|अगर|जहां|जहाँ|जिस\w*|जिन\w*|जिसमें|जिसका|जिसके|जिसकी|जिससे|जिसने|जिन्हें|जिनमें|ताकि|बल्कि|तब|;)(?![ऀ-ॿ])"
)
_SINGLE_NEGATION_HI: Final = re.compile(r"(?<![ऀ-ॿ])(नहीं|नही|न|ना|बिना|मत)(?![ऀ-ॿ])")


def _negated_hi(sentence: str) -> str | None:
    if _ANY_NEGATION_HI.search(sentence) or _SUBORDINATE_HI.search(sentence):
        return None
    for group in _GROUPS:
        if found := group.search(sentence):
            return f"{sentence[: found.start(1)]}नहीं {found[1]}{found[2]}"
    return None


def _affirmed_hi(sentence: str) -> str | None:
    found = _SINGLE_NEGATION_HI.findall(sentence)
    if len(found) != 1 or re.search(r"(?<![ऀ-ॿ])(केवल|सिर्फ|बल्कि|जब तक)(?![ऀ-ॿ])", sentence):
        return None
    sentence = re.sub(r"(?<![ऀ-ॿ])(?:कोई भी|कोई|किसी भी|कभी भी|कभी) ", "", sentence)
    if found[0] in ("नहीं", "नही") and not re.search(r"नहीं? ?[,।]", sentence):
        without = re.sub(r"(?<![ऀ-ॿ])नहीं? ", "", sentence, count=1)
        return None if _SINGLE_NEGATION_HI.search(without) else without
    if found[0] == "बिना" and " के बिना" in sentence:
        return sentence.replace(" के बिना", " के साथ", 1)
    return None
