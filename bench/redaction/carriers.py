"""The sentences, lists and fields in which a number that must go stands; `{}` is its place."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

# Nothing in these says what stands in the place.
BARE: Final = (
    "{}", "संग्रहालय के बारे में जानकारी {} पर भेज दें।", "Please send the tickets to {} before Friday.", "उत्तर गलत है। {} रमेश",
    "The guide's details are wrong, the right ones are: {}", "मैं जयपुर से हूँ, {}", "Ask Meena ({}) about the manuscript.",
    "1. हवा महल\n2. {}\n3. आमेर", "- name: Asha\n- city: Pune\n- {}",
    '{{"name": "Asha", "note": "{}"}}', "kal subah 10 baje tak {} bata dena",
    "हम्पी के गाइड सुरेश: {}।", "Thanks!\n{}\nRegards, Anita", "देखें — {} — और जवाब दें", "'{}'", "Dr. Sharma, Curator, {}, New Delhi 110011",
    "वे 1951 में जन्मे, {}, अब भोपाल में रहते हैं।", "In 1911 the gallery opened; {} is the keeper today.", "[{}]", "user wrote: {}; score 2",
    "क्या {} सही है?", "Is {} right?", "नमस्ते {} जी", "{} is me", "| Asha | Pune | {} |", "Asha\tPune\t{}", "नाम: आशा; {}; पुणे",
)  # fmt: skip
# These name it, in both languages and between them.
NAMED: Final[Mapping[str, tuple[str, ...]]] = {
    "phone": (
        "कॉल: {}, शाम को", "फ़ोन {}", "फोन नं. {} पर बात करें", "मो. {}", "मोबाइल: {}", "मेरा नंबर {} है", "संपर्क करें: {}", "दूरभाष {} (कार्यालय)",
        "Call me at {} tomorrow", "Phone: {}", "Mob. {}", "Tel: {}", "Contact {} for a visit", "WhatsApp {} please", "mera number {} hai",
        "is number pe call karo {}", "सम्पर्क सूत्र – {}", "व्हाट्सऐप {}", "my mobile is {}", '{{"mobile": "{}", "city": "Agra"}}',
        '{{"contact_phone": "{}"}}', "phone={}", "helpline of the caretaker, mobile no. {}", "tel:{}",
        "{} पर कॉल करें", "{} par phone kijiye",
        "SMS to {} for the list", "reach me on {}", "Ph {}", "टिकट के लिए {} पर संपर्क करें",
    ),
    "aadhaar": (
        "मेरा आधार {} है।", "आधार संख्या: {}", "My Aadhaar is {}", "Aadhaar no. {} was given", "aadhar card number {} hai", "UID {}",
        '{{"aadhaar": "{}"}}', "आधार कार्ड नं. {} जमा किया", "her AADHAAR number, {}, is in the answer", "आधार: {}",
    ),
    "pan": ("मेरा पैन {} है", "PAN: {}", "PAN card no. {}", '{{"pan": "{}"}}', "पैन कार्ड {}"),
    "gstin": ("GSTIN: {}", "जीएसटी नं. {}", "GST number {} of the shop", '{{"gstin": "{}"}}'),
    "email": ("ईमेल: {}", "E-mail {}", "write to {}", '{{"email": "{}"}}', "ई-मेल {} पर लिखें", "mail kar do {} pe", "contact: {}"),
    "upi": ("UPI: {}", "यूपीआई आईडी {}", "pay {} 50 rupees", "{} par bhej do", "VPA {}", '{{"upi_id": "{}"}}', "दान के लिए {} पर भुगतान करें"),
}  # fmt: skip
