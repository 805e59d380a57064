"""Numbers that must stay: amounts, ranges, sums, citations, tables, times, identifiers of things; most have the digits of a mobile or an
Aadhaar number.

In a template `{m}` is ten digits that start as a mobile number's do, `{a}` twelve digits with Aadhaar's check digit, `{f}` five digits and
`{F}` five larger ones that start so, `{r}` an ascending range of two such, `{z}` a round large amount, `{t}` two digits, `{k}` three, `{q}`
four, `{s}` six, `{y}` a year, `{i}` a grouped ISBN-13, `{I}` its ten-digit form, `{h}` a hash, `{e}` seconds since 1970, `{c}` an amount
with Indian commas, `{d}` a decimal fraction, `{u}` a name.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from random import Random
from typing import Final

from bench.redaction.numbers import aadhaar, mobile

TEMPLATES: Final[Mapping[str, tuple[str, ...]]] = {
    "amount": (
        "इस योजना पर {z} रुपये खर्च हुए।", "कुल {m} रुपए मिले", "लागत ₹{m} थी", "₹ {m} की मंज़ूरी", "Rs. {m} was released", "INR {m} for the museum",
        "a grant of {m} rupees", "{z} रु. का बजट", "${m} in aid", "US$ {m}", "€{m} for the fort", "£{m} was paid", "बजट {c} रुपये है", "₹{c}",
        "{t} लाख {q} रुपये, यानी {m} रुपये", "{m} करोड़ नहीं, {t} करोड़", "about {m} crore", "{d} करोड़ रुपये", "the budget of {m} INR",
        "kharcha {m} rupaye hua", "amount: {m}", "राशि: {m}", '{{"amount": {m}}}', '{{"price": {a}, "currency": "INR"}}', "total {m} only",
        "कुल राशि {a} रुपये", "{m}/- रुपये", "Rs {m}/-", "₹{m}.50 और ₹{m}", "{m} dollars", "¥{m}", "turnover of {f} {F} lakh", "cost = {m}",
        "{m}.75 का बिल",
    ),
    "count": (
        "जनसंख्या {m} है", "a population of {m}", "{m} लोग", "{m} people live there", "{m} visitors came", "{m} दर्शक आए", "{m} years ago",
        "{z} वर्ष पहले", "{m} साल पुराना", "{m} km away", "{m} किमी दूर", "{m} सिक्के", "{m} टन कोयला", "{m} kg of iron", "{m} बाइट", "{m} bytes",
        "{m} प्रतिशत नहीं", "{m} views on the page", "{m} votes", "{m} मत मिले", "the file has {m} rows", "{z} stars", "{m} सेकंड", "{a} cells",
        "{m} manuscripts in all", "distance of {m} metres", "लगभग {m} पक्षी", "{m} cubic metres", "world population {m} in {y}",
    ),
    "range": (
        "{r} वर्ष पहले", "{r} years ago", "{r} ईसा पूर्व", "{r} लोग", "between {r} people", "{r} रुपये", "Rs {r} a month", "₹{r}", "वेतन {r}",
        "{r} BCE", "{f} से {F} वर्ष", "{f} to {F} visitors", "लगभग {r} साल", "a crowd of {r} pilgrims", "{r} steps", "{r} kg", "70000-80000",
        "65000-75000 के बीच", "range: {r}", "from {r} metres", "pages {r}", "पृष्ठ {r}",
    ),
    "sum": (
        "{s} × {s} = {m}", "{s} x {s} = {m}", "{s} * {k} = {m}", "{m} ÷ {k}", "{m} / {k} = {s}", "{m} + {m}", "{s} + {m} = {a}", "x = {m}",
        "{m} - {s} = {m}", "{m} > {s}", "2^33 = {m}", "{m} mod {t}", "{k} का वर्ग {m}", "{s} गुणा {s} बराबर {m}", "log({m})", "{m}² is large",
        "sum(values) == {m}", "{m} is a prime", "the square root of {m}", "√{m}", "{a} = {s} × {s}", "n = {m};", "{m} % {t} == 3",
        "the sum is {m}", "योग {m} है", "the product {a} is even", "≈ {m}", "{s} और {k} का गुणनफल {m} है",
    ),
    "catalogue": (
        "ISBN {i}", "ISBN-10: {I}", "ISBN {I}", "ISBN: {m}", "accession no. {m}",
        "accession number {f}-{F}", "acc. no. {a}", "परिग्रहण संख्या {m}",
        "catalogue no. {m}", "inventory {f} {F}", "OCLC {m}", "LCCN {m}", "barcode {a}", "ISSN {q}-{q}, vol. {t}", "shelf mark {f}/{F}",
        "सूची क्रमांक {m}", "museum object ID {m}", "item no. {f}.{F}", "record {m} of the archive", "क्रम संख्या {m}",
        "manuscript no. {f}-{F}", "accession {f}\t{F}", "call number {q}.{k} {q}",
    ),
    "citation": (
        "J. Phys. {t} ({y}) {q}-{q}", "Indian Hist. Rev. {t} ({y}) {q}–{q}.",
        "Nature {k} ({q}), {f}-{F} ({y})", "Sharma, R., {t}({k}): {r}",
        "pp. {r}", "p. {m}", "पृ. {r}", "vol. {t}, pp. {q}-{q}, {y}", "doi:10.1016/j.{k}.{y}.{s}", "doi 10.{q}/{m}", "arXiv:{q}.{f}",
        "खंड {t}, पृ. {q}-{q}", "Bull. ASI {t}: {r} ({y})", "IJHS {t}.{q} ({y}) {q}-{q}",
        "Proc. {t} ({y}) {q}—{q}", "[{t}] Rao ({y}), {q}-{q}",
        "PMID {m}", "Lancet {y}; {k}: {q}-{q}", "AIR {y} SC {q}, para {t}", "Thapar {y}, {r}",
    ),
    "table": (
        "| राम | {t} | {t} | {t} | {t} | {t} |", "राम {t} {t} {t} {t} {t}", "marks: {t} {t} {t} {t} {t}", "अंक {t}-{t}-{t}-{t}-{t}",
        "Roll {k} {q} {k}", "{t}\t{t}\t{t}\t{t}\t{t}", "गीता\t{f}\t{F}\t{f}", "{f} {F} {f}", "{f}\t{F}\t{f}\t{F}", "{k} {k} {q} {k} {k}",
        "अनुक्रमांक {m}", "roll number {m}, marks {t}", "| district | males | females |\n| Agra | {f} | {F} |", "आगरा {f} {F} {s}",
        "| नाम | जनसंख्या |\n| भारत | {m} |", "| item | amount |\n| fort | {m} |", "| वर्ष | राशि |\n| {y} | {m} |", "{f}\n{F}\n{f}\n{F}",
        "{t}, {t}, {t}, {t}, {t}", "1 2 3 4 5 6 7 8 9 0", "9 8 7 6 5 4 3 2 1 0", "{t} {t} {t} {t} {t} {t}", "scores {k} {k} {q}",
        "टीम ए: {k} {k} {q} रन", "literacy {t}.{t} {t}.{t} {t}.{t}", "| {f} | {F} |", "{y} {f} {F}",
        "Male {f} Female {F}", "पुरुष {f} महिला {F}",
        "{q} {s}\n{q} {s}", "matrix [{t} {t} {t}; {t} {t} {t}]", "row 7: {q} {k} {k} {q}",
    ),
    "time": (
        "{y}-11-07T12:34:56Z", "{y}-11-07 12:34:56.{k}", "07/11/{y} 12:34", "{e}", "timestamp {m}",
        "epoch {m}", "{e}{k}", "07-11-{y} 10:15-11:45",
        "ts={m}", "{y}1107{s}", "{y}-{y}, {y}-{y}", "{y} {y} {y}", "98-11-{y} 04:25", "07.11.{y} 09.30",
        "unix time {m}", '{{"created_at": {m}}}',
        "७ नवंबर {y} को {t}:{t} बजे", "between {y} and {y}", "{y}–{y}–{y}", "समय-चिह्न {m}",
    ),
    "place": (
        "{t}.{q}, {t}.{q}", "lat {t}.{f}, lon {t}.{f}", "27.17501, 78.04210", "पिन {s}, {t} मीटर",
        "New Delhi 110011 {y}", "PIN {s} and {s}",
        "27°10'30\"N 78°02'31\"E", "अक्षांश {t}.{s}", "geo:{t}.{s},{t}.{s}", "मकान {t}/{k}, पिन {s}", "Sector {t}, {s}, plot {q}",
        "पिनकोड {s} {s}", "UTM 43R {s} {m}", "survey no. {f}/{F}", "खसरा संख्या {f}/{F}",
    ),
    "version": (
        "v{t}.{k}.{q}", "version {t}.{k}.{q}-{k}", "python 3.11.{t}", "build {m}", "192.168.{k}.{t}", "10.0.{t}.{t}:{q}", "संस्करण {m}",
        "release {f}.{F}", "commit {h}", "sha256 {h}{h}", "md5 {m}abcdef", "uuid {h}-{q}-{q}", "0x{m}",
        "#{m}", "issue #{m}", "revision {m}",
        "id-{m}", "fb-{m}", "key_{m}", "x{m}y", "hash: {m}", "serial no. {m}", "S/N {m}", "port {q}",
        "{m}.jpg", "IMG_{m}.png", "scan-{m}.pdf",
    ),
    "url": (
        "https://example.org/item/{m}", "http://museum.example.in/objects?id={m}&page={t}",
        "https://example.org/{a}", "www.example.in/news/{m}.html",
        "https://example.com/a/{f}-{F}", "https://example.org/wiki/?oldid={m}", "https://x.example/status/{a}{m}", "s3://bucket/{m}/part",
        "/files/{m}/view", "https://maps.example.org/@{t}.{s},{t}.{s},15z", "https://example.org/{f}/{F}#note", "urn:isbn:{i}",
    ),
    "reference": (
        "file no. {m}", "फ़ाइल संख्या {f}/{F}", "फा.सं. {f}/{F}/{y}", "F.No. {f}/{F}", "order id {m}", "ऑर्डर {m}", "invoice {m}", "PNR {m}",
        "ticket no. {m}", "टिकट संख्या {m}", "train {f}", "trains {f}/{F}", "गाड़ी संख्या {f}/{F}", "UTR {a}", "transaction {a}", "ref. {m}",
        "tracking number {a}", "DL 01 AB {q}", "MH-12-AB-{q}", "पंजीकरण संख्या {m}", "registration no. {m}", "receipt {m}", "रसीद {m}",
        "complaint {m}", "शिकायत संख्या {m}", "case no. {f}/{y}", "1800-{k}-{q}", "टोल-फ़्री 1800 {t} {q}",
        "{{\"order_id\": \"{m}\"}}", "bill no. {m}",
        '{{"id": {m}}}', "इस आधार पर {a} को चुना", "आधार वर्ष {y}, सूचकांक {m}", "sample id: {m}", "consignment {m}", "संदर्भ {m}",
        "application number {m}", "आवेदन संख्या {m}", "हमारा क्रमांक {m}", "product code {m}", "ABCDE1234F", "abcde{q}fgh", "AB{m}CD",
    ),
    "at": (
        "@{u} देखिए", "thanks @{u} and @{u}", "C = a@b", "W @ x + b", "@property",
        "@app.get('/x')\ndef f(): ...", "{u}@localhost", "root@server1:~$",
        "ssh {u}@host7", "pip install x@main", "@{u}{t} कहाँ है?", "{t} apples @ {t} each", "X@Y.T",
        "meet @ 5 pm", "A@A.T = B", "git@github.com:o/r.git",
        "image@sha256:{h}", "actions/checkout@v4", "@pytest.fixture", "मूल्य @ {t} रुपये",
        "look at the dot on the map", "stay at home", "{u}@{u}",
        "gate (at) the north", "npm i left-pad@1.{t}.{t}", "kisan@home", "x@y", "contact us at the gate", "@Override", "10 pens @{t}/-",
    ),
    "fraction": (
        "{t}.{m}", "0.{m}", "π ≈ 3.14159265{t}", "{t},{k},{k}", "{f}.{t}", "{q}.{s}", "{f}/{F} भाग",
        "{k}.{k}.{k}", "{d} प्रतिशत", "{d}%", "1.{a}",
        "{k} {k} {k}", "-0.{s}{q}", "{f}.{F} रुपये", "value {f}.{F} metres", "mean {f}.{F}", "औसत {f}.{F}", "{t}.{t}-{t}.{t}", "6.{q}e{t}",
    ),
}  # fmt: skip
# What may stand around any of them; a number that must stay says so itself.
AROUND: Final = (
    "{}", "उत्तर: {}", "The answer says: {}", "{}।", "मेरे हिसाब से {} सही है", "It was {} then.", "(देखें {})",
    "1911 में {} था", "source: {}, checked",
    "जवाब में लिखा था — {} — पर यह ग़लत है", "yeh galat hai: {} hona chahiye", "Correct is {}, not the other.",
    "- {}", "\"{}\"", "पहले यह था\n{}\nअब नहीं",
)  # fmt: skip
_USERS: Final = ("ravi", "asi_india", "museumdelhi", "kisan", "meena", "heritage", "MinOfCultureGoI", "user")
_ROUND: Final = ("6500000000", "7000000000", "9200000000", "8500000000", "6000000000", "7500000000", "9900000000")
_DASHES: Final = "--–—"
_DEVANAGARI: Final = str.maketrans("0123456789", "०१२३४५६७८९")
_PLACE: Final = re.compile(r"\{(\{|[a-zA-Z]\})|\}\}")


def filled(template: str, rng: Random) -> str:
    """The template with numbers in its places."""
    return _PLACE.sub(lambda place: {"{{": "{", "}}": "}"}.get(place[0]) or _value(place[0][1], rng), template)


def in_devanagari(text: str) -> str:
    """The text with Devanagari digits."""
    return text.translate(_DEVANAGARI)


def _digits(rng: Random, count: int, first: str = "123456789") -> str:
    return rng.choice(first) + "".join(str(rng.randrange(10)) for _ in range(count - 1))


def _ascending(rng: Random) -> str:
    low = rng.randrange(60, 95) * 1000
    high = low + rng.randrange(1, 5) * 1000
    if rng.random() < 0.4:
        low, high = low + rng.randrange(1000), high + rng.randrange(1000)
    return f"{low}{rng.choice(_DASHES)}{high}"


def _commas(rng: Random) -> str:
    return f"{rng.randrange(1, 99)},{rng.randrange(10, 99)},{rng.randrange(10, 99)},{rng.randrange(100, 999)}"


def _isbn(rng: Random, parts: bool) -> str:
    if not parts:
        return f"{rng.choice('6789')}{rng.randrange(10)}-{rng.randrange(1000, 9999)}-{rng.randrange(100, 999)}-{rng.randrange(10)}"
    return f"978-{rng.choice(('81', '93'))}-{rng.randrange(1000, 9999)}-{rng.randrange(100, 999)}-{rng.randrange(10)}"


def _value(place: str, rng: Random) -> str:
    counted = {"t": (2, "3456789"), "k": (3, "123456789"), "q": (4, "123456789"), "s": (6, "123456789"), "f": (5, "67"), "F": (5, "89")}
    if place in counted:
        return _digits(rng, *counted[place])
    match place:
        case "m":
            return mobile(rng)
        case "a":
            return aadhaar(rng)
        case "r":
            return _ascending(rng)
        case "z":
            return rng.choice(_ROUND)
        case "y":
            return str(rng.randrange(1700, 2030))
        case "i" | "I":
            return _isbn(rng, place == "i")
        case "h":
            return f"{rng.getrandbits(48):012x}a"
        case "e":
            return str(rng.randrange(1_000_000_000, 1_900_000_000))
        case "c":
            return _commas(rng)
        case "d":
            return f"{rng.randrange(1, 99)}.{rng.randrange(10, 99)}"
        case "u":
            return rng.choice(_USERS)
    raise ValueError(f"place {place!r}: expected one of the letters that the module names")
