"""The kinds of questions, by phrases in them."""

from __future__ import annotations

import re
from collections import defaultdict
from typing import Final

POLAR: Final = 1  # yes or no
TRUTH: Final = 2  # true or false, right or wrong
WORDY: Final = 4  # a word, a translation, a wording: any words can be the answer
JUDGING: Final = 8  # a status, a decision, a mark: what it says may be negative
CHOICE: Final = 16  # one of what the question itself names
QUANTITY: Final = 32  # a number
ADVICE: Final = 64  # what to do, or where to look: the answer may be an order
OPEN: Final = 128  # explain, describe, why: not one name
RATING: Final = 1024  # how good something was: a word that judges is the answer
NAMED: Final = 512  # a title or a name, which may be any words
WHERE: Final = 4096
WHEN: Final = 8192
ENTITY: Final = 16384  # a name: of a person, a place, a work
REPORT: Final = 65536  # what people said of something
SAYS: Final = 131072  # what somebody should say
COUNT: Final = 32768  # a number and nothing else
DIRECTION: Final = 2048
UTTERANCE: Final = 256  # what to say, or a translation: a whole sentence, a request or a question among them

# For traits, which are texts.
KIND_NAMES: Final = (
    (POLAR, "polar"), (TRUTH, "truth"), (WORDY, "wordy"), (JUDGING, "judging"), (CHOICE, "choice"), (QUANTITY, "quantity"),
    (ADVICE, "advice"), (OPEN, "open"), (RATING, "rating"), (NAMED, "named"), (WHERE, "where"), (WHEN, "when"), (ENTITY, "entity"),
    (REPORT, "report"), (SAYS, "says"), (COUNT, "count"), (UTTERANCE, "utterance"),
)  # fmt: skip
# Where a phrase can begin: the first letters of each word.
_BEGINNINGS: Final = re.compile(r"\b[a-z]{1,4}|(?<![\u0900-\u097f])[\u0900-\u097f]{1,2}")
_MAY_BE_TRUTH: Final = 1 << 30
_MAY_BE_POLAR: Final = 1 << 31


def _by_beginning(*listed: tuple[int, str]) -> dict[str, list[tuple[int, re.Pattern[str]]]]:
    """The phrases of each kind by their first letters. English ones end with a word; Hindi ones may go on, as its words are inflected."""
    grouped: dict[str, dict[int, list[str]]] = defaultdict(lambda: defaultdict(list))
    for kind, phrases in listed:
        for phrase in phrases.split("; "):
            beginning = _BEGINNINGS.match(phrase)
            if beginning is None:
                raise ValueError(f"{phrase!r}: expected a phrase that begins with letters")
            grouped[beginning[0]][kind].append(phrase + r"\b" if phrase[0].isascii() else phrase)
    return {beginning: [(kind, re.compile("|".join(phrases))) for kind, phrases in kinds.items()] for beginning, kinds in grouped.items()}


_PHRASES: Final = _by_beginning(
    (WORDY, r"antonym; synonym; opposite; translat\w*; meaning; mean; means; say in; in (?:english|hindi); how do (?:you|we|i) "
     r"say; closest to; word for; which word; last word; first word; what(?:'s| is| was) wrong; which (?:error|mistake)s?; "
     r"what (?:error|mistake)s?; fill in; the blank; motto; slogan; greeting; sign; label; caption; inscri\w+; written on; "
     r"written in; write in; stamp; reply; say; says; said; answer to; quote; error code; http \d+; mark in; ulta; vilom; "
     r"matlab; arth; anuvad; kehte; kahenge; bolte; kahte; shabd; विलोम; पर्याय; अर्थ; मतलब; अनुवाद; कहते; कहेंगे; कहलात; "
     r"शब्द; रिक्त स्थान; अभिवादन; लेबल; क्या लिखा; वर्तनी; निशान; नारा"),
    (JUDGING, r"status; verdict; decid\w*; decision; rated?; rating; grade; tone; result; outcome; condition; state of; quality; "
     r"category; opinion; review; audit(?:or|ors|ed)?; approv\w*; what did (?:most|the|visitors|people); how "
     r"(?:was|were|is|did)\b(?! (?:old|many|much|long|far|tall|high)); faisla; sthiti; kaisa; kaisi; shreni; स्थिति; "
     r"फ़ैसला; फैसला; निर्णय; श्रेणी; कैसा; कैसी; का भाव; लहजा; दशा; की राय; समीक्षा; परिणाम"),
    (QUANTITY, r"how (?:many|much|old|tall|high|long|far|big|deep|wide); in (?:which|what) year; from (?:which|what) year; which "
     r"year; what year; what time; at what time; population; length; height; age; fee; price; rent; cost; phone; helpline; "
     r"number of; opening hours; timings?; kitn[aei]; kitne baje; saal me; unchi; कितन; किस वर्ष; किस सन्; किस साल; ऊँचाई; "
     r"जनसंख्या; किराया; शुल्क; न्यूनतम आयु"),
    (ADVICE, r"how (?:do|can|should|to|may|does); what should; what (?:do|can) (?:i|we); where (?:do|can|should|to); whom should; "
     r"to whom; which documents; route; what "
     r"(?:does|did|do|can|will|has|have|is|are|must)\b.{0,120}\b(?:do|doing|determined|used for|required); name one way; "
     r"should i; shall i; can (?:i|we|you); may (?:i|we); do (?:i|we); should visitors; who (?:may|can); kaise; kya karna; "
     r"kahan (?:milega|milegi|se|karein|jayein); kisko; sakt[eai] hai[n]?; padte h; कैसे; क्या कर; कहाँ "
     r"(?:मिले|देख|से|करें|जाएँ|जाएं|पढ़); कहां (?:मिले|देख|से|करें|जाएँ|जाएं|पढ़); किसे; सकते; पड़ते; चाहिए"),
    (OPEN, r"why; explain; describe; summari[sz]e; tell me; about; write; discuss; kyun; kyon; kyu; bare me; baare; samjhao; "
     r"saar; क्यों; समझाइए; बारे में; वर्णन; सार; विषय"),
    (CHOICE, r"or; ya; या\s; which of; me se; mein se; में से"),
    (UTTERANCE, r"translat\w*; how do (?:you|we|i) say; should\b.{0,60}\bsay; anuvad; ko english me; ko hindi me; अनुवाद; को "
     r"(?:हिंदी|हिन्दी|अंग्रेज़ी|अंग्रेजी) में क्या"),
    (NAMED, r"name; title; called; named; film; movie; novel; book; song; poem; story; shop; stop; naam; upanyas; kitab; kitaab; "
     r"gana; kavita; dukan; नाम; शीर्षक; उपन्यास; फ़िल्म; फिल्म; किताब; पुस्तक का; गीत; कविता; कहानी; दुकान"),
    (RATING, r"how (?:is|are|was|were|do|does|did|common)\b(?! (?:i|we|you|one)\b); what happen\w*; become; rated?; rating; grade; "
     r"tone; quality; category; condition; opinion; review; kais[ai]; shreni; श्रेणी; कैसा; कैसी; का भाव; लहजा; दशा; की "
     r"राय; समीक्षा"),
    (WHERE, r"where; kahan; kahaan; कहाँ; कहां; किस ओर; किस पन्ने"),
    (WHEN, r"when; what date; kab; कब; किस तारीख"),
    (ENTITY, r"who; whom; capital of; author of; founder of; director of; president of; minister of; composer of; painter of; which "
     r"(?:city|town|state|country|river|district|king|queen|emperor|person|ruler|festival|museum|fort|film|book); kisne; "
     r"rajdhani; kis (?:rajya|sheher|shehar|nadi|raja|zile); किसने; राजधानी; किस (?:राज्य|शहर|नदी|ज़िले|राजा)"),
    (COUNT, r"how many; which year; what year; kitn[ei]; किस (?:वर्ष|सन्|साल); कितने; कितनी"),
    (REPORT, r"what (?:did|do|does) (?:most|the|visitors|people|guests|users|he|she|they); said about; say about; says about; "
     r"complaint book; tone of; logon ne kya; logo ne kya; shikayat; लोगों ने क्या; शिकायत; का भाव"),
    (SAYS, r"should\b.{0,60}\bsay"),
    (DIRECTION, "direction; disha; taraf; दिशा; तरफ; किस ओर"),
    (_MAY_BE_TRUTH, "true; false; right; wrong; correct; incorrect; fact; sahi; sach; satya; galat; statement; सही; सत्य; सच; शुद्ध; कथन; "
     "क्या यह"),
    (_MAY_BE_POLAR, "is; are; was; were; do; does; did; can; could; will; would; shall; should; has; have; had; may; might; must; am; isn; "
     "isnt; aren; arent; don; dont; doesn; doesnt; didn; didnt; cant; won; wont; yes; whether; right; correct; haan; han; ha; हाँ"),
)  # fmt: skip
_IN_BRACKETS: Final = re.compile(r"\([^()]{1,60}/[^()]{1,60}\)|\([a-dक-घ]\)")
_TRUTH: Final = re.compile(
    r"\b(?:true or false|true/false|right or wrong|correct or incorrect|right/wrong|fact[- ]?check|is (?:it|this|that) (?:true"
    r"|correct|right)"
    r"|(?:is|are) .{0,200}\b(?:correct|true|right|false|wrong)\s*\?"
    r"|(?:true|sahi|sach|satya) (?:ya|or) (?:false|galat|jhooth|jhuth|asatya)|sahi[ /]galat|sahi hai ya galat"
    r"|statement sahi|kya (?:ye|yeh|yah) .{0,60}\b(?:sahi|sach|galat)\b)"
    r"|(?:सही|सत्य|सच|शुद्ध)(?: है)? ?(?:या|/) ?(?:गलत|ग़लत|असत्य|झूठ|अशुद्ध)|कथन (?:सही|सत्य|गलत)|क्या यह .{0,60}(?:सही|सच|सत्य|गलत)",
)
_POLAR: Final = re.compile(
    r"(?:^|[.,:;!?]\s+|\b(?:please|pls|tell me|know|say|and|so|hi|hello|if|whether)\s+)"
    r"(?:is|are|was|were|do|does|did|can|could|will|would|shall|should|has|have|had|may|might|must|am|isn.?t|aren.?t|don.?t"
    r"|doesn.?t|didn.?t"
    r"|can.?t|won.?t)\s+(?!not\b)['\"‘“\w]"
    r"|\byes(?: or |/)no\b|\bwhether\b|, (?:right|correct|isn.t it|is it)\s*\?|\b(?:yes|haan|han|ha) ?(?:ya|or|/) ?(?:no|na|naa|nahi)\b"
    r"|हाँ ?(?:या|/) ?(?:ना|नहीं|न)",
)


def kinds_of(query: str) -> int:
    """The kinds of a query in small letters, but for the Hindi questions that ask for yes or no without a word of either.

    >>> kinds_of("when was it built, and in which year?") == WHEN | QUANTITY | COUNT, kinds_of("is it true?") == POLAR | TRUTH
    (True, True)
    """
    kinds = 0
    for beginning in _BEGINNINGS.finditer(query):
        for kind, phrase in _PHRASES.get(beginning[0], ()):
            if not kinds & kind and phrase.match(query, beginning.start()):
                kinds |= kind
    if "(" in query and _IN_BRACKETS.search(query):
        kinds |= CHOICE
    if kinds & _MAY_BE_TRUTH and _TRUTH.search(query):
        kinds |= POLAR | TRUTH
    elif kinds & _MAY_BE_POLAR and _POLAR.search(query):
        kinds |= POLAR
    return kinds & ~(_MAY_BE_TRUTH | _MAY_BE_POLAR)
