"""`abhyas score`: answers against the references of a SQuAD file, by the published rules and the lenient one for Hindi."""

from __future__ import annotations

import json
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from ops.commands.options import Json
from ops.errors import OperationFailed


class ScoredLanguage(StrEnum):
    """English articles are dropped for English alone."""

    HI = "hi"
    EN = "en"


def score(
    *,
    language: Annotated[ScoredLanguage, typer.Option(help="Of the answers.")],
    references: Annotated[Path, typer.Option(metavar="SQUAD.json", help="A SQuAD file, v1.1 or v2, gzip-compressed or not.")],
    predictions: Annotated[Path, typer.Option(metavar="PRED.json", help="A JSON object {question id: answer}.")],
    as_json: Json = False,
) -> int:
    """Exact match and F1 (MLQA's, SQuAD's, and lenient for Hindi), BLEU and chrF with sacreBLEU's signatures; of texts as they stand.

    `nfc` has the same of both sides in NFC, which this project's evaluation counts.
    """
    told = scored(references, predictions, language.value)
    print(json.dumps(told, ensure_ascii=False) if as_json else "\n".join(sentences(told)))
    return 0


def scored(references: Path, predictions: Path, language: str) -> dict[str, Any]:
    """What is told of the two files; raises OperationFailed for one that can't be read as it should."""
    from gpu_runner.dataset.fields import DataError
    from gpu_runner.evaluate.published import load_predictions, load_references, scores

    try:
        return scores(load_references(references), load_predictions(predictions), language)
    except (DataError, OSError) as error:
        raise OperationFailed(str(error)) from None


def sentences(told: dict[str, Any]) -> list[str]:
    """The same for a person."""
    lines = [
        f"{told['items']} questions, {told['missing']} without an answer, {told['impossible']} impossible; "
        f"{told['not_asked']} answers to other questions",
        f"{'':<12}{'as given':>18}{'in NFC':>18}",
    ]
    for name, value in told["metrics"].items():
        lines.append(f"{name:<12}{_figures(value):>18}{_figures(told['nfc'][name]):>18}")
    return [*lines, *(f"{name}: {value['signature']}" for name, value in told["metrics"].items() if "signature" in value)]


def _figures(value: dict[str, Any]) -> str:
    if "score" in value:
        return f"{value['score']:.2f}"
    return f"EM {value['exact_match']:.2f} F1 {value['f1']:.2f}"
