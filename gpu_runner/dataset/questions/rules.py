"""The patterns that turn one sentence of a document into a question with a literal answer, in Hindi and English.

Each rule is a regular expression with the groups `subject` and `answer` and a question template over all of its groups. A rule only
asks what its sentence says outright; sentences that fit no rule give nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class QuestionRule:
    """One sentence form: `pattern` matches the whole sentence without its end mark; `question` is formatted with its groups."""

    name: str
    pattern: re.Pattern[str]
    question: str


def _rule(name: str, pattern: str, question: str) -> QuestionRule:
    return QuestionRule(name, re.compile(pattern), question)


_NAME = r"(?P<subject>(?:The |the )?[A-Z][^,;:()]*?)"
_DONE = (
    r"(?P<done>built|founded|established|completed|constructed|opened|inaugurated|designed|written|composed|painted|published|discovered|"
    r"created|renovated|restored|commissioned|excavated|born)"
)
_LENGTH = "metres|meters|feet|km|kilometres|kilometers|m|cm"
_MEASURE = rf"(?P<answer>(?:about |nearly |over )?[0-9][0-9,.]*(?: (?:{_LENGTH})))"
_BY = r"by (?P<answer>(?:the )?[A-Z][^,;:()]*?)(?: (?:in|on|from|for|as|at) .*)?$"
_ATTRIBUTE = r"(?P<attribute>height|length|width|area|population|capital|author|architect|founder|director|motto|name|depth|weight|age)"
_PLACE_END = r"(?P<answer>[A-Z][^;:()]*?)(?:, (?:and|which|where|that|who) .*)?$"

ENGLISH_RULES: Final = (
    _rule("when", rf"^{_NAME} (?P<be>was|were) {_DONE} (?:[^,]*? )?in (?P<answer>(?:[A-Z][a-z]+ )?[0-9]{{3,4}})(?:,? .*)?$",
          "When {be} {subject} {done}?"),
    _rule("by_whom", rf"^{_NAME} (?P<be>was|were) {_DONE} (?:in [0-9]{{3,4}} )?{_BY}",
          "By whom {be} {subject} {done}?"),
    _rule("located", rf"^{_NAME} (?P<be>is|are|was|were) (?P<done>located|situated) (?:in|at|on|near) {_PLACE_END}",
          "Where {be} {subject} {done}?"),
    _rule("where", rf"^{_NAME} (?P<be>is|are) in {_PLACE_END}", "Where {be} {subject}?"),
    _rule("how_big", rf"^{_NAME} (?P<be>is|was|are|were) {_MEASURE} (?P<dimension>tall|high|long|wide|deep)(?: .*)?$",
          "How {dimension} {be} {subject}?"),
    _rule("how_many", rf"^{_NAME} has (?P<answer>[0-9][0-9,]*) (?P<thing>(?:[a-z]+ )?[a-z]+s)(?: .*)?$",
          "How many {thing} does {subject} have?"),
    _rule("attribute", rf"^The {_ATTRIBUTE} of (?P<subject>[^,;:()]*?) (?P<be>is|was) (?P<answer>[A-Z0-9][^;:()]*?)$",
          "What {be} the {attribute} of {subject}?"),
    _rule("definition", rf"^{_NAME} (?P<be>is|was) (?P<answer>an? [a-z][^;:()]*?)(?:, .*)?$", "What {be} {subject}?"),
)  # fmt: skip

_SUBJECT = r"(?P<subject>[^,;:()]+?)"
_YEAR = r"(?:(?:सन्|वर्ष) )?(?P<answer>[0-9०-९]{3,4})(?: (?:ई\.?|ईस्वी))?"
_SOME_YEAR = r"(?:(?:(?:सन्|वर्ष) )?[0-9०-९]{3,4}(?: ई\.?)? में )?"
_EVENT = r"(?P<event>(?:का|की) (?:निर्माण|स्थापना|उद्घाटन|जन्म|निधन|मृत्यु|गठन|प्रकाशन|आरंभ|शुरुआत|रचना|खोज|नवीनीकरण))"
_HAPPENED = r"(?P<verb>(?:हुआ|हुई|हुए|किया गया|की गई|की गयी|करवाया गया|कराया गया|किया|की|करवाया|कराया|करवाई|करायी)(?: (?:था|थी|थे|है|हैं))?)"
_COPULA = r"(?P<be>है|हैं|था|थी|थे|थीं)"
_NUMBER = r"(?:लगभग )?[0-9०-९][0-9०-९,.]*"
_SIZE_F = "(?P<attribute>की (?:ऊँचाई|ऊंचाई|लंबाई|लम्बाई|चौड़ाई|गहराई|आबादी|जनसंख्या|आयु))"
_SIZE_M = "(?P<attribute>का (?:क्षेत्रफल|वज़न|वजन|भार|व्यास))"
_NAMED = "राजधानी|नाम|मुख्यालय|वास्तुकार|संस्थापक|निदेशक|लेखक|रचयिता|राजभाषा|उद्देश्य|प्रतीक"
_FEMININE = "एँ|एं|ियाँ|ियां|ें|ी"
_COUNT = f"में (?P<answer>{_NUMBER})"
_UNIT = r"(?:मीटर|किलोमीटर|कि\.मी\.|फ़ुट|फुट|फीट|फ़ीट|एकड़|हेक्टेयर|टन|किलोग्राम|वर्ग मीटर|वर्ग किलोमीटर|साल|वर्ष)"

HINDI_RULES: Final = (
    _rule("when", rf"^{_SUBJECT} {_EVENT} {_YEAR} में {_HAPPENED}$", "{subject} {event} कब {verb}?"),
    _rule("when_by", rf"^{_SUBJECT} {_EVENT} {_YEAR} में (?P<doer>[^,;:()]+?) ने {_HAPPENED}$", "{doer} ने {subject} {event} कब {verb}?"),
    _rule("by_whom", rf"^{_SUBJECT} {_EVENT} {_SOME_YEAR}(?P<answer>[^,;:()0-9०-९]+?) ने {_HAPPENED}$",
          "{subject} {event} किसने {verb}?"),
    _rule("how_big", rf"^{_SUBJECT} {_SIZE_F} (?P<answer>{_NUMBER}(?: {_UNIT})?) {_COPULA}$",
          "{subject} {attribute} कितनी {be}?"),
    _rule("how_large", rf"^{_SUBJECT} {_SIZE_M} (?P<answer>{_NUMBER}(?: {_UNIT})?) {_COPULA}$",
          "{subject} {attribute} कितना {be}?"),
    _rule("attribute", rf"^{_SUBJECT} (?P<attribute>(?:का|की|के) (?:{_NAMED})) (?P<answer>[^,;:()]+?) {_COPULA}$",
          "{subject} {attribute} क्या {be}?"),
    _rule("how_many_f", rf"^{_SUBJECT} {_COUNT} (?P<thing>\S*(?:{_FEMININE})) {_COPULA}$",
          "{subject} में कितनी {thing} {be}?"),
    _rule("how_many_m", rf"^{_SUBJECT} {_COUNT} (?P<thing>(?!\S*(?:{_FEMININE})\s)\S+) {_COPULA}$", "{subject} में कितने {thing} {be}?"),
    _rule("definition", rf"^{_SUBJECT} (?P<answer>एक [^,;:()]+?) {_COPULA}$", "{subject} क्या {be}?"),
)  # fmt: skip


def hindi_place_rule(subject: str) -> QuestionRule:
    """ "<subject> <place> में (स्थित) है": Hindi marks no border between the two, so the subject must be known beforehand."""
    pattern = rf"^(?P<subject>{re.escape(subject)}) (?P<answer>[^,;:()0-9०-९]+?) में (?P<located>स्थित )?{_COPULA}$"
    return _rule("where", pattern, "{subject} कहाँ {located}{be}?")
