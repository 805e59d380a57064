"""Words in which a vowel sign slipped before its consonant, behind one that has none: `करेन` for `करने`, a legal sequence of syllables.

No grammar finds them. Here one counts as found where a word of the vocabulary with the sign in its place is far likelier than the word as
it stands, by the noisy channel of `lexical`. What was meant has to be in the vocabulary: with originals that were
thought of from their letters alone there were twelve false flags for one, and few more told.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Final

from gpu_runner.text.script.letters import folded, placed_words
from gpu_runner.text.script.lexical import LexicalModel
from gpu_runner.text.script.structure import StructuralFault, word_fault

# Of 155,000 real words that were not learnt, typing errors aside, 1 is above it; 5 are above 550, 16 above 100
# (docs/evaluation/script.md).
LEAST_ODDS: Final = 600.0


def slipped_signs(text: str, model: LexicalModel, *, known: Collection[str] = ()) -> Iterator[StructuralFault]:
    """The words of a Hindi text with a slipped sign that no fault of the letters tells; words of `known` (folded) are meant as they stand.

    >>> [fault.word for fault in slipped_signs("वह काम करेन लगा", LexicalModel({"करने": 900, "काम": 80, "वह": 70, "लगा": 60}))]
    ['करेन']
    """
    for found in placed_words(text):
        if folded(found.word) not in known and model.slip_odds(found.word) > LEAST_ODDS and word_fault(found.word) is None:
            yield StructuralFault("misplaced_sign", found.word, found.start, found.end)
