"""The words of a report: what was asked, what is right and what was answered, each with the sample that it is of. Pure.

They are apart from the figures, so that what its user takes back can go while the figures stay.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Final

from gpu_runner.dataset.rows import Answer, EvaluationItem
from gpu_runner.evaluate.score import source_text
from gpu_runner.text.grounding import claims_of, judged, read_sources

TEXTS: Final = "texts"
CONTEXTS: Final = "contexts"
WITHDRAWN: Final = "texts_withdrawn"


def texts_of(
    items: Sequence[EvaluationItem], answers: Iterable[Answer], scored: Sequence[Mapping[str, Any]],
    sources: Mapping[str, str] | None = None,
) -> dict[str, Any]:  # fmt: skip
    """What `write_reports` shows of the items: `texts` by item id, and `contexts`, the texts that several items share, by a hash.

    A context is a message before the question ("role: content"), or the item's source (`score.source_text`). An answer with claims that
    its source does not support, as the rows of `scored` (items of scores.json) say, has the verdict on each claim with its evidence.
    """
    rows = {item["item_id"]: item for item in scored}
    contexts: dict[str, str] = {}
    texts: dict[str, dict[str, Any]] = {}
    for item in items:
        told = [_spoken(message) for message in item.messages[:-1]]
        source = source_text(item, sources)
        if source is not None and not all(any(line in one for one in told) for line in source.split("\n")):
            told.append(source)
        names = []
        for text in told:
            name = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]
            contexts[name] = text
            names.append(name)
        texts[item.id] = {
            "question": item.question,
            "references": list(item.answers),
            "answers": {},
            **({"rejected": item.rejected} if item.rejected is not None else {}),
            **({"contexts": names} if names else {}),
            **({"sample_id": item.sample_id} if item.sample_id is not None else {}),
        }
    asked = {item.id: item for item in items}
    for answer in answers:
        if answer.item_id not in asked:
            continue
        item, row = asked[answer.item_id], rows.get(answer.item_id, {}).get(answer.side) or {}
        texts[item.id]["answers"][answer.side] = answer.text
        if row.get("unsupported") and (source := source_text(item, sources)) is not None:
            texts[item.id].setdefault("claims", {})[answer.side] = _claims(answer, item, source)
    whole: dict[str, Any] = _encodable({TEXTS: texts, CONTEXTS: contexts})
    return whole


def samples_in(results: Mapping[str, Any]) -> list[str]:
    """The samples whose words a report holds, sorted."""
    return sorted({str(text["sample_id"]) for text in (results.get(TEXTS) or {}).values() if text.get("sample_id")})


def items_of(results: Mapping[str, Any], sample_ids: Collection[str]) -> set[str]:
    """The items whose words are of these samples."""
    return {item_id for item_id, text in (results.get(TEXTS) or {}).items() if text.get("sample_id") in sample_ids}


def without_texts(results: Mapping[str, Any], sample_ids: Collection[str]) -> dict[str, Any]:
    """The results in which the words of these samples, and the answers to them, are gone; figures and item ids stay."""
    texts: Mapping[str, Any] = results.get(TEXTS) or {}
    gone = items_of(results, sample_ids)
    if not gone:
        return dict(results)
    kept = {item_id: text for item_id, text in texts.items() if item_id not in gone}
    used = {name for text in kept.values() for name in text.get("contexts", ())}
    contexts = {name: text for name, text in (results.get(CONTEXTS) or {}).items() if name in used}
    told = sorted({*results.get(WITHDRAWN, ()), *gone})
    return dict(results) | {TEXTS: kept, CONTEXTS: contexts, WITHDRAWN: told}


def _claims(answer: Answer, item: EvaluationItem, source: str) -> list[dict[str, Any]]:
    """The verdict on each claim of an answer, as `ground` judges them."""
    claims, read = claims_of(answer.text), read_sources((source,))
    told = []
    for claim in claims:
        verdict = judged(claim, read, item.question if len(claims) == 1 else None)
        evidence = [span.text for span in verdict.evidence]
        told.append({"claim": claim, "supported": verdict.supported, "evidence": evidence, "reasons": list(verdict.reasons)})
    return told


def _spoken(message: Mapping[str, Any]) -> str:
    content = message.get("content")
    if not isinstance(content, str):
        content = json.dumps({name: value for name, value in message.items() if name != "role"}, ensure_ascii=False)
    return f"{message.get('role')}: {content}"


def _encodable(value: Any) -> Any:
    """Without lone surrogates, which no file in UTF-8 can hold: a question mark stands for each."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, dict):
        return {_encodable(name): _encodable(one) for name, one in value.items()}
    return [_encodable(one) for one in value] if isinstance(value, list) else value
