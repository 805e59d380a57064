"""Words that give a question its form or its politeness and name nothing: one in the place of another changes no question."""

from __future__ import annotations

from typing import Final

from gpu_runner.dataset.firewall.canonical import canonical
from gpu_runner.dataset.questions import phrases
from gpu_runner.text.grounding import FUNCTION_WORDS

_CARRIERS: Final = " ".join(
    carrier.replace("{q}", " ")
    for side in (
        *(phrases.TRAIN_HINDI, phrases.TEST_HINDI, phrases.TRAIN_ENGLISH, phrases.TEST_ENGLISH),
        *(phrases.TRAIN_ROMANISED, phrases.TEST_ROMANISED),
    )
    for carrier in side.carriers
)
# What a question word is said with ("in which year", "what is the name of"), and the question words of the two languages.
_ASKING: Final = (
    "who whom whose what which when where why how many much name year time date place person kind type number did does been being you me "
    "my us i we some any there about called known given got just exactly actually "
    "क्या कौन किस किसने किसे किसका किसकी किसके किन कब कहाँ कहां क्यों कैसे कितना कितनी कितने कौनसा कौनसी कौनसे नाम वर्ष साल समय स्थान जगह व्यक्ति "
    "प्रकार तरह संख्या सा सी हमें मुझे उसे उन्हें इसे इन्हें वाला वाली वाले रूप दिया दी दिए "
    "kya kaun kis kab kahan kyon kaise kitna kitni kitne hai hain tha thi the ka ki ke ko se mein me"
)
FORM_WORDS: Final = frozenset(word for text in (*FUNCTION_WORDS, _CARRIERS, _ASKING) for word in canonical(text).split())
