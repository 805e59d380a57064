"""What is right is never held against a candidate: scored as answers are, then judged."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

from gpu_runner.dataset.rows import Answer, EvaluationItem, ItemSet, Side, save_rows
from gpu_runner.evaluate.score import score_answers, score_side
from gpu_runner.gate.decide import Policy, decide

# Question, references, language, and the source that says the same in other words, another language or not at all.
FACTS: tuple[tuple[str, tuple[str, ...], str, str], ...] = (
    ("Is the fort {n} open on Mondays?", ("Yes", "Yes, it is"), "en", "Fort {n} is closed on Tuesdays and open on all other days."),
    ("Is fort {n} a temple?", ("No",), "en", "Fort {n} served as a granary."),
    ("How many gates has fort {n}?", ("2", "two"), "en", "The fort {n} has two gates and a well."),
    ("How many wells has fort {n}?", ("three",), "en", "3 wells were dug at fort {n}."),
    ("किले {n} के कितने द्वार हैं?", ("दो", "2"), "hi", "The fort {n} has two gates and a well."),
    ("किला {n} किसने बनवाया?", ("राजा मान सिंह",), "hi", "Fort {n} was built by Raja Man Singh."),
    ("क्या किला {n} खुला है?", ("हाँ",), "hi", "किला {n} सोमवार को बंद रहता है।"),
    ("किला {n} कब बना?", ("१५९४", "1594"), "hi", "किला {n} सोलहवीं सदी के अंत में बना।"),
    ("किला {n} को क्या कहते हैं?", ("Lal Qila",), "hi", "किला {n} को लाल किला कहते हैं।"),
    ("Who designed fort {n}?", ("Unknown", "The architect is unknown"), "en", "No name of an architect of fort {n} is recorded."),
    ("किला {n} का मूल नाम क्या है?", ("आहे किल्ला",), "hi", "The original name of fort {n} is in Marathi."),
    ("What is the Hindi name of fort {n}?", ("लाल किला",), "en", "Fort {n} is called Red Fort."),
    ("What colour is fort {n}?", ("ye lal hai",), "hi", "Fort {n} is red."),
    ("Was fort {n} never taken?", ("It was not taken by any army in three hundred years",), "en", "Fort {n} was taken by every army."),
)
SIDES: tuple[Side, Side] = ("baseline", "candidate")
SETS: tuple[ItemSet, ...] = ("repair", "holdout", "old_facts", "earlier_repair")
WRONG = ("no idea", "fort", "मुझे नहीं पता", "", "The fort was built by two brothers.", "किला")


def _spelt(rng: random.Random, answer: str) -> str:
    """The same answer as another model would spell it."""
    return rng.choice([answer, f"{answer}.", f" {answer} ", f"{answer}।", answer.upper(), f"“{answer}”"])


def made(rng: random.Random, name: str, size: int) -> list[EvaluationItem]:
    """So many items of each set with random facts and their sources."""
    items = []
    for number in range(size * len(SETS)):
        question, references, language, source = rng.choice(FACTS)
        place = {"language": language, "group": f"group {number // rng.choice((1, 2, 3))}", "source": source.format(n=number)}
        items.append(EvaluationItem(f"{name}-{number}", SETS[number % len(SETS)], question.format(n=number), references, **place))
    return items


@pytest.mark.process
def test_k11_a_candidate_that_is_right_everywhere_is_never_rejected() -> None:
    """Two hundred generated sets with sources, Hindi and English: nothing right is a hallucination or the wrong script.

    The baseline is right now and then. All sets are scored in one call, and judged each by itself.
    """
    rng = random.Random(11)
    generated = [made(rng, f"{number}", rng.choice((2, 4, 6))) for number in range(200)]
    items = [item for one in generated for item in one]
    before = [Answer(item.id, "baseline", rng.choice([*item.answers, *WRONG]), 10.0, 5) for item in items]
    after = [Answer(item.id, "candidate", _spelt(rng, rng.choice(item.answers)), 10.0, 5) for item in items]
    rows = [score_side(items, answers, side=side).items for answers, side in ((before, SIDES[0]), (after, SIDES[1]))]
    scored = {item.id: pair for item, *pair in zip(items, *rows, strict=True)}
    assert all(row["em"] == 1 for row in rows[1])
    assert sum(row["unsupported"] > 0 for row in rows[0]) > 100  # the rules do find what is wrong
    for one in generated:
        entries = [
            {"item_id": item.id, "set": item.set, "language": item.language, "group": item.group}
            | dict(zip(SIDES, scored[item.id], strict=True))
            for item in one
        ]
        hashes = dict.fromkeys(("items", *SIDES), "a" * 64)
        decision = decide(Policy(min_guard_items=2), {"items_sha256": hashes, "items": entries}, seed=0)
        lost = [guard.name for guard in decision.guards if guard.state in ("harmed", "below_margin")]
        assert decision.verdict != "reject", decision.reasons
        assert not lost, decision.reasons


@pytest.mark.parametrize("fact", FACTS, ids=[fact[1][0] for fact in FACTS])
def test_k11_sixty_right_repairs_of_a_kind_are_promoted(tmp_path: Path, fact: tuple[str, tuple[str, ...], str, str]) -> None:
    """Of each kind sixty, all repaired, nothing lost: PROMOTE, whatever the source says."""
    question, references, language, source = fact
    rng, items = random.Random(1), []
    for number in range(60):
        place = {"language": language, "group": f"g{number}", "source": source.format(n=number)}
        items.append(EvaluationItem(f"r{number}", "repair", question.format(n=number), references, **place))
    for kept in ("holdout", "old_facts"):
        for number in range(60):
            tag = ("hi", "en")[number % 2]
            items.append(
                EvaluationItem(f"{kept}{number}", kept, f"{kept} {number}", ("कमल" if tag == "hi" else "lotus",), tag, f"k{number}")
            )  # type: ignore[arg-type]
    answers = []
    for item in items:
        answers.append(Answer(item.id, "baseline", "no idea" if item.set == "repair" else item.answers[0], 10.0, 5))
        answers.append(Answer(item.id, "candidate", rng.choice(item.answers), 10.0, 5))
    save_rows(tmp_path / "items.jsonl", items)
    save_rows(tmp_path / "answers.jsonl", answers)
    score_answers(tmp_path / "items.jsonl", tmp_path / "answers.jsonl", tmp_path / "scores.json")
    decision = decide(Policy(), json.loads((tmp_path / "scores.json").read_text(encoding="utf-8")), seed=0)
    assert decision.verdict == "promote", decision.reasons


def test_a_wrong_answer_is_still_a_hallucination(tmp_path: Path) -> None:
    """The rule is for what equals a reference: another number than the source's is unsupported as before."""
    items = [EvaluationItem("1", "holdout", "How many gates?", ("2",), "en", "g", "The fort has two gates.")]
    save_rows(tmp_path / "items.jsonl", items)
    save_rows(tmp_path / "answers.jsonl", [Answer("1", "baseline", "7", 1.0, 1), Answer("1", "candidate", "2", 1.0, 1)])
    score_answers(tmp_path / "items.jsonl", tmp_path / "answers.jsonl", tmp_path / "scores.json")
    row = json.loads((tmp_path / "scores.json").read_text(encoding="utf-8"))["items"][0]
    assert [(row[side]["checkable"], row[side]["unsupported"]) for side in ("baseline", "candidate")] == [(1, 1), (1, 0)]
