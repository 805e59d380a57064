"""Numbers and addresses that must go, in the ways in which people write them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import pairwise
from random import Random
from typing import Final

from stdnum import luhn, verhoeff

Writer = Callable[[Random], str]

ALPHABET: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_LETTERS: Final = ALPHABET[10:]
_SCRIPTS: Final = {
    "devanagari": "०१२३४५६७८९", "bengali": "০১২৩৪৫৬৭৮৯", "gujarati": "૦૧૨૩૪૫૬૭૮૯",
    "tamil": "௦௧௨௩௪௫௬௭௮௯", "fullwidth": "０１２３４５６７８９",
    "arabic": "٠١٢٣٤٥٦٧٨٩",
}  # fmt: skip
_AREA_CODES: Final = (
    "011",
    "022",
    "033",
    "044",
    "040",
    "080",
    "0141",
    "0755",
    "0522",
    "0612",
    "0674",
    "0361",
    "0487",
    "0135",
    "01892",
    "05942",
)
_NAMES: Final = (
    "ravi.kumar",
    "sunita_devi",
    "a.b+c",
    "kisan",
    "Meena.Joshi82",
    "office-director",
    "r",
    "hod.archaeology",
    "mohd.irfan",
    "s.iyer",
)
_DOMAINS: Final = (
    "gmail.com",
    "yahoo.co.in",
    "nic.in",
    "asi.gov.in",
    "example.org",
    "mail.museum.example.in",
    "rediffmail.com",
    "iitd.ac.in",
)
_HANDLES: Final = (
    "okaxis", "oksbi", "okicici", "okhdfcbank", "ybl", "ibl", "axl", "paytm", "upi", "apl", "sbi", "ptsbi", "icici", "hdfcbank", "axisbank",
    "kotak", "pnb", "barodampay", "yapl", "fam",
)  # fmt: skip


def mobile(rng: Random) -> str:
    """Ten digits of a mobile number that are not round."""
    return rng.choice("6789") + str(rng.randrange(100_000_000, 999_999_999))


def aadhaar(rng: Random) -> str:
    """Twelve digits with Aadhaar's check digit."""
    stem = str(rng.randrange(20_000_000_000, 99_999_999_999))
    return stem + str(verhoeff.calc_check_digit(stem))


def pan(rng: Random) -> str:
    """A PAN of a person, a company or a trust."""
    letters = "".join(rng.choice(_LETTERS) for _ in range(3))
    return f"{letters}{rng.choice('PPPPCHFATBLJG')}{rng.choice(_LETTERS)}{rng.randrange(1, 10_000):04d}{rng.choice(_LETTERS)}"


def gstin(rng: Random) -> str:
    """A GSTIN with its check character."""
    stem = f"{rng.randrange(1, 38):02d}{pan(rng)}{rng.choice('123456789')}Z"
    return stem + str(luhn.calc_check_digit(stem, ALPHABET))


def in_script(text: str, script: str) -> str:
    """The text with its digits in another script."""
    return text.translate(str.maketrans("0123456789", _SCRIPTS[script]))


def _cut(digits: str, sizes: tuple[int, ...], gap: str) -> str:
    parts, start = [], 0
    for size in sizes:
        parts.append(digits[start : start + size])
        start += size
    return gap.join(parts)


def _grouped(number: Writer, sizes: tuple[int, ...], gap: str, prefix: str = "", script: str = "") -> Writer:
    def write(rng: Random) -> str:
        text = prefix + _cut(number(rng), sizes, gap)
        return in_script(text, script) if script else text

    return write


def _landline(form: str, script: str = "") -> Writer:
    def write(rng: Random) -> str:
        code = rng.choice(_AREA_CODES)
        rest = rng.choice("23456") + "".join(str(rng.randrange(10)) for _ in range(10 - len(code)))
        text = form.format(code=code, short=code[1:], rest=rest, a=rest[: len(rest) - 4], b=rest[-4:])
        return in_script(text, script) if script else text

    return write


def _spelt(form: str) -> Writer:
    def write(rng: Random) -> str:
        domain, _, top = rng.choice(_DOMAINS).partition(".")
        return form.format(name=rng.choice(_NAMES), n=rng.randrange(100), domain=domain, top=top)

    return write


def _upi(form: str) -> Writer:
    def write(rng: Random) -> str:
        return form.format(name=rng.choice(_NAMES).replace("+", "."), mobile=mobile(rng), bank=rng.choice(_HANDLES), n=rng.randrange(100))

    return write


def _lower_pan(rng: Random) -> str:
    return pan(rng).lower()


def _parts(number: Writer, cuts: tuple[int, ...], gap: str) -> Writer:
    def write(rng: Random) -> str:
        text, marks = number(rng), (0, *cuts, 99)
        return gap.join(text[start:end] for start, end in pairwise(marks))

    return write


def _mobiles() -> dict[str, Writer]:
    gaps = {
        "plain": "", "space": " ", "dash": "-", "en-dash": "–", "wide-dash": " - ", "nbsp": "\u00a0",
        "thin": "\u2009", "dot": ".", "slash": "/",
        "tab": "\t", "line": "\n", "crlf": "\r\n", "zwj": "\u200d", "zwnj": "\u200c", "zwsp": "\u200b",
        "bom": "\ufeff", "soft-hyphen": "\u00ad",
        "no-break-hyphen": "\u2011", "two-spaces": "  ", "word-joiner": "\u2060",
    }  # fmt: skip
    found: dict[str, Writer] = {}
    for name, gap in gaps.items():
        found[f"5-5 {name}"] = _grouped(mobile, (5, 5), gap)
    for name in ("space", "dash", "dot", "zwj", "nbsp"):
        found[f"3-3-4 {name}"] = _grouped(mobile, (3, 3, 4), gaps[name])
        found[f"4-3-3 {name}"] = _grouped(mobile, (4, 3, 3), gaps[name])
    for name in ("space", "dash"):
        found[f"4-6 {name}"] = _grouped(mobile, (4, 6), gaps[name])
    for prefix in ("+91 ", "+91-", "+91", "0", "91 ", "0091 ", "(+91) ", "+91 (0) ", "91-", "+91.", "+91/", "0-", "+91\u200d", "+91\t"):
        for sizes in ((10,), (5, 5)):
            found[f"{prefix!r} {sizes}"] = _grouped(mobile, sizes, " ", prefix)
    for script in _SCRIPTS:
        found[f"10 {script}"] = _grouped(mobile, (10,), "", script=script)
        found[f"5-5 {script}"] = _grouped(mobile, (5, 5), " ", script=script)
    found["+91 devanagari dash"] = _grouped(mobile, (5, 5), "-", "+91 ", "devanagari")
    found["5-5 devanagari dot"] = _grouped(mobile, (5, 5), ".", "", "devanagari")
    found["two halves, two scripts"] = lambda rng: f"{(number := mobile(rng))[:5]} {in_script(number[5:], 'devanagari')}"
    return found


def _aadhaars() -> dict[str, Writer]:
    gaps = {"space": " ", "dash": "-", "nbsp": "\u00a0", "dot": ".", "slash": "/", "tab": "\t",
    "line": "\n", "zwj": "\u200d", "en-dash": "–",
            "zwsp": "\u200b", "two-spaces": "  "}  # fmt: skip
    found: dict[str, Writer] = {f"4-4-4 {name}": _grouped(aadhaar, (4, 4, 4), gap) for name, gap in gaps.items()}
    found["12"] = _grouped(aadhaar, (12,), "")
    found["6-6"] = _grouped(aadhaar, (6, 6), " ")
    for script in ("devanagari", "bengali", "fullwidth"):
        found[f"12 {script}"] = _grouped(aadhaar, (12,), "", script=script)
        found[f"4-4-4 {script}"] = _grouped(aadhaar, (4, 4, 4), " ", script=script)
    return found


# For the forms of a kind that only its own word tells from a table: kept apart, their carriers name what they are.
TOLD: Final[Mapping[str, Mapping[str, Writer]]] = {
    "phone": {
        "pairs": _grouped(mobile, (2, 2, 2, 2, 2), " "),
        "pairs dash": _grouped(mobile, (2, 2, 2, 2, 2), "-"),
        "digits": _grouped(mobile, (1,) * 10, " "),
        "digits devanagari": _grouped(mobile, (1,) * 10, " ", script="devanagari"),
        "2-4-4": _grouped(mobile, (2, 4, 4), " "),
        "3-4-3": _grouped(mobile, (3, 4, 3), " "),
        "2-8": _grouped(mobile, (2, 8), " "),
        "6-4": _grouped(mobile, (6, 4), " "),
        "3-7": _grouped(mobile, (3, 7), "-"),
        "4-3-3 tab": _grouped(mobile, (4, 3, 3), "\t"),
    },
    "aadhaar": {
        "pairs": _grouped(aadhaar, (2,) * 6, " "),
        "digits": _grouped(aadhaar, (1,) * 12, " "),
        "3-3-3-3": _grouped(aadhaar, (3, 3, 3, 3), " "),
        "mistyped": lambda rng: (number := aadhaar(rng))[:-1] + str((int(number[-1]) + rng.randrange(1, 10)) % 10),
    },
}

FORMS: Final[Mapping[str, Mapping[str, Writer]]] = {
    "phone": _mobiles()
    | {
        "landline dash": _landline("{code}-{rest}"),
        "landline space": _landline("{code} {rest}"),
        "landline brackets": _landline("({code}) {rest}"),
        "landline brackets, cut": _landline("({code}) {a} {b}"),
        "landline cut": _landline("{code}-{a} {b}"),
        "landline +91": _landline("+91-{short}-{rest}"),
        "landline +91 spaces": _landline("+91 {short} {a} {b}"),
        "landline 0091": _landline("0091 {short} {rest}"),
        "landline en-dash": _landline("{code} – {rest}"),
        "landline slash": _landline("{code}/{rest}"),
        "landline devanagari": _landline("{code}-{rest}", "devanagari"),
        "landline +91 brackets": _landline("+91 ({short}) {rest}"),
    },
    "aadhaar": _aadhaars(),
    "pan": {
        "plain": pan,
        "lower": _lower_pan,
        "spaces": _parts(pan, (5, 9), " "),
        "dashes": _parts(pan, (5, 9), "-"),
        "devanagari": lambda rng: in_script(pan(rng), "devanagari"),
        "zwj": _parts(pan, (5, 9), "\u200d"),
        "nbsp": _parts(pan, (5, 9), "\u00a0"),
        "two parts": _parts(pan, (5,), " "),
    },
    "gstin": {
        "plain": gstin,
        "lower": lambda rng: gstin(rng).lower(),
        "spaces": _parts(gstin, (2, 12), " "),
        "all spaces": _parts(gstin, (2, 7, 11), " "),
        "dashes": _parts(gstin, (2, 12), "-"),
        "devanagari": lambda rng: in_script(gstin(rng), "devanagari"),
        "zwsp": _parts(gstin, (2, 12), "\u200b"),
    },
    "email": {
        "plain": _spelt("{name}{n}@{domain}.{top}"),
        "upper": lambda rng: _spelt("{name}{n}@{domain}.{top}")(rng).upper(),
        "angle": _spelt("<{name}@{domain}.{top}>"),
        "mailto": _spelt("mailto:{name}{n}@{domain}.{top}"),
        "spaces": _spelt("{name}{n} @ {domain}.{top}"),
        "full-width at": _spelt("{name}{n}＠{domain}.{top}"),
        "[at]": _spelt("{name}{n}[at]{domain}.{top}"),
        "(at)": _spelt("{name}{n} (at) {domain}.{top}"),
        "[at] [dot]": _spelt("{name}{n} [at] {domain} [dot] com"),
        "(at)(dot)": _spelt("{name}(at){domain}(dot)in"),
        "at dot": _spelt("{name}{n} at {domain} dot com"),
        "hindi": lambda rng: f"{rng.choice(('नाम', 'संपादक', 'किसान'))}@{rng.choice(('डाकघर', 'ग्रंथालय'))}.भारत",
        "number": lambda rng: f"{mobile(rng)}@{rng.choice(_DOMAINS)}",
        "zwsp": _spelt("{name}{n}\u200b@{domain}.{top}"),
        "quoted": _spelt('"{name}{n}@{domain}.{top}"'),
    },
    "upi": {
        "name": _upi("{name}@{bank}"),
        "name and number": _upi("{name}{n}@{bank}"),
        "mobile": _upi("{mobile}@{bank}"),
        "upper": lambda rng: _upi("{name}@{bank}")(rng).upper(),
        "mobile and part": _upi("{mobile}-{n}@{bank}"),
        "upi link": _upi("upi://pay?pa={name}{n}@{bank}"),
        "spaces": _upi("{mobile} @{bank}"),
    },
}  # fmt: skip
