"""What the demo's users ask about."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

from ops.demo.material import builtin_material, known_questions, squad_material
from ops.demo.people import NEGATIVES
from schemas.holdout import is_holdout

XQUAD = Path(__file__).parents[3].parent / "shared" / "data" / "xquad"


def test_the_corpus_has_enough_questions_outside_any_holdout() -> None:
    """Whatever the holdout key, the users find enough to ask, and at least 200 taught facts stay to be asked about."""
    material = builtin_material(random.Random(0))
    for number in range(50):
        key = f"key {number}".encode()
        outside = [question for question in material.unknown if not is_holdout(question.group, key=key, percent=10)]
        known = [question for question in material.known if not is_holdout(question.group, key=key, percent=10)]
        assert len(outside) >= NEGATIVES
        assert len(known) >= 200


def test_wordings_kept_apart_are_not_asked() -> None:
    """A question's kept wordings never appear among the questions that users ask and correct."""
    material = builtin_material(random.Random(0))
    asked = {question.text for question in material.unknown}
    kept = {text for question in material.unknown for text in question.paraphrased}
    assert kept
    assert not asked & kept


def test_a_seed_gives_the_same_order() -> None:
    """Two runs with one seed ask the same questions in the same order; another seed asks in another order."""
    assert builtin_material(random.Random(1)) == builtin_material(random.Random(1))
    assert builtin_material(random.Random(1)).unknown != builtin_material(random.Random(2)).unknown


def test_a_squad_file_becomes_documents_and_questions(tmp_path: Path) -> None:
    """Each paragraph is a document and a source group; each question keeps its first answer."""
    squad = {
        "data": [
            {
                "title": "Forts",
                "paragraphs": [
                    {
                        "context": "The fort was built in 1620 by Asha.",
                        "qas": [{"id": "q1", "question": "When was the fort built?", "answers": [{"text": "1620", "answer_start": 22}]}],
                    }
                ],
            }
        ]
    }
    path = tmp_path / "squad.json"
    path.write_text(json.dumps(squad))
    material = squad_material(path, known_questions(random.Random(0)), random.Random(0))
    (page,), (question,) = material.pages, material.unknown
    assert (question.text, question.answer, question.language) == ("When was the fort built?", "1620", "en")
    assert question.group == page.doc_id
    assert question.text not in question.paraphrased
    assert question.paraphrased


@pytest.mark.parametrize("language", ["hi", "en"])
@pytest.mark.process
def test_xquad_gives_documents_and_reworded_questions(language: str) -> None:
    """The development data is real input: 240 paragraphs, 1,190 questions, each with wordings kept apart."""
    path = XQUAD / f"xquad.{language}.json"
    if not path.is_file():
        pytest.skip(f"{path.name} is not beside this checkout (shared/data/xquad)")
    material = squad_material(path, known_questions(random.Random(0)), random.Random(0))
    assert len(material.pages) == 240
    assert len(material.unknown) == 1190
    assert all(question.paraphrased and question.language == language for question in material.unknown)
