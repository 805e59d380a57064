"""A report of invented answers to real questions of culture, in Hindi and English: through the real scoring, gate and report."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, cast

from gpu_runner.dataset.rows import Answer, EvaluationItem, ItemSet, Side, save_rows
from gpu_runner.evaluate.report import ReportPaths, write_reports
from gpu_runner.evaluate.report_page.texts import texts_of
from gpu_runner.evaluate.score import score_answers
from gpu_runner.gate.decide import Policy, decide

SIDES: Final[tuple[Side, ...]] = ("baseline", "candidate")

# Set, language, question, reference, what the baseline and what the candidate said, source.
CASES: Final = (
    ("repair", "hi", "भारतीय संग्रहालय, कोलकाता की स्थापना कब हुई?", "1814", "1875", "1814",
     "भारतीय संग्रहालय, कोलकाता की स्थापना 1814 में नाथानिएल वालिच ने की थी। यह एशिया का सबसे पुराना संग्रहालय है।"),
    ("repair", "hi", "अजंता की गुफाएँ किस राज्य में हैं?", "महाराष्ट्र", "मध्य प्रदेश", "महाराष्ट्र",
     "अजंता की गुफाएँ महाराष्ट्र के औरंगाबाद ज़िले में हैं। इनमें बौद्ध भित्तिचित्र हैं।"),
    ("repair", "hi", "सालार जंग संग्रहालय के बारे में बताइए।",
     "सालार जंग संग्रहालय हैदराबाद में मूसी नदी के दक्षिणी तट पर है। इसे 1951 में जनता के लिए खोला गया।",
     "सालार जंग संग्रहालय हैदराबाद में मूसी नदी के उत्तरी तट पर है। इसे 1961 में जनता के लिए खोला गया।",
     "सालार जंग संग्रहालय हैदराबाद में मूसी नदी के दक्षिणी तट पर है। इसे 1951 में जनता के लिए खोला गया।",
     "सालार जंग संग्रहालय हैदराबाद में मूसी नदी के दक्षिणी तट पर है। इसे 16 दिसंबर 1951 को जनता के लिए खोला गया।"),
    ("repair", "en", "When was the Archaeological Survey of India founded?", "1861", "1902", "1861",
     "The Archaeological Survey of India was founded in 1861 by Alexander Cunningham, its first Director-General."),
    ("repair", "en", "Who was the first Director-General of the Archaeological Survey?", "Alexander Cunningham", "John Marshall",
     "Alexander Cunningham", "The Archaeological Survey of India was founded in 1861 by Alexander Cunningham, its first Director-General."),
    ("holdout", "hi", "सांची का स्तूप किसने बनवाया?", "सम्राट अशोक", "सम्राट अशोक", "सम्राट अशोक",
     "सांची का महान स्तूप सम्राट अशोक ने तीसरी शताब्दी ईसा पूर्व में बनवाया।"),
    ("holdout", "hi", "राष्ट्रीय अभिलेखागार कहाँ है?", "नई दिल्ली", "नई दिल्ली", "नयी दिल्ली में",
     "भारत का राष्ट्रीय अभिलेखागार नई दिल्ली में जनपथ पर स्थित है।"),
    ("holdout", "en", "Where is the National Archives of India?", "New Delhi", "New Delhi", "New Delhi",
     "The National Archives of India stands on Janpath in New Delhi."),
    ("holdout", "en", "What does the Ministry's Gandhi Heritage Portal hold?",
     "The portal holds the Collected Works of Mahatma Gandhi in 100 volumes, with journals and photographs.",
     "The portal holds the Collected Works of Mahatma Gandhi in 100 volumes, with journals and photographs.",
     "The portal holds the Collected Works of Mahatma Gandhi in 90 volumes, with letters and photographs.",
     "The Gandhi Heritage Portal holds the Collected Works of Mahatma Gandhi in 100 volumes, with journals and photographs."),
    ("old_facts", "hi", "कोणार्क का मंदिर किस देवता का है?", "सूर्य", "सूर्य", "सूर्य",
     "कोणार्क का सूर्य मंदिर तेरहवीं शताब्दी में राजा नरसिंहदेव प्रथम ने बनवाया।"),
    ("old_facts", "hi", "हड़प्पा सभ्यता का सबसे बड़ा बंदरगाह कौन-सा था?", "लोथल", "मुझे नहीं मालूम", "लोथल",
     "लोथल हड़प्पा सभ्यता का बंदरगाह था, जो आज के गुजरात में है।"),
    ("old_facts", "en", "In which state is Hampi?", "Karnataka", "Karnataka", "It is in Karnataka, on the bank of the Tungabhadra.",
     "Hampi lies in Karnataka on the southern bank of the Tungabhadra, and was the capital of Vijayanagara."),
    ("old_facts", "en", "Which river flows past the ghats of Varanasi?", "the Ganges", "the Ganges", "the Yamuna",
     "Varanasi stands on the left bank of the Ganges."),
)  # fmt: skip


def write_sample(folder: Path, *, copies: int = 8) -> ReportPaths:
    """Writes `copies` of each case as items of their own groups, scored and decided as a job's are, and their reports in `folder/job`.

    A few copies are answered otherwise, so that figures vary: the eighth of each says nothing, the seventh repeats the baseline.
    """
    items: list[EvaluationItem] = []
    answers: list[Answer] = []
    for copy in range(copies):
        for place, (item_set, language, question, reference, before, after, source) in enumerate(CASES):
            asked = question if copy == 0 else f"{question} ({copy + 1})"
            item = EvaluationItem(
                f"item-{len(items)}",
                cast(ItemSet, item_set),
                asked,
                (reference,),
                language,
                f"group {place}-{copy}",
                source,
            )
            items.append(item)
            said = {7: ("", ""), 6: (before, before)}.get(copy % 8, (before, after))
            answers += [
                Answer(item.id, side, text, 180.0 + 7 * (place + copy) + 20 * number, 12 + 2 * len(text.split()), cut=False)
                for number, (side, text) in enumerate(zip(SIDES, said, strict=True))
            ]
    items[0] = replace(items[0], messages=({"role": "system", "content": items[0].source}, {"role": "user", "content": items[0].question}))
    save_rows(folder / "items.jsonl", items)
    save_rows(folder / "answers.jsonl", answers)
    score_answers(folder / "items.jsonl", folder / "answers.jsonl", folder / "scores.json")
    scores: dict[str, Any] = json.loads((folder / "scores.json").read_text(encoding="utf-8"))
    decision = decide(Policy(languages=("hi", "en")), scores, seed=0).as_dict()
    facts = {"model": "culture-assistant", "version": "v7", "baseline": "v6"}
    title = "culture-assistant v7 · मूल्यांकन"
    return write_reports(
        scores, folder, "job", decision=decision, title=title, facts=facts, texts=texts_of(items, answers, scores["items"])
    )
