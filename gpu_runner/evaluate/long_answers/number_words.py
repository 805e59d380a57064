"""Numbers in words, English and Hindi: what each word stands for. Tables alone."""

from __future__ import annotations

from typing import Final

from gpu_runner.evaluate.long_answers.spelling import spelled

_ONES: Final = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen"
)
_TENS: Final = "twenty thirty forty fifty sixty seventy eighty ninety"
_ORDINALS: Final = (
    "zeroth first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth fifteenth sixteenth "
    "seventeenth eighteenth nineteenth"
)
# Each line is ten numbers; spellings of one are joined by a stroke.
_HINDI: Final = """
शून्य|सिफर एक दो तीन चार पाँच|पांच छह|छः|छ:|छै|छे सात आठ नौ
दस ग्यारह बारह तेरह चौदह पंद्रह|पन्द्रह सोलह सत्रह अठारह|अट्ठारह उन्नीस
बीस इक्कीस बाईस|बाइस तेईस|तेइस चौबीस पच्चीस छब्बीस सत्ताईस|सत्ताइस अट्ठाईस|अट्ठाइस|अठाईस उनतीस|उन्तीस
तीस इकतीस|इकत्तीस बत्तीस तैंतीस|तेंतीस चौंतीस पैंतीस छत्तीस सैंतीस अड़तीस उनतालीस|उन्तालीस
चालीस इकतालीस बयालीस तैंतालीस|तेतालीस चौवालीस|चवालीस पैंतालीस छियालीस सैंतालीस अड़तालीस उनचास|उन्चास
पचास इक्यावन बावन तिरपन चौवन|चौअन पचपन छप्पन सत्तावन अट्ठावन|अठावन उनसठ
साठ इकसठ बासठ तिरसठ|तिरेसठ चौंसठ|चौसठ पैंसठ छियासठ सड़सठ अड़सठ उनहत्तर
सत्तर इकहत्तर बहत्तर तिहत्तर चौहत्तर पचहत्तर|पिचहत्तर छिहत्तर सतहत्तर अठहत्तर उनासी|उन्नासी
अस्सी इक्यासी बयासी तिरासी चौरासी पचासी छियासी सत्तासी|सतासी अट्ठासी|अठासी नवासी
नब्बे इक्यानवे|इक्यानबे बानवे|बानबे तिरानवे|तिरानबे चौरानवे|चौरानबे पचानवे|पंचानवे|पचानबे छियानवे|छियानबे सत्तानवे|सत्तानबे
अट्ठानवे|अट्ठानबे|अठानवे निन्यानवे|निन्यानबे
"""

CARDINALS: Final = {
    **{word: number for number, word in enumerate(_ONES.split())},
    **{word: 20 + 10 * place for place, word in enumerate(_TENS.split())},
    **{spelled(word): number for number, words in enumerate(_HINDI.split()) for word in words.split("|")},
    "ek": 1, "teen": 3, "chaar": 4, "paanch": 5, "saat": 7, "aath": 8, "nau": 9,
}  # fmt: skip
ORDINALS: Final = {
    **{word: number for number, word in enumerate(_ORDINALS.split())},
    **{word[:-1] + "ieth": 20 + 10 * place for place, word in enumerate(_TENS.split())},
    **{
        spelled(word): number
        for number, words in (
            (1, "पहला पहली प्रथम"), (2, "दूसरा दूसरी दूसरे द्वितीय"), (3, "तीसरा तीसरी तीसरे तृतीय"),
            (4, "चौथा चौथी चौथे चतुर्थ"), (6, "छठा छठी छठे छठवाँ छठवीं"),
            (5, "पंचम"), (7, "सप्तम"), (8, "अष्टम"), (9, "नवम"), (10, "दशम"),
        )
        for word in words.split()
    },
}  # fmt: skip
# Words that are as often a pronoun, an article or a postposition as a number: counted only beside a scale or a unit.
WEAK: Final = frozenset({"one", "first", "second", "once", *map(spelled, ["एक", "पहला", "पहली", "प्रथम", "दूसरा", "दूसरी", "दूसरे", "दो"])})
SCALES: Final = {
    "hundred": 100, "thousand": 1_000, "lakh": 100_000, "lac": 100_000, "lakhs": 100_000, "crore": 10_000_000, "crores": 10_000_000,
    "million": 1_000_000, "millions": 1_000_000, "billion": 1_000_000_000, "trillion": 1_000_000_000_000,
    "hundreds": 100, "thousands": 1_000, "hazaar": 1_000, "hajar": 1_000, "k": 1_000, "mn": 1_000_000, "bn": 1_000_000_000,
    **{spelled(word): value for word, value in (
        ("सौ", 100), ("सैकड़ा", 100), ("हज़ार", 1_000), ("लाख", 100_000), ("करोड़", 10_000_000), ("अरब", 1_000_000_000),
        ("मिलियन", 1_000_000), ("बिलियन", 1_000_000_000),
    )},
}  # fmt: skip
# Added to the number behind it (साढ़े तीन is 3.5), and numbers by themselves.
FRACTIONS_BEFORE: Final = {spelled(word): value for word, value in (("साढ़े", 0.5), ("सवा", 0.25), ("पौने", -0.25))}
ALONE: Final = {
    "dozen": 12, "half": 0.5, "quarter": 0.25, "twice": 2, "thrice": 3, "double": 2, "triple": 3, "twelvemonth": 12, "fortnight": 14,
    "decade": 10, "century": 100,
    **{spelled(word): value for word, value in (
        ("डेढ़", 1.5), ("ढाई", 2.5), ("अढ़ाई", 2.5), ("आधा", 0.5), ("आधी", 0.5), ("आधे", 0.5), ("चौथाई", 0.25), ("तिहाई", 1 / 3),
        ("दर्जन", 12), ("दर्ज़न", 12),
        ("दुगुना", 2), ("दोगुना", 2), ("दोगुनी", 2), ("तिगुना", 3), ("तीनों", 3), ("दोनों", 2), ("चारों", 4), ("पखवाड़ा", 14),
        ("दशक", 10), ("पाव", 0.25),
    )},
}  # fmt: skip
# Those of them that mostly are no number: left to the words.
NOT_COUNTED_ALONE: Final = frozenset({"double", "triple", "century", "decade", "quarter", *map(spelled, ("दोनों", "तीनों", "चारों", "दशक"))})
# Factors to a smaller unit, so that half an hour and 30 minutes are one quantity.
UNITS: Final = {
    **dict.fromkeys(("km", "kms", "kilometre", "kilometres", "kilometer", "kilometers"), ("m", 1_000)),
    **dict.fromkeys(("m", "metre", "metres", "meter", "meters"), ("m", 1)),
    **dict.fromkeys(("cm", "centimetre", "centimetres", "centimeter", "centimeters"), ("m", 0.01)),
    **dict.fromkeys(("kg", "kgs", "kilo", "kilos", "kilogram", "kilograms"), ("g", 1_000)),
    **dict.fromkeys(("g", "gm", "gram", "grams", "gramme", "grammes"), ("g", 1)),
    **dict.fromkeys(("litre", "litres", "liter", "liters", "l"), ("ml", 1_000)),
    **dict.fromkeys(("ml", "millilitre", "millilitres"), ("ml", 1)),
    **dict.fromkeys(("hour", "hours", "hr", "hrs"), ("min", 60)),
    **dict.fromkeys(("minute", "minutes", "min", "mins"), ("min", 1)),
    **dict.fromkeys(("week", "weeks"), ("day", 7)),
    **dict.fromkeys(("day", "days"), ("day", 1)),
    **dict.fromkeys(("year", "years", "yr", "yrs"), ("month", 12)),
    **dict.fromkeys(("month", "months"), ("month", 1)),
    **{
        spelled(word): unit
        for words, unit in (
            ("किलोमीटर किमी", ("m", 1_000)), ("मीटर", ("m", 1)), ("सेंटीमीटर सेमी", ("m", 0.01)),
            ("किलोग्राम किलो किग्रा", ("g", 1_000)), ("ग्राम", ("g", 1)),
            ("लीटर", ("ml", 1_000)), ("मिलीलीटर", ("ml", 1)), ("घंटा घंटे घंटों", ("min", 60)), ("मिनट मिनटों", ("min", 1)),
            ("हफ्ता हफ्ते हफ्तों सप्ताह सप्ताहों", ("day", 7)), ("दिन दिनों दिवस", ("day", 1)),
            ("साल सालों वर्ष वर्षों बरस", ("month", 12)), ("महीना महीने महीनों माह", ("month", 1)),
        )
        for word in words.split()
    },
}  # fmt: skip
_MONTHS_EN: Final = "january february march april may june july august september october november december"
_MONTHS_HI: Final = "जनवरी फरवरी|फ़रवरी मार्च अप्रैल मई जून जुलाई अगस्त सितंबर|सितम्बर अक्टूबर|अक्तूबर नवंबर|नवम्बर दिसंबर|दिसम्बर"
_DAYS_EN: Final = "monday tuesday wednesday thursday friday saturday sunday"
_DAYS_HI: Final = "सोमवार मंगलवार बुधवार गुरुवार|बृहस्पतिवार|वीरवार शुक्रवार शनिवार रविवार|इतवार"
# Months and days of the week by number. "may" is also a verb: the tokeniser looks at its capital.
CALENDAR: Final = {
    **{word: f"month {number}" for number, word in enumerate(_MONTHS_EN.split(), 1)},
    **{word[:3]: f"month {number}" for number, word in enumerate(_MONTHS_EN.split(), 1) if word not in ("march", "may")},
    "sept": "month 9",
    **{spelled(word): f"month {number}" for number, words in enumerate(_MONTHS_HI.split(), 1) for word in words.split("|")},
    **{word + ending: f"weekday {number}" for number, word in enumerate(_DAYS_EN.split(), 1) for ending in ("", "s")},
    **{spelled(word): f"weekday {number}" for number, words in enumerate(_DAYS_HI.split(), 1) for word in words.split("|")},
}
for _word in ("sat", "sun", "mar"):
    CALENDAR.pop(_word, None)
