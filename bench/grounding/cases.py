"""`python -m bench.grounding.cases --show KIND`: claims of known truth against passages; the module makes them, the command shows some."""

from __future__ import annotations

import argparse
import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from bench.grounding.edits import Edit
from bench.grounding.material import LANGUAGES, FactPassage, half_of, passages, whole, xquad
from bench.grounding.reword import hedged, reworded, with_synonyms
from bench.grounding.same_paragraph import pairs_of
from bench.grounding.several_facts import composed
from bench.grounding.single_fault import SINGLE_FAULTS
from bench.halves import Half

KINDS: Final = ("same_paragraph", "several_facts", *SINGLE_FAULTS)
# Pairs of a kind, language, half and corpus at the most: an article gives some, and EWT would else outnumber XQuAD or have no place.
MOST_PAIRS: Final = {("hi", "xquad"): 250, ("en", "xquad"): 150, ("en", "ewt"): 100}
_TRIES: Final = 3  # answers of several facts tried for a passage of XQuAD

_TURNED: Final = ("negation", "antonym", "moved_negation", "units")
_TURNED_SHARE: Final = 0.45  # with the negations that are taken out as many claims that deny are right as wrong
_NEVER_TURNED: Final = ("taken out", "between sentences", "contrast")


@dataclass(frozen=True, slots=True)
class GroundingCase:
    """A claim against its sources. The two cases of a pair have the same `id` but for its end, `right` or `wrong`.

    `detail` says by which rule the fault was made; a scorer gets claim, sources, question and language alone.
    """

    id: str
    language: str
    kind: str
    claim: str
    sources: tuple[str, ...]
    question: str | None
    supported: bool
    article: str
    corpus: str
    detail: str

    @property
    def split(self) -> Half:
        """The half of its article; cases of `same_paragraph` are split into folds of articles instead (`material.folds_of`)."""
        return half_of(self.article)


def cases(seed: int = 0, kinds: Iterable[str] = KINDS, languages: Iterable[str] = LANGUAGES) -> list[GroundingCase]:
    """The cases of these kinds and languages, the same for the same seed; as many supported as not. Seconds. Raises DataAbsent."""
    return [case for kind in kinds for language in languages for case in _of_kind(seed, kind, language)]


def _of_kind(seed: int, kind: str, language: str) -> Iterator[GroundingCase]:
    if kind == "same_paragraph":
        for passage in xquad(language):
            for asked, edit in pairs_of(passage, _rng(seed, kind, language, passage.key)):
                yield from _pair(f"{kind}/{language}/{asked.id}", kind, passage, edit, asked.question)
        return
    made: list[tuple[str, FactPassage, Edit]] = []
    left = {(corpus, half): most for (of, corpus), most in MOST_PAIRS.items() if of == language for half in ("tuning", "final")}
    order = list(passages(language))
    _rng(seed, kind, language, "order").shuffle(order)
    for passage in order:
        stratum = (passage.corpus, half_of(passage.article))
        for number, edit in _edits(seed, kind, passage) if left[stratum] else ():
            if left[stratum]:
                left[stratum] -= 1
                made.append((f"{kind}/{language}/{passage.key}/{number}", passage, edit))
    for id_of_pair, passage, edit in sorted(made, key=lambda one: one[0]):
        yield from _pair(id_of_pair, kind, passage, edit, None)


def _edits(seed: int, kind: str, passage: FactPassage) -> Iterator[tuple[int, Edit]]:
    """The pairs that a passage gives, by the number of the sentence or try; texts alike are left out."""
    language = passage.language
    if kind == "several_facts":
        seen: set[str] = set()
        for number in range(_TRIES if passage.corpus == "xquad" else 1):
            rng = _rng(seed, kind, language, passage.key, str(number))
            edit = composed(passage, rng)
            if edit is not None and edit.right not in seen:
                seen.add(edit.right)
                yield number, edit
        return
    for number, sentence in enumerate(passage.sentences):
        if whole(sentence, language):
            edit = _of_sentence(kind, sentence, passage, _rng(seed, kind, language, passage.key, str(number)))
            if edit is not None and edit.wrong != edit.right and edit.wrong not in _source(passage, edit):
                yield number, edit


def _of_sentence(kind: str, sentence: str, passage: FactPassage, rng: random.Random) -> Edit | None:
    """A pair of a sentence of the passage: as it stands, reworded, or with the passage turned into what would have been the wrong claim.

    Without turning, a claim that denies something would nearly always be a wrong one, and its words alone would tell.
    """
    turns = kind in _TURNED and rng.random() < _TURNED_SHARE and passage.text.count(sentence) == 1
    said = sentence if turns or rng.random() < 0.5 else reworded(sentence, passage.language, rng, synonyms=1)
    edit = SINGLE_FAULTS[kind](said, passage, rng)
    if edit is None or not turns or edit.detail.startswith(_NEVER_TURNED):
        return edit
    words, again = int(rng.random() < 0.5), rng.getrandbits(32)
    right, wrong = (with_synonyms(text, passage.language, random.Random(again), words) for text in (edit.wrong, edit.right))
    return Edit(right, wrong, f"{edit.detail}, turned", (sentence, edit.wrong))


def _source(passage: FactPassage, edit: Edit) -> str:
    return passage.text if edit.turned is None else passage.text.replace(*edit.turned)


def _pair(id_of_pair: str, kind: str, passage: FactPassage, edit: Edit, question: str | None) -> Iterator[GroundingCase]:
    rng = _rng(0, id_of_pair)
    hedge = kind == "several_facts" and rng.random() < 0.1
    for name, claim in (("right", edit.right), ("wrong", edit.wrong)):
        text = hedged(claim, passage.language, _rng(0, id_of_pair, "hedge")) if hedge else claim
        yield GroundingCase(
            f"{id_of_pair}/{name}",
            passage.language,
            kind,
            text,
            (_source(passage, edit),),
            question,
            name == "right",
            passage.article,
            passage.corpus,
            edit.detail,
        )


def _rng(seed: int, *names: str) -> random.Random:
    return random.Random("/".join((str(seed), *names)))


def main() -> None:
    """Shows pairs of a kind, drawn at random, each with its passage."""
    parser = argparse.ArgumentParser(description="pairs of a kind of cases, drawn at random")
    parser.add_argument("--show", required=True, choices=KINDS)
    parser.add_argument("--language", choices=LANGUAGES, action="append")
    parser.add_argument("--count", type=int, default=30)
    parser.add_argument("--seed", type=int, default=0, help="of the drawing; the cases are those of seed 0")
    parser.add_argument("--passages", action="store_true", help="the passages too")
    given = parser.parse_args()
    for language in given.language or LANGUAGES:
        found = cases(0, (given.show,), (language,))
        rights = list(range(0, len(found), 2))
        print(f"{given.show} {language}: {len(found)} cases")
        for place in sorted(random.Random(given.seed).sample(rights, min(given.count, len(rights)))):
            right, wrong = found[place], found[place + 1]
            print(f"\n{right.id.removesuffix('/right')} [{right.detail}]" + (f"\n  ? {right.question}" if right.question else ""))
            if given.passages:
                print(f"  = {right.sources[0]}")
            print(f"  + {right.claim}\n  - {wrong.claim}")


if __name__ == "__main__":
    main()
