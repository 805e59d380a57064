"""The words beside a number that say what it is, in Hindi, English and between them, as parts of regular expressions over lower-case NFC.

A person's number is named by `PERSON` and `AADHAAR`; a thing's by what stands `BEFORE` it (with nothing but fillers between) or `AFTER` it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Final

# A letter or sign of a Hindi word; the danda (U+0964, U+0965) ends a sentence.
_HINDI: Final = r"[\u0900-\u0963\u0966-\u097f]"


def _words(latin: str = "", whole: str = "", stems: str = "", *patterns: str) -> str:
    """One alternation: whole Latin words, whole Hindi words, beginnings of Hindi words, patterns; "_" in a word is a space.

    Words of a script share one look behind, so that a place in a text costs one test and not one a word.
    """
    parts = list(patterns)
    if latin:
        parts.append(rf"(?<![a-z])(?:{_alternatives(latin)})(?![a-z])")
    if whole:
        parts.append(rf"(?<!{_HINDI})(?:{_alternatives(whole)})(?!{_HINDI})")
    if stems:
        parts.append(_alternatives(stems))
    return "|".join(parts)


def _alternatives(words: str) -> str:
    return _tree([[_unit(character) for character in word] for word in sorted(set(unicodedata.normalize("NFC", words).split()))])


def _unit(character: str) -> str:
    # Many keyboards leave the nukta out.
    return {"_": r"\s", "\u093c": "\u093c?"}.get(character) or re.escape(character)


def _tree(words: Sequence[Sequence[str]]) -> str:
    """An alternation that branches at each letter: it costs a few tests at a place, whatever the number of words."""
    branches = [f"{first}{_tree([word[1:] for word in group])}" for first, group in _by_first(words)]
    if [] in words:
        return f"(?:{'|'.join(branches)})?" if branches else ""
    return branches[0] if len(branches) == 1 else f"(?:{'|'.join(branches)})"


def _by_first(words: Sequence[Sequence[str]]) -> Iterator[tuple[str, list[Sequence[str]]]]:
    for first, group in groupby((word for word in words if word), key=itemgetter(0)):
        yield first, list(group)


_YOURS: Final = "my_{0} his_{0} her_{0} their_{0} your_{0} mera_{0} meri_{0} mere_{0} uska_{0} unka_{0} apna_{0} aapka_{0}"
PERSON: Final = _words(
    "phone phones telephone ph mob tel fax cell sms dial landline helpline whatsapp whats_app mobile mobiles call calling contact contacts "
    "reach_me reach_us reach_him reach_her reach_out ring_up talk_to speak_to is_number_pe is_number_par us_number_pe us_number_par "
    + " ".join(_YOURS.format(word) for word in ("number", "no", "num", "nambar", "nr")),
    "मो कॉल मेरा_नंबर मेरे_नंबर उसका_नंबर उनका_नंबर अपना_नंबर आपका_नंबर हमारा_नंबर इस_नंबर उस_नंबर मेरा_नम्बर मेरा_नं उनका_नम्बर आपका_नम्बर",
    "फ़ोन टेलीफ़ोन मोबाइल मोबाईल दूरभाष संपर्क सम्पर्क व्हाट्सऐप व्हाट्सएप व्हाट्सप्प वॉट्सऐप",
    r"(?<![a-z])mo\.",
    r"wa\.me/",
    "[☎📞📱☏✆]",
)
# "के आधार पर" is "on the basis of", "आधार वर्ष" the base year of an index.
AADHAAR: Final = _words(
    "aadhaar aadhar adhaar adhar aadhaarcard uid uidai", "", "", r"(?<!के )आधार(?!\s(?:पर|वर्ष|रेखा)|भूत|शिला)"
)  # fmt: skip
# What may stand between a naming word and its number.
MARKS: Final = r"[\s:.>\"'`“”‘’(\[\-–—=_|]"
FILLERS: Final = _words(
    "no nos num number numbers is are was were of the a id code card about",
    "नं नंबर नम्बर संख्या हुए हुआ है था हैं थी सं क्र कार्ड में की का आईडी लगभग",
)
PERSON_FILLERS: Final = _words("at on to for me us him her it in please only pe par pr karo kijiye karen", "सूत्र पर करें कीजिए के को")
BEFORE: Final = _words(
    # Money and sums.
    "rs inr usd eur gbp amount total sum price prices cost costs budget turnover salary revenue grant worth fee fees tax "
    "divide multiply views likes votes visitors followers downloads hits bytes size "
    "half twice double triple factorial offset pid scale "
    "product square root log value mean median average count equals plus minus times factor prime index integer "
    # Counts and measures.
    "population distance height length volume approximately approx roughly nearly between range exactly "
    # Books, papers and shelves.
    "isbn issn doi pmid oclc lccn arxiv barcode accession acc catalogue catalog inventory shelf mark manuscript ms "
    "p pp page pages pg vol para folio fol chapter verse plate fig figure section "
    # Files, orders and other things with numbers.
    "ids uuid key hash sha sha1 sha256 md5 commit build version revision release issue serial s/n sr port row rows scan img "
    "fb inv ord doc obj rec msg req job run evt conv record item object file f.no order invoice pnr ticket train trains flight utr "
    "txn transaction ref reference tracking registration regn reg receipt complaint case bill application consignment sample survey plot "
    "voucher license licence challan token policy docket awb enrolment enrollment rollno roll marks score scores rank seat gazette "
    "notification letter id code "
    # Times and places.
    "timestamp epoch unix_time ts created updated modified created_at utm easting "
    "northing lat lon lng latitude longitude geo pin pincode zip",
    "सं आय रु रुपये रुपए रूपये रुपया कुल योग वर्ग लगभग क़रीब तक़रीबन दूरी क्षेत्रफल ऊँचाई ऊंचाई लंबाई संख्या पृ पृष्ठ पृष्ठों खंड खण्ड अंक परिग्रहण सूची क्रमांक "
    "क्रम अनुक्रमांक पांडुलिपि श्लोक अध्याय ट्रेन",
    "राशि लागत बजट ख़र्च क़ीमत मूल्य वेतन किराया शुल्क गुणनफल बराबर गुणा औसत सूचकांक जनसंख्या आबादी फ़ाइल ऑर्डर रसीद पंजीकरण पंजीयन आवेदन "
    "संदर्भ सन्दर्भ गाड़ी टिकट बिल "
    "संस्करण खसरा पिनकोड आधार_पर समय-चिह्न अधिसूचना नामांकन चालान अक्षांश देशांतर",
    "[₹$€£¥√≈≤≥÷×±#№]",
    "isbn-1[03]",
    "% of",
    "_(?:at|ts|count|total)",
    r"फा\.?\s?सं",
    r"utm\s?\w{1,3}\s\d{6}",
)
AFTER: Final = _words(
    "mod times plus minus dollars rs inr usd rupee rupees rupaye rupaya crore crores lakh lakhs million billion thousand hundred percent "
    "per_cent km m cm mm kg g mg tonne tonnes byte bytes kb mb gb bit bits sec second seconds ms bc bce ad ce hz volts watts litres people "
    "men women children saal log baar sq square cubic is_prime is_a_prime is_even is_odd is_large is_small is_the_sum is_the_product",
    "अमेरिकी रु साल टन ग्राम दिन भाग रन मत_मिले मत_पड़े",
    "रुपय रुपए रूपय डॉलर करोड़ लाख हज़ार अरब खरब प्रतिशत फ़ीसदी वर्ष सालों ईसा "
    "किमी किलो मीटर मील फ़ीट फ़ुट एकड़ हेक्टेयर बाइट सेकंड मिनट घंट दिनों लोग व्यक्ति दर्शक "
    "पर्यटक यात्री मतदाता वोट सिक्क पक्षी पांडुलिपि पुस्तक मूर्ति अंक इकाई के_बीच गुणा गुना से_कम से_अधिक से_ज़्यादा "
    "महिलाएँ महिलाओं पुरुषों छात्र बच्च गाँव गांव पेड़ लीटर वर्ग",
    "[%²³°]",
    r"of (?:them|these|those|which)(?![a-z])",
    r"divisible|का (?:वर्ग|आधा|दो ?गुना)|(?:को|से|में) \d+ (?:से|घटा|जोड़)|में से \d",
    r"\(?रुपय|in (?:rupees|dollars|lakh|crore)",
    r"x\s\d",
    r"[×÷=<>+*^]\s?[\d(]",
    "/-",
    r"[-–x/]\s?[\d ,.]{1,12}\s?=",
    r"ई\.?\s?पू",
)
PERSON_AFTER: Final = "|".join(
    (
        "(?:पर|पे|में)\\s(?:ही\\s)?(?:कॉल|फ\u093c?ोन|संपर्क|सम्पर्क|बात|मैसेज|संदेश|व्हाट्स|मिस)",
        r"(?:par|pe|pr)\s(?:call|phone|contact|sms|msg|message|whatsapp|baat)",
        rf"\(?(?:mobile|mob|phone|ph|tel|मो|मोबाइल|फ\u093c?ोन)(?![a-z]|{_HINDI})",
        r"(?:is|was) (?:my|his|her|their|the) (?:phone|mobile|number|cell)",
        "(?:मेरा|उनका|उसका|अपना)\\s(?:नंबर|नम्बर|मोबाइल|फ\u093c?ोन)",
        r"(?:mera|uska|unka)\s(?:number|no|mobile|phone)",
    )
)
# A plural of a thing right after a number counts it; these end in s and count nothing.
NO_PLURAL: Final = frozenset(
    {
        "is", "was", "this", "thus", "always", "thanks", "regards", "works",
        "belongs", "answers", "sometimes", "has", "does", "calls", "rings",
        "yes", "plus", "gives", "takes", "says", "looks", "remains", "seems", "goes", "its", "his", "hers", "ours", "yours", "perhaps",
    }
)  # fmt: skip
