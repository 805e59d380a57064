"""A corpus of templates, the hardest for a firewall: every question of a form is like every other but for a name. Written for this bench.

Cities are real, what is said to stand in them is not. The halves share no form.
"""

from __future__ import annotations

import random
from typing import Final

from bench.firewall.asked import Asked
from bench.halves import Half

# (English, Hindi); the first half of the list tunes.
_CITIES: Final = (
    "Jaipur/जयपुर Raipur/रायपुर Rampur/रामपुर Kanpur/कानपुर Nagpur/नागपुर Agra/आगरा Delhi/दिल्ली Bhopal/भोपाल "
    "Indore/इंदौर Gwalior/ग्वालियर Patna/पटना Gaya/गया Ranchi/राँची Kolkata/कोलकाता Cuttack/कटक Puri/पुरी "
    "Madurai/मदुरै Chennai/चेन्नई Mysuru/मैसूर Bidar/बीदर Pune/पुणे Nashik/नासिक Surat/सूरत Rajkot/राजकोट "
    "Bhuj/भुज Ajmer/अजमेर Kota/कोटा Meerut/मेरठ Jhansi/झाँसी Shimla/शिमला Udaipur/उदयपुर Jodhpur/जोधपुर "
    "Bilaspur/बिलासपुर Gorakhpur/गोरखपुर Jabalpur/जबलपुर Mathura/मथुरा Varanasi/वाराणसी Ujjain/उज्जैन Dewas/देवास Satna/सतना "
    "Nalanda/नालंदा Munger/मुंगेर Dhanbad/धनबाद Howrah/हावड़ा Konark/कोणार्क Thanjavur/तंजावुर Salem/सेलम Kochi/कोच्चि "
    "Hampi/हम्पी Bijapur/बीजापुर Thane/ठाणे Satara/सातारा Vadodara/वडोदरा Junagadh/जूनागढ़ Bikaner/बीकानेर Alwar/अलवर "
    "Bundi/बूंदी Aligarh/अलीगढ़ Almora/अल्मोड़ा Leh/लेह"
)
CITIES: Final = tuple(tuple(pair.split("/")) for pair in _CITIES.split())
KINDS: Final = (("Fort", "किले"), ("Museum", "संग्रहालय"), ("Library", "पुस्तकालय"), ("Palace", "महल"))
# Half of them, by four and more forms, are more than 100 held-out questions in each language.
MOST_THINGS: Final = 60
# By half: (English wordings, Hindi wordings, kind of answer); {x} is the thing. The first wording is the held-out one.
FORMS: Final = {
    "tuning": (
        (
            ("What is the height of the {x}?", "How tall is the {x}?", "How high does the {x} rise?"),
            ("{x} की ऊँचाई कितनी है?", "{x} कितना ऊँचा है?", "{x} की ऊँचाई बताइए"),
            "metres",
        ),
        (
            ("Who founded the {x}?", "By whom was the {x} established?", "Name the person who set up the {x}."),
            ("{x} की स्थापना किसने की?", "{x} किसके द्वारा स्थापित हुआ?", "{x} के संस्थापक कौन थे?"),
            "person",
        ),
        (
            ("What is the entry fee of the {x}?", "How much does a ticket to the {x} cost?", "What do I pay to get into the {x}?"),
            ("{x} का प्रवेश शुल्क कितना है?", "{x} में जाने का टिकट कितने का है?", "{x} का टिकट कितने रुपये का आता है?"),
            "fee",
        ),
        (
            ("Is the {x} open on Mondays?", "Can I visit the {x} on a Monday?", "Does the {x} receive visitors on Mondays?"),
            ("क्या {x} सोमवार को खुला रहता है?", "क्या सोमवार को {x} देख सकते हैं?", "सोमवार को {x} खुलता है क्या?"),
            "yes",
        ),
    ),
    "final": (
        (
            ("In which year was the {x} built?", "When did they build the {x}?", "What is the year of construction of the {x}?"),
            ("{x} का निर्माण किस वर्ष हुआ?", "{x} कब बना था?", "{x} किस साल में बनाया गया?"),
            "year",
        ),
        (
            ("How many rooms does the {x} have?", "What number of rooms are in the {x}?", "The {x} has how many rooms?"),
            ("{x} में कितने कमरे हैं?", "{x} में कमरों की संख्या क्या है?", "{x} के अंदर कुल कितने कक्ष हैं?"),
            "count",
        ),
        (
            ("Which architect designed the {x}?", "Who drew the plans of the {x}?", "Who was the architect of the {x}?"),
            ("{x} के वास्तुकार कौन थे?", "{x} का नक्शा किसने बनाया?", "{x} को किस वास्तुकार ने बनाया?"),
            "person",
        ),
        (
            ("What is the phone number of the {x}?", "How can I call the {x}?", "Which number do I dial to reach the {x}?"),
            ("{x} का फ़ोन नंबर क्या है?", "{x} में फ़ोन कैसे करें?", "{x} का दूरभाष नंबर बताइए"),
            "phone",
        ),
        (
            ("Is photography allowed in the {x}?", "Can I take pictures inside the {x}?", "May visitors take photographs at the {x}?"),
            ("क्या {x} में फ़ोटो खींचने की अनुमति है?", "क्या {x} के भीतर तस्वीरें ले सकते हैं?", "{x} में फ़ोटो खींच सकते हैं क्या?"),
            "yes",
        ),
    ),
}  # fmt: skip
_PEOPLE: Final = (
    "Asha Merwin/आशा मर्विन Ratan Idris/रतन इदरीस Leela Farrow/लीला फ़ैरो Omkar Lyle/ओंकार लाइल Gauri Blythe/गौरी ब्लाइथ Paulo Kesar/पाउलो केसर"
)


def templated(half: Half, *, things_of_a_city: int) -> tuple[list[Asked], frozenset[str]]:
    """Questions of the half's forms in both languages, and the groups to hold out, one in two; `key` is alike in both languages.

    A city has one thing, so that names tell them apart, or four, which a translated word alone does; then there are fewer cities. What is
    held out has all its wordings, everything else one of them.
    """
    rng = random.Random(f"templates {half} {things_of_a_city}")
    cities = CITIES[half == "final" :: 2] * (things_of_a_city == 1) + CITIES[half == "tuning" :: 2]
    pairs = [
        (city, KINDS[(place + more) % len(KINDS)])
        for place, city in enumerate(cities[: MOST_THINGS // things_of_a_city])
        for more in range(things_of_a_city)
    ]
    held = frozenset(f"{city[0]} {kind[0]}" for city, kind in rng.sample(pairs, len(pairs) // 2))
    names, found = _people(), []
    for city, kind in pairs:
        group = f"{city[0]} {kind[0]}"
        things = (group, f"{city[1]} के {kind[1]}")
        for number, (english, hindi, answered) in enumerate(FORMS[half]):
            answers = _answers(answered, rng, names)
            for place, (language, wordings) in enumerate((("en", english), ("hi", hindi))):
                chosen = range(len(wordings)) if group in held else [rng.randrange(len(wordings))]
                for wording in chosen:
                    question = wordings[wording].format(x=things[place])
                    found.append(Asked(f"{group}/{number}", question, answers[place], language, group, wording))
    return found, held


def _people() -> list[tuple[str, str]]:
    words = _PEOPLE.replace("/", " ").split()
    return [(" ".join(words[at : at + 2]), " ".join(words[at + 2 : at + 4])) for at in range(0, len(words), 4)]


def _answers(kind: str, rng: random.Random, names: list[tuple[str, str]]) -> tuple[str, str]:
    if kind == "person":
        return rng.choice(names)
    if kind == "yes":
        return rng.choice((("Yes", "हाँ"), ("No", "नहीं")))
    if kind == "fee":
        fee = rng.choice((20, 50, 100, 200))
        return f"{fee} rupees", f"{fee} रुपये"
    if kind == "metres":
        metres = rng.randrange(10, 90)
        return f"{metres} metres", f"{metres} मीटर"
    number = str({"year": rng.randrange(1100, 1950), "count": rng.randrange(8, 400)}.get(kind, rng.randrange(2_000_000, 9_999_999)))
    return number, number
