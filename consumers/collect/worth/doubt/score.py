"""How doubtful it is that a correction answers: a logistic regression over `traits`, fitted on cases labelled by hand. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from consumers.collect.worth.complaint import ParsedCorrection, is_complaint, repeats
from consumers.collect.worth.doubt import weights
from consumers.collect.worth.doubt.beside import beside
from consumers.collect.worth.doubt.certain import certainly_answers, certainly_complains
from consumers.collect.worth.doubt.traits import traits_of


def _of_lines(text: str) -> dict[str, int]:
    """Trait to weight, of a group, its colon, and names each with its weight; what a line has no room for follows after a space.

    >>> _of_lines(": ? 90\\nw: galat 120, of no use -3\\n bad 7")
    {'?': 90, 'w:galat': 120, 'w:of no use': -3, 'w:bad': 7}
    """
    found: dict[str, int] = {}
    group = ""
    for line in text.splitlines():
        begun, colon, entries = ("", "", line) if line.startswith(" ") else line.partition(":")
        if colon:
            group = begun + colon * bool(begun)
        for entry in entries[1:].split(", "):
            name, _, weight = entry.rpartition(" ")
            found[group + name] = int(weight)
    return found


_WEIGHTS: Final = _of_lines(weights.OF_TRAITS)


def doubt(traits: Iterable[str]) -> int:
    """The logarithm of the odds that a correction with these traits is a complaint, in hundredths."""
    return weights.OF_NONE + sum(filter(None, map(_WEIGHTS.get, traits)))


def is_doubtful(parsed: ParsedCorrection, response: str, correction: str) -> bool:
    """Whether a correction certainly complains, or is more doubtful than is allowed in its language.

    What the rules say is one trait of many. Each limit is where 4 % of true corrections are sent to review, on cases that the weights were
    not fitted on.
    """
    if repeats(parsed, response, correction):
        return True
    seen, complains = beside(parsed, correction), is_complaint(parsed, response, correction)
    if certainly_answers(seen, complains=complains):
        return False
    return (
        certainly_complains(seen, complains=complains)
        or doubt(traits_of(seen, correction, complains=complains)) > weights.ALLOWED[seen.language]
    )
