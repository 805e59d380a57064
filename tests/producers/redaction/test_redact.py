"""Redaction: personal numbers and addresses go, what only looks a little like them stays."""

from __future__ import annotations

import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from stdnum import luhn, verhoeff
from stdnum.in_ import aadhaar

from producers.redaction.redact import redact

DEVANAGARI = str.maketrans("0123456789", "०१२३४५६७८९")
GAPS = st.sampled_from(["", " ", "-", " - ", "–", "\u00a0"])


@st.composite
def aadhaars(draw: st.DrawFn) -> str:
    stem = draw(st.integers(20_000_000_000, 99_999_999_999).map(str))
    number = stem + verhoeff.calc_check_digit(stem)
    return number if aadhaar.is_valid(number) else "234123412346"


@st.composite
def written(draw: st.DrawFn, number: str, sizes: tuple[int, ...]) -> str:
    """The number in groups with gaps of one kind between, in ASCII or Devanagari digits."""
    gap, groups, start = draw(GAPS), [], 0
    for size in sizes:
        groups.append(number[start : start + size])
        start += size
    text = gap.join(groups)
    return text.translate(DEVANAGARI) if draw(st.booleans()) else text


@given(st.data(), aadhaars(), st.sampled_from([(4, 4, 4), (12,), (6, 6), (2,) * 6, (1,) * 12]))
def test_an_aadhaar_number_goes_however_it_is_written(data: st.DataObject, number: str, sizes: tuple[int, ...]) -> None:
    """Any valid number, grouped with spaces or dashes, in either script's digits, inside Hindi text."""
    text = data.draw(written(number, sizes))
    redacted = redact(f"मेरा आधार {text} है।")
    assert redacted.text == "मेरा आधार [AADHAAR] है।"
    assert redacted.counts == {"aadhaar": 1}


@given(st.data(), aadhaars(), st.sampled_from([(4, 4, 4), (12,)]), st.integers(1, 9))
def test_a_number_with_another_check_digit_stays(data: st.DataObject, number: str, sizes: tuple[int, ...], off: int) -> None:
    """An accession number of the same length and shape whose check digit fails is left as it is."""
    wrong = number[:-1] + str((int(number[-1]) + off) % 10)
    # 91 and a mobile number is a telephone number whatever its check digit.
    if wrong.startswith("91"):
        wrong = "8" + wrong[1:]
    if aadhaar.is_valid(wrong):
        return
    text = f"accession {data.draw(written(wrong, sizes))}, hall 4"
    assert redact(text).text == text


@given(
    st.integers(6_000_000_000, 9_999_999_999),
    st.sampled_from(["", "+91 ", "+91-", "0", "91 ", "0091 ", "+91"]),
    st.sampled_from([(10,), (5, 5), (3, 3, 4)]),
    st.data(),
)
def test_a_mobile_number_goes(number: int, prefix: str, sizes: tuple[int, ...], data: st.DataObject) -> None:
    """With and without country code or trunk zero; the prefix goes with it. (Twelve digits may be an Aadhaar number too.)"""
    text = prefix + data.draw(written(str(number), sizes))
    redacted = redact(f"कॉल: {text}, शाम को")
    assert redacted.text in {"कॉल: [PHONE], शाम को", "कॉल: [AADHAAR], शाम को", "कॉल: +[AADHAAR], शाम को"}
    assert sum(redacted.counts.values()) == 1


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("011-23386995", "phone"),
        ("(011) 23386995", "phone"),
        ("+91 11 2338 6995", "phone"),
        ("98765 43210/98765 43211", "phone"),
        ("9876543210,9876543211", "phone"),
        ("+(91) 98765 43210", "phone"),
        ("ACUPA7085R", "pan"),
        ("acupa7085r", "pan"),
        ("ACUPA 7085 R", "pan"),
        ("ACUPA७०८५R", "pan"),
        ("27AAPFU0939F1ZV", "gstin"),
        ("27 aapfu0939f 1zv", "gstin"),
        ("a.b+c@mail.example.in", "email"),
        ("नाम@डाकघर.भारत", "email"),
        ("9876543210@example.org", "email"),
    ],
)
def test_each_kind_is_found_and_nothing_of_it_is_left(text: str, kind: str) -> None:
    """Only tags and what stood between two of them remain."""
    redacted = redact(f"देखें: {text} ।")
    assert set(redacted.counts) == {kind}
    assert set(redacted.text.replace(f"[{kind.upper()}]", "")) <= set("देखें: ।/,")


@pytest.mark.parametrize(
    "text",
    [
        "6500000000 रुपये",
        "70000-80000 वर्ष",
        "512088 × 137872 = 7105356608",
        "J. Phys. 78 (2001) 6543-6550",
        "Bull. ASI 45: 67890–67902 (1998)",
        "राम 78 65 90 87 66",
        "गीता\t67890\t87654\t71234",
        "| नाम | जनसंख्या |\n| भारत | 9876543210 |",
        "9876543210 दर्शक आए",
        "9876543210 visitors came",
        "accession no. 9876543210",
        "https://example.org/item/9876543210",
        "इस आधार पर 234123412346 को चुना",
        "फ़ाइल संख्या 98765/43210",
        "value 98765.43210 metres",
        "kisan@home",
        "C = a@b",
        "@app.get('/x')",
        "git@github.com:o/r.git",
    ],
)
def test_k5_a_number_of_a_thing_stays(text: str) -> None:
    """Units, sums, citations, tables and names of things about ten digits say that they are nobody's telephone."""
    redacted = redact(text)
    assert (redacted.text, redacted.counts) == (text, {})


@pytest.mark.parametrize(
    ("text", "marked"),
    [
        ("98765.43210", "[PHONE]"),
        ("98765/43210", "[PHONE]"),
        ("98765\t43210", "[PHONE]"),
        ("98765\n43210", "[PHONE]"),
        ("98765\r\n43210", "[PHONE]"),
        ("98765\u200d43210", "[PHONE]"),
        ("+91\u200d98765\u200d43210", "[PHONE]"),
        ("2341/2341/2346", "[AADHAAR]"),
        ("2341\u200b2341\u200b2346", "[AADHAAR]"),
        ("kisan@okaxis", "[UPI]"),
        ("9876543210@ybl", "[UPI]"),
        ("UPI: kisan@newbank", "UPI: [UPI]"),
        ("kisan (at) example.org", "[EMAIL]"),
        ("kisan at example dot com", "[EMAIL]"),
        ("https://wa.me/919876543210", "https://wa.me/[PHONE]"),
        ("call 98 76 54 32 10", "call [PHONE]"),
        ("| मद | मोबाइल |\n| राम | 98 76 54 32 10 |", "| मद | मोबाइल |\n| राम | [PHONE] |"),
        ("मेरा आधार 2341 2341 2347 है", "मेरा आधार [AADHAAR] है"),
        ("ticket के लिए 9876543210 पर कॉल करें", "ticket के लिए [PHONE] पर कॉल करें"),
        ("Mob9876543210", "Mob[PHONE]"),
        ("doc-9876543210", "doc-[PHONE]"),
        ("/bot/9876543210", "/bot/[PHONE]"),
    ],
)
def test_k5_a_number_goes_whatever_stands_between(text: str, marked: str) -> None:
    """Dots, strokes, tabs, line breaks and characters that show nothing do not hide a number, and its word makes an odd shape one."""
    assert redact(text).text == marked


@pytest.mark.parametrize(("apart", "kept"), [("फोन 98 76 54 32 10", False), ("marks 98 76 54 32 10", True), ("98 76 54 32 10", True)])
def test_k5_the_same_digits_go_or_stay_by_the_words_about_them(apart: str, kept: bool) -> None:
    """Five pairs are marks until a word says telephone."""
    assert ("98 76" in redact(apart).text) is kept


@pytest.mark.parametrize(
    "text",
    [
        "built 1911-1931, opened in 1951",
        "between 2019 2020 2021",
        "२०१९-२०२०-२०२१",
        "₹9876543210 and Rs. 9876543210 and 9876543210.50",
        "रुपये 9876543210",
        "₹12,34,56,789",
        "accession 2341 2341 2347",
        "acc. no. 4111 1111 1111 1111",
        "on 7-11-2023 123 visitors",
        "23-11-2026 04:25",
        "ISBN 978-81-7525-766-5",
        "the stupa 1500 a day",
        "27AAPFU0939F1ZO",
        "ACUPA0000R",
        "abcde@fgh",
        "sha256 9876543210abcdef",
        "pin code 110011, 26.9124, 75.7873",
        "",
    ],
)
def test_years_amounts_and_other_numbers_stay(text: str) -> None:
    """What fails a check, or is said to be money, a date or a year, is not touched."""
    redacted = redact(text)
    assert (redacted.text, redacted.counts) == (text, {})


@given(st.lists(st.integers(1000, 2199), min_size=1, max_size=6), st.sampled_from([" ", "-", ", ", "–"]))
def test_years_stay_in_any_number(years: list[int], gap: str) -> None:
    """Three years in a row have an Aadhaar number's shape; lists of years are left alone up to three in a run."""
    text = gap.join(map(str, years[:3]))
    assert redact(text).text == text


PIECES = st.sampled_from(
    [
        "kisan@okaxis",
        "UPI ",
        "फ़ोन ",
        "/",
        "\n",
        "\u200d",
        " = ",
        "98765",
        "[at]",
        " dot com",
        "2341 2341 2346",
        "9876543210",
        "+91 ",
        "27AAPFU0939F1ZV",
        "ACUPA7085R",
        "a@b.co",
        "₹",
        "1951",
        "(",
        ")",
        " ",
        "-",
        ".",
        ",",
        "[PHONE]",
        "क",
        "x",
        "०",
        "7",
    ]
)


@given(st.lists(PIECES, max_size=12).map("".join) | st.text(st.sampled_from("0123456789 -+()@.₹aZ०९क[/\n\t\u200d=x"), max_size=60))
@example("(011) 23386995 a@b.co9876543210")
@example("2341 2341 2346.2341 2341 2346")
def test_doing_it_twice_changes_nothing(text: str) -> None:
    """A redacted text holds nothing more to redact, so that the second redaction of stage 1 is none."""
    once = redact(text)
    again = redact(once.text)
    assert again.text == once.text
    assert again.counts == {}


@given(st.text(st.characters(exclude_categories=["Nd"], exclude_characters="@")))
def test_a_text_without_digits_and_addresses_is_itself(text: str) -> None:
    """Nothing is normalised on the way."""
    assert redact(text).text == text


def test_the_check_digit_of_gstin_counts() -> None:
    """Of the 36 last characters exactly one makes a GSTIN."""
    alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    found = [last for last in alphabet if redact(f"27AAPFU0939F1Z{last}").counts.get("gstin")]
    assert found == [luhn.calc_check_digit("27AAPFU0939F1Z", alphabet)]


@pytest.mark.parametrize(
    "text",
    [
        "1 " * 30_000,
        "9" * 60_000,
        "a." * 30_000 + "@",
        "@" * 30_000,
        "a@" + "b." * 30_000,
        "(" * 60_000,
        "98765 43210 " * 5_000,
        "9 " * 30_000,
        "a at " * 12_000 + " dot com",
        "|9876543210\n" * 5_000,
    ],
)
def test_hostile_text_takes_no_longer(text: str) -> None:
    """No input of 60 kB takes a second of CPU: the patterns do not backtrack without end."""
    started = time.process_time()
    redact(text)
    assert time.process_time() - started < 1.5
