"""E-mail addresses, also with "(at)" and "dot" in words, and UPI ids."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from producers.redaction.characters import SPACES, UNSEEN, with_ascii_digits

Span = tuple[int, int, str]

# Devanagari vowel signs are no \w for `re`; the danda (U+0964, U+0965) ends a sentence and is left out.
_WORD: Final = r"[\w\u0900-\u0963\u0966-\u097f]"
_LOCAL: Final = rf"(?:{_WORD}|[.%+-]){{1,64}}"
_LABEL: Final = rf"(?:{_WORD}|-){{1,63}}"
_EMAIL: Final = re.compile(
    rf"{_LOCAL}[{UNSEEN}]{{0,2}}[@＠][{UNSEEN}]{{0,2}}(?:{_LABEL}\.){{1,8}}(?:[^\W\d_]|[\u0900-\u0963\u0970-\u097f]){{2,24}}"
)
# With spaces about the sign or a word in its place, only before the endings that most addresses have: "A @ B.shape" is code.
_ENDING: Final = r"(?:com|org|net|info|edu|gov|nic|ac|co|in|io|me|भारत)"
_AT: Final = (
    rf"(?:[{SPACES}{UNSEEN}]{{0,2}}(?:[@＠]|[\[({{<]\s?at\s?[\])}}>])[{SPACES}{UNSEEN}]{{0,2}}|\s(?:at(?:\sthe\srate(?:\sof)?)?|ऐट|एट)\s)"
)
_DOT: Final = rf"(?:\.|[{SPACES}]?[\[({{<]\s?(?:dot|डॉट)\s?[\])}}>][{SPACES}]?|\s(?:dot|डॉट)\s)"
_SPELT: Final = re.compile(rf"(?<![\w.@]){_LOCAL}(?P<at>{_AT})(?:[\w-]{{1,63}}(?:{_DOT})){{1,4}}{_ENDING}(?![\w@])", re.IGNORECASE)
_NOT_BY_ITSELF: Final = frozenset({"@", "＠", " at ", " ऐट ", " एट "})
# Far cheaper to look for.
_MAY_BE_SPELT: Final = re.compile(rf"[{SPACES}][@＠]|[@＠][{SPACES}]|at\s?[\])}}>]|\s(?:dot|डॉट|at the rate)\s", re.IGNORECASE)
_UPI: Final = re.compile(
    rf"(?<![\w@.-])(?P<name>[A-Za-z0-9][A-Za-z0-9._-]{{0,63}})[{SPACES}{UNSEEN}]?[@＠](?P<bank>[A-Za-z]{{2,24}})(?![\w@]|[.-]\w)", re.ASCII
)
_UPI_WORD: Final = re.compile(r"(?<![a-z])(?:upi|vpa|g-?pay|phonepe|bhim)(?![a-z])|यूपीआई|यू\.?पी\.?आई|pa=$", re.IGNORECASE)
_UPI_WORD_WITHIN: Final = 32
_MOBILE_NAME: Final = re.compile(r"(?:91)?[6-9]\d{9}(?:[.-]\w{1,8})?", re.ASCII)
# What follows the @ of a UPI id: names that the payment apps and banks of India have registered with NPCI.
_BANKS: Final = frozenset({
    "abcdicici", "abfspay", "airtel", "allbank", "amazonpay", "andb", "apl", "aubank", "axis", "axisb", "axisbank", "axl", "bandhan",
    "barodampay", "bharatpe", "bhim", "boi", "bpunity", "cbin", "cboi", "centralbank", "citi", "citigold", "cnrb", "csbcash", "csbpay",
    "dbs", "dcb", "dcbbank", "dlb", "eazypay", "equitas", "esaf", "ezeepay", "fam", "fbl", "federal", "fifederal", "freecharge",
    "goaxb", "hdfcbank", "hdfcbankjd", "hsbc", "ibl", "icici", "idbi", "idbibank", "idfcbank", "idfcfirst", "ikwik", "indianbank",
    "indianbk", "indus", "iob", "jio", "jsb", "jupiteraxis", "kaypay", "kbl", "kmbl", "kotak", "kphdfc", "kvb", "lvb", "mahb",
    "mairtel", "myicici", "naviaxis", "niyoicici", "nsdl", "obc", "okaxis", "okhdfcbank", "okicici", "oksbi", "oneyes", "paytm",
    "payu", "payzapp", "pingpay", "pnb", "pockets", "postbank", "psb", "ptaxis", "pthdfc", "ptsbi", "ptybl", "ptyes", "rapl", "rbl",
    "rmhdfcbank", "sbi", "scb", "seyes", "shriramhdfcbank", "sib", "sliceaxis", "srcb", "superyes", "synd", "syndicate", "tapicici",
    "timecosmos", "tjsb", "tmb", "trans", "uboi", "uco", "unionbank", "unionbankofindia", "upi", "utbi", "vijb", "waaxis",
    "wahdfcbank", "waicici", "wasbi", "yapl", "ybl", "yesbank", "yesbankltd", "yescred", "yesfam", "ypbiz", "zoicici",
})  # fmt: skip


def emails(text: str) -> Iterator[Span]:
    """The places of e-mail addresses that are written with their sign."""
    for match in _EMAIL.finditer(text):
        # `git@host:path` names a repository, nobody's post box.
        if not (match[0].startswith("git@") and text[match.end() : match.end() + 1] == ":"):
            yield *match.span(), "email"


def spelt_emails(text: str) -> Iterator[Span]:
    """The places of addresses with spaces about the sign, or words in place of sign and dot."""
    if not _MAY_BE_SPELT.search(text):
        return
    for match in _SPELT.finditer(text):
        # "meet at home.in": a bare "at" needs its dot in words too; the sign alone is `emails`'s.
        if match["at"].lower() not in _NOT_BY_ITSELF or re.search(r"\s(?:dot|डॉट)\s", match[0], re.IGNORECASE):
            yield *match.span(), "email"


def upi_ids(text: str) -> Iterator[Span]:
    """The places of UPI ids: a known bank, a mobile number before the sign, or a word that names UPI; `name@host` is none."""
    plain = with_ascii_digits(text)
    for match in _UPI.finditer(plain):
        start, end = match.span()
        if match["bank"].lower() in _BANKS or _MOBILE_NAME.fullmatch(match["name"]) or _UPI_WORD.search(_before(plain, start)):
            yield start, end, "upi"


def _before(plain: str, start: int) -> str:
    return plain[max(0, start - _UPI_WORD_WITHIN) : start].rpartition("\x00")[2]
