"""Answers against a SQuAD file by the published rules, as they stand: the figures that a paper's script would give for the same two files.

Nothing is folded that a script does not fold: a nukta in another normal form is another text, as it is for MLQA's script and for sacreBLEU.
`scores` gives the same of both sides in NFC beside it (`nfc`), which is what this project's evaluation counts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from gpu_runner.dataset.fields import DataError, kind_of, read_whole, unexpected, unreadable
from gpu_runner.dataset.formats.json_list import list_entries
from gpu_runner.dataset.formats.squad import ArticleNames, rows_of_article
from gpu_runner.dataset.formats.unpacked import unpacked
from gpu_runner.evaluate import bleu
from gpu_runner.evaluate.exact_match import as_nfc
from gpu_runner.text.normalise import hi_lenient, mlqa, squad
from gpu_runner.text.token_f1 import shared_f1, token_f1

References = Mapping[str, tuple[str, ...]]
Predictions = Mapping[str, str]

_CORPUS: Final = {"bleu": "bleu_intl", "bleu_13a": "bleu_13a", "chrf": "chrf", "chrf++": "chrf++"}
_A_SQUAD_FILE: Final = "a SQuAD-format JSON file"


def load_references(path: Path) -> dict[str, tuple[str, ...]]:
    """The answers of every question of a SQuAD file (v1.1 or v2) by its id, with repeats, as they are written; none for an impossible one.

    Raises DataError naming the file and the place; an id that is missing or stands twice is an error, for predictions name questions by it.
    """
    found: dict[str, tuple[str, ...]] = {}
    names = ArticleNames()
    try:
        with path.open("rb") as handle:
            entries = list(list_entries(unpacked(handle, str(path)).read(), str(path), cut=False))
    except OSError as error:
        raise unreadable(path, error, _A_SQUAD_FILE) from error
    for entry in entries:
        if entry.number is None:
            raise unexpected(str(path), "data", "a list (SQuAD format)", None)
        where = f"data[{entry.number}]"
        flat = isinstance(entry.value, dict) and "paragraphs" not in entry.value and "question" in entry.value
        rows = [(where, entry.value)] if flat else rows_of_article(_with_ids(entry.value), names, str(path), where)
        for place, row in rows:
            identity = row.get("id")
            if isinstance(identity, bool) or not isinstance(identity, str | int) or identity == "":
                raise unexpected(str(path), f"{place}.id", "a string or an integer", identity)
            if str(identity) in found:
                raise DataError(f"{path}: field '{place}.id': expected another id for each question, found one that stands twice")
            found[str(identity)] = _answers(row, str(path), place)
    if not found:
        raise DataError(f"{path}: expected at least one question (SQuAD format)")
    return found


def _with_ids(article: Any) -> Any:
    """The article, whose questions without an id have none: the reader would number them, and a prediction could not know."""
    if not isinstance(article, dict) or not isinstance(article.get("paragraphs"), list):
        return article
    return article | {"paragraphs": [_paragraph_with_ids(paragraph) for paragraph in article["paragraphs"]]}


def _paragraph_with_ids(paragraph: Any) -> Any:
    if not isinstance(paragraph, dict) or not isinstance(paragraph.get("qas"), list):
        return paragraph
    return paragraph | {"qas": [{"id": None} | item if isinstance(item, dict) else item for item in paragraph["qas"]]}


def _answers(row: Mapping[str, Any], file: str, place: str) -> tuple[str, ...]:
    if row.get("is_impossible"):
        return ()
    value = row.get("answers")
    texts = value.get("text") if isinstance(value, dict) else value
    if not isinstance(texts, list):
        raise unexpected(file, f"{place}.answers", "a list of answers", value)
    given: list[str] = []
    for number, entry in enumerate(texts):
        text = entry.get("text") if isinstance(entry, dict) else entry
        if not isinstance(text, str):
            raise unexpected(file, f"{place}.answers[{number}].text", "a string", text)
        given.append(text)
    return tuple(given)


def load_predictions(path: Path) -> dict[str, str]:
    """The answers of a JSON object `{id: text}`; one that is null is missing. Raises DataError naming the file and the id."""
    value = read_whole(path, "a JSON object {id: answer}")
    if not isinstance(value, dict):
        raise DataError(f"{path}: expected a JSON object {{id: answer}}, found {kind_of(value)}")
    for name, text in value.items():
        if text is not None and not isinstance(text, str):
            raise unexpected(str(path), name, "a string (the answer)", text)
    return {name: text for name, text in value.items() if text is not None}


def scores(references: References, predictions: Predictions, language: str) -> dict[str, Any]:
    """Every metric over all questions, a missing answer counting 0 and as "" for sacreBLEU; EM, F1, BLEU and chrF from 0 to 100.

    `missing` questions have no answer, `not_asked` answers have no question, `impossible` questions have no reference (SQuAD v2: right
    where nothing is answered).
    """
    return {
        "language": language,
        "items": len(references),
        "missing": sum(name not in predictions for name in references),
        "not_asked": sum(name not in references for name in predictions),
        "impossible": sum(not answers for answers in references.values()),
        "metrics": _metrics(references, predictions, language, lambda text: text),
        "nfc": _metrics(references, predictions, language, as_nfc),
    }


def _metrics(references: References, predictions: Predictions, language: str, form: Callable[[str], str]) -> dict[str, Any]:
    expected = [tuple(map(form, answers)) for answers in references.values()]
    given = [form(predictions[name]) if name in predictions else None for name in references]
    rules: dict[str, tuple[Callable[[str], str], Callable[[str, str], float]]] = {
        "mlqa": (lambda text: mlqa(text, language), shared_f1),
        "squad": (squad, shared_f1),
        "hi_lenient": (hi_lenient, token_f1),
    }
    return {name: _by_rule(rule, f1, given, expected) for name, (rule, f1) in rules.items()} | _corpus_scores(given, expected)


def _by_rule(
    rule: Callable[[str], str], f1: Callable[[str, str], float], given: Sequence[str | None], expected: Sequence[tuple[str, ...]]
) -> dict[str, float]:
    """Mean exact match and F1 in percent, each the best over an item's references."""
    exact = overlap = 0.0
    for text, answers in zip(given, expected, strict=True):
        if text is None:
            continue
        said, right = rule(text), [rule(answer) for answer in answers]
        exact += float(said in right) if right else float(not said)
        overlap += max(f1(said, answer) for answer in right) if right else float(not said)
    return {"exact_match": 100 * exact / len(given), "f1": 100 * overlap / len(given)}


def _corpus_scores(given: Sequence[str | None], expected: Sequence[tuple[str, ...]]) -> dict[str, Any]:
    """sacreBLEU's scores with their signatures; an impossible question has the empty reference."""
    references = [answers or ("",) for answers in expected]
    return {
        _CORPUS[name]: {"score": score, "signature": signature}
        for name, (score, signature) in bleu.signed_scores(given, references).items()
    }
