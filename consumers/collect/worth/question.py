"""What a question asks for, as far as that says which words can answer it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from consumers.collect.worth.clauses import WITH_HINDI, Roles, roles_for, words_of
from consumers.collect.worth.words.roles import ASKING, ATTRIBUTE, BOT, COURTESY, FIRST, META, REQUEST, SECOND, TRUE_OR_FALSE, VERDICT

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
UTTERANCE: Final = 256  # what to say, or a translation: a whole sentence, a request or a question among them

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
_OTHER_QUESTION: Final = re.compile(
    r"\b(?:what|who|whom|whose|when|where|why|which|how|kaun|kon|kab|kahan|kahaan|kitn[aei]|kis|kisne|kiski|kiska|kaise|kaisa"
    r"|kyun|kyon|kyu"
    r"|batao|bataiye|bataye|batayein|likho|do|dijiye|karo|explain|describe|list|name|translate)\b"
    r"|कौन|कब|कहाँ|कहां|कितन|किस|कैसे|कैसा|क्यों|बताइए|बताओ|बताएँ|बताएं|बताइये|लिखिए|लिखें|दीजिए|कीजिए|करें\s*$|भरिए",
)
_KYA: Final = re.compile(r"^\W*(?:और |aur |toh? |तो )?(?:क्या|kya)\s|(?:\s(?:क्या|kya))\s*[?।]*\s*$")
_WHAT_IS: Final = re.compile(
    r"(?:क्या|kya)\s+(?:है|हैं|था|थी|थे|होता|होती|होते|हुआ|हुई|कहते|कहेंगे|कहलाता|लिखा|मिला|करें|करना|फ़ैसला|hai|hain|tha|thi|the"
    r"|hota|hoti|hote|hua"
    r"|hui|kehte|kahenge|kehlata|likha|mila|karein|karna|karen|faisla|bolte|batata|kehta)\b",
)
_WORDY: Final = re.compile(
    r"\b(?:antonym|synonym|opposite|translat\w*|meaning|mean|means|say in|in (?:english|hindi)|how do (?:you|we|i) say|closest to"
    r"|word for|which word"
    r"|last word|first word|what(?:'s| is| was) wrong|(?:which|what) (?:error|mistake)s?|fill in|the blank|motto|slogan|greeting"
    r"|sign|label|caption|inscri\w+|written on|written in|write in|stamp|reply"
    r"|say|says|said|answer to|quote|error code|http \d+|mark in"
    r"|ulta|vilom|matlab|arth|anuvad|kehte|kahenge|bolte|kahte|shabd)\b"
    r"|विलोम|पर्याय|अर्थ|मतलब|अनुवाद|कहते|कहेंगे|कहलात|शब्द|रिक्त स्थान|अभिवादन|लेबल|क्या लिखा|वर्तनी|निशान|नारा",
)
_JUDGING: Final = re.compile(
    r"\b(?:status|verdict|decid\w*|decision|rated?|rating|grade|tone|result|outcome|condition|state of|quality|category|opinion"
    r"|review|audit(?:or|ors|ed)?"
    r"|approv\w*|what did (?:most|the|visitors|people)|how (?:was|were|is|did)\b(?! (?:old|many|much|long|far|tall|high))|faisla"
    r"|sthiti|kaisa|kaisi|shreni)\b"
    r"|स्थिति|फ़ैसला|फैसला|निर्णय|श्रेणी|कैसा|कैसी|का भाव|लहजा|दशा|की राय|समीक्षा|परिणाम",
)
_QUANTITY: Final = re.compile(
    r"\b(?:how (?:many|much|old|tall|high|long|far|big|deep|wide)|(?:in|from) (?:which|what) year|which year|what year|what time"
    r"|at what time"
    r"|population|length|height|age|fee|price|rent|cost|phone|helpline|number of|opening hours|timings?|kitn[aei]|kitne baje"
    r"|saal me|unchi)\b"
    r"|कितन|किस वर्ष|किस सन्|किस साल|ऊँचाई|जनसंख्या|किराया|शुल्क|न्यूनतम आयु",
)
_ADVICE: Final = re.compile(
    r"\b(?:how (?:do|can|should|to|may|does)|what should|what (?:do|can) (?:i|we)|where (?:do|can|should|to)|whom should|to whom"
    r"|which documents"
    r"|route|what (?:does|did|do|can|will|has|have|is|are|must)\b.{0,120}\b(?:do|doing|determined|used for|required)|name one way"
    r"|should i|shall i|can (?:i|we|you)|may (?:i|we)|do (?:i|we)|should visitors|who (?:may|can)|kaise|kya karna|kahan (?:milega"
    r"|milegi|se|karein|jayein)|kisko|sakt[eai] hai[n]?"
    r"|padte h)\b|कैसे|क्या कर|(?:कहाँ|कहां) (?:मिले|देख|से|करें|जाएँ|जाएं|पढ़)|किसे|सकते|पड़ते|चाहिए",
)
_OPEN: Final = re.compile(
    r"\b(?:why|explain|describe|summari[sz]e|tell me|about|write|discuss|kyun|kyon|kyu|bare me|baare|samjhao|saar)\b|क्यों|समझाइए"
    r"|बारे में|वर्णन|सार|विषय",
)
_UTTERANCE: Final = re.compile(
    r"\btranslat\w*|\bhow do (?:you|we|i) say\b|\bshould\b.{0,60}\bsay\b|\banuvad\b|ko english me\b|ko hindi me\b"
    r"|अनुवाद|को (?:हिंदी|हिन्दी|अंग्रेज़ी|अंग्रेजी) में क्या",
)
_RATING: Final = re.compile(
    r"\bhow (?:is|are|was|were|do|does|did|common)\b(?! (?:i|we|you|one)\b)|\bwhat happen\w*|\bbecome\b|\b(?:rated?|rating|grade"
    r"|tone|quality|category|condition|opinion|review|kais[ai]|shreni)\b|श्रेणी|कैसा|कैसी|का भाव|लहजा|दशा|की राय|समीक्षा",
)
_WHERE: Final = re.compile(r"\b(?:where|kahan|kahaan)\b|कहाँ|कहां|किस ओर|किस पन्ने")
_WHEN: Final = re.compile(r"\bwhen\b|\bwhat date\b|\bkab\b|कब|किस तारीख")
_ENTITY: Final = re.compile(
    r"\bwho\b|\bwhom\b|\b(?:capital|author|founder|director|president|minister|composer|painter) of\b|\bwhich (?:city|town|state"
    r"|country|river"
    r"|district|king|queen|emperor|person|ruler|festival|museum|fort|film|book)\b|\bkisne\b|\brajdhani\b|\bkis (?:rajya|sheher"
    r"|shehar|nadi|raja|zile)\b"
    r"|किसने|राजधानी|किस (?:राज्य|शहर|नदी|ज़िले|राजा)"
)
_COUNT: Final = re.compile(r"\bhow many\b|\b(?:in )?(?:which|what) year\b|\bkitn[ei]\b|किस (?:वर्ष|सन्|साल)|कितने|कितनी")
_REPORT: Final = re.compile(
    r"\bwhat (?:did|do|does) (?:most|the|visitors|people|guests|users|he|she|they)\b|\b(?:said|say|says) about\b|\bcomplaint book\b"
    r"|\btone of\b"
    r"|\b(?:logon|logo) ne kya\b|\bshikayat\b|लोगों ने क्या|शिकायत|का भाव"
)
_SAYS: Final = re.compile(r"\bshould\b.{0,60}\bsay\b")
_NAMED: Final = re.compile(
    r"\b(?:name|title|called|named|film|movie|novel|book|song|poem|story|shop|stop|naam|upanyas|kitab|kitaab|gana|kavita|dukan)\b"
    r"|नाम|शीर्षक|उपन्यास|फ़िल्म|फिल्म|किताब|पुस्तक का|गीत|कविता|कहानी|दुकान",
)
_CHOICE: Final = re.compile(r"\([^()]{1,60}/[^()]{1,60}\)|\bor\b|\bya\b|\sया\s|\([a-dक-घ]\)|\bwhich of\b|में से|me se|mein se")
_QUOTED: Final = re.compile(r"['\"‘“`](?=\S)([^'\"’”`]{2,200})['\"’”`]")


_DIRECTION: Final = re.compile(r"\b(?:direction|disha|taraf)\b|दिशा|तरफ|किस ओर")
# The word for "answer" is that for "north".
_NORTH: Final[Roles] = {"उत्तर": 0, "uttar": 0}


# Of a longer text the last line is the question, or the end of it: passages stand before.
LONGEST_QUESTION: Final = 600
# Words that begin alike are forms of one: "open", "opened", "opens".
STEM: Final = 4


@dataclass(frozen=True, slots=True)
class AskedFor:
    """What is asked: the bits above, its folded words, what it puts in quotation marks, and what roles of words its answer may have.

    `stems` are the first letters of its words that are about something.

    `allowed`: where words are asked for, what an answer may consist of is what the question has itself: the opposite of a word that judges
    judges, and the translation of a request is one.
    """

    kinds: int
    words: frozenset[str]
    stems: frozenset[str]
    quoted: str
    roles: Roles
    allowed: int


def examine(query: str, given: str = "") -> AskedFor:
    """The question; what was `given` to it is read only to tell which language's words are meant."""
    query = (query if len(query) <= LONGEST_QUESTION else query.rstrip()[-LONGEST_QUESTION:].rsplit("\n", 1)[-1]).lower()
    listed = words_of(query)
    roles = roles_for((*listed, *words_of(given)))
    kinds = 0
    if _TRUTH.search(query):
        kinds |= POLAR | TRUTH
    elif _is_polar(query, listed, roles):
        kinds |= POLAR
    for kind, pattern in _KINDS:
        if pattern.search(query):
            kinds |= kind
    if _DIRECTION.search(query):
        roles = {**roles, **_NORTH}
    quoted = _QUOTED.search(query)
    if kinds & OPEN:
        kinds &= ~WORDY
    stems = frozenset([word[:STEM] for word in listed if not roles.get(word, 0) & ~ATTRIBUTE])
    return AskedFor(kinds, frozenset(listed), stems, quoted[1] if quoted else "", roles, _allowed(kinds, quoted, listed))


def _allowed(kinds: int, quoted: re.Match[str] | None, listed: list[str]) -> int:
    allowed = 0
    if kinds & (WORDY | UTTERANCE):
        for word in words_of(quoted[1]) if quoted else listed:
            allowed |= WITH_HINDI.get(word, 0)
        if not quoted:
            allowed &= ~(META | REQUEST | BOT | ASKING | ATTRIBUTE)
        allowed |= FIRST | SECOND if kinds & UTTERANCE else 0
        allowed |= VERDICT if allowed & (TRUE_OR_FALSE | REQUEST) else 0
        if kinds & SAYS:
            allowed |= COURTESY | FIRST | SECOND | ASKING | REQUEST
    return allowed | (VERDICT if kinds & RATING else 0)


def _is_polar(query: str, listed: list[str], roles: Roles) -> bool:
    if _POLAR.search(query):
        return True
    if _KYA.search(query):
        return not _WHAT_IS.search(query) and not _OTHER_QUESTION.search(query)
    # A Hindi question may ask for yes or no without a word that says so.
    hindi = any("\u0900" <= letter <= "\u097f" for letter in query) or roles is WITH_HINDI
    asks = any(roles.get(word, 0) & ASKING for word in listed)
    return hindi and query.rstrip().endswith("?") and not asks and not _OTHER_QUESTION.search(query) and len(listed) >= 3


_KINDS: Final = (
    (WORDY, _WORDY),
    (JUDGING, _JUDGING),
    (QUANTITY, _QUANTITY),
    (ADVICE, _ADVICE),
    (OPEN, _OPEN),
    (CHOICE, _CHOICE),
    (UTTERANCE, _UTTERANCE),
    (NAMED, _NAMED),
    (RATING, _RATING),
    (WHERE, _WHERE),
    (WHEN, _WHEN),
    (ENTITY, _ENTITY),
    (COUNT, _COUNT),
    (REPORT, _REPORT),
    (SAYS, _SAYS),
)
