"""Things in turn from each stratum, so that whatever is taken from the front is even over all of them. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from itertools import zip_longest
from typing import TypeVar

from gpu_runner.dataset.rows import row_id

T = TypeVar("T")


def evenly(things: Sequence[T], keys: Sequence[Callable[[T], str]], *, salt: str, name: Callable[[T], str]) -> Iterator[T]:
    """All of the things in turn from each stratum of the first key, within a stratum by the other keys, at last by the hash of their names.

    >>> "".join(evenly("aAbbbbbb", [str.lower], salt="", name=str))
    'babAbbbb'
    """
    if not keys:
        yield from sorted(things, key=lambda thing: row_id(salt, name(thing)))
        return
    strata: dict[str, list[T]] = defaultdict(list)
    for thing in things:
        strata[keys[0](thing)].append(thing)
    order = sorted(strata, key=lambda stratum: (row_id(salt, stratum), stratum))
    end = object()
    for layer in zip_longest(*(evenly(strata[stratum], keys[1:], salt=salt, name=name) for stratum in order), fillvalue=end):
        yield from (thing for thing in layer if thing is not end)  # type: ignore[misc]
