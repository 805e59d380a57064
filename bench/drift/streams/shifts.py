"""What befalls a stream from one document on: real shifts, which a detector has to find, and nuisances, which it has to sit through."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final

import numpy as np

from bench.drift.streams.planted import PoolTerms
from bench.drift.streams.pools import Form, Pool
from bench.drift.streams.population import PER_DAY, FloatArray, Population, Stream, joined, population

TOPIC_ARTICLES: Final = 6
BASELINE_DAYS: Final = 28
RAMP: Final = 50_000  # documents until a gradual shift is whole: ten days
RAMP_STEPS: Final = 50
FLOOD: Final = 0.4  # of the documents come from the one source
DUPLICATES: Final = 0.2
RECENT: Final = PER_DAY  # how far back a document is published again

Damage = Callable[[Stream, np.random.Generator, int], Stream]


@dataclass(frozen=True, slots=True)
class Shift:
    """`before`, then each step's population for so many documents, the last one's for all that follow, then the damage, if any.

    `fires` tells whether a detector should fire. `added` are the probabilities of the documents that the shift brings, None for a nuisance;
    `instead` those of the documents in whose place they come one for one, for damage.
    """

    name: str
    before: Population
    steps: tuple[tuple[int, Population], ...]
    fires: bool
    added: FloatArray | None = None
    instead: FloatArray | None = None
    damage: Damage | None = None

    def draw(self, rng: np.random.Generator, before: int, after: int, *, per_day: int = PER_DAY) -> Stream:
        """A stream whose first shifted document is number `before`; it starts on the day after a baseline of four weeks."""
        start = BASELINE_DAYS * per_day
        ends = [0, *np.cumsum([documents for documents, _ in self.steps[:-1]]).clip(max=after).tolist(), after]
        pieces = [self.before.draw(rng, before, start=start, per_day=per_day)] if before else []
        for (_, world), (begin, end) in zip(self.steps, pairwise(ends), strict=True):
            if end > begin:
                pieces.append(world.draw(rng, end - begin, start=start + before + begin, per_day=per_day))
        stream = joined(pieces)
        return self.damage(stream, rng, before) if self.damage else stream

    def planted(self, terms: PoolTerms) -> frozenset[str]:
        """The terms that the shift raised (`PoolTerms.planted`); none for a nuisance."""
        if self.added is None:
            return frozenset()
        return terms.planted(self.added, self.before.weights(), *([] if self.instead is None else [self.instead]))


def choose_topic(
    pool: Pool, rng: np.random.Generator, articles: int = TOPIC_ARTICLES, among: Collection[int] | None = None
) -> frozenset[int]:
    """A topic: so many XQuAD articles, which are there in every language, so that a new topic is not a new language mix as well."""
    choice = [group for group in pool.groups_named("article/") if among is None or group in among]
    return frozenset(rng.choice(choice, articles, replace=False).tolist())


def subject_of(world: Population, groups: Collection[int]) -> Population:
    """The documents of these groups, in the world's language mix as far as they have its languages."""
    pool, mix = world.pool, world.languages()
    published = pool.published()
    there = np.unique(pool.language[published[np.isin(pool.group[published], list(groups))]])
    mix = np.where(np.isin(np.arange(len(mix)), there), mix, 0.0)
    return population(pool, mix=tuple(mix / mix.sum()), groups=groups, burst=world.burst)


def largest_share(world: Population, subject: Population) -> float:
    """The share that a subject can have before it changes the world's language mix: 1 where it has every language."""
    mine, whole = subject.languages(), world.languages()
    return float((whole[mine > 0] / mine[mine > 0]).min())


def with_subject(world: Population, subject: Population, share: float) -> Population:
    """The world with `share` of its documents from the subject, its language mix unchanged. Raises ValueError above `largest_share`."""
    whole = world.languages()
    if share > largest_share(world, subject) + 1e-9:
        raise ValueError(f"{share:.0%} of this subject would change the language mix")
    left = np.maximum(whole - share * subject.languages(), 0.0) / np.maximum(whole, 1e-12)
    return world.reweighted(left).blended(subject, share) if share < 1 else subject


def topic(name: str, world: Population, groups: Collection[int], share: float) -> Shift:
    """`share` of the documents are of these groups, in the language mix as it was: novel where `world` lacks them, else known."""
    subject = subject_of(world, groups)
    return Shift(name, world, ((0, with_subject(world, subject, share)),), True, subject.weights())


def gradual(name: str, world: Population, groups: Collection[int], share: float, ramp: int = RAMP) -> Shift:
    """The share of a topic rises from nothing to `share` in equal steps over `ramp` documents, then stays."""
    subject = subject_of(world, groups)
    rising = [(ramp // RAMP_STEPS, with_subject(world, subject, share * (step + 0.5) / RAMP_STEPS)) for step in range(RAMP_STEPS)]
    return Shift(name, world, (*rising, (0, with_subject(world, subject, share))), True, subject.weights())


def languages(name: str, world: Population, language: int, other: Population) -> Shift:
    """The population becomes `other`, whose share of `language` is larger."""
    weights = np.where(world.pool.language == language, other.weights(), 0.0)
    return Shift(name, world, ((0, other),), True, weights / weights.sum())


def damaged(name: str, world: Population, form: Form, share: float) -> Shift:
    """`share` of all documents are published in a damaged form; they are drawn, each by itself, among those which the form changes."""
    in_form = world.pool.in_form(form)
    changed = in_form != np.arange(len(in_form))
    weights, added = np.where(changed, world.weights(), 0.0), np.zeros(len(in_form))
    added[in_form[changed]] = weights[changed]
    chance = min(share / float(weights.sum()), 1.0)

    def damage(stream: Stream, rng: np.random.Generator, at: int) -> Stream:
        hit = rng.random(len(stream)) < chance
        hit[:at] = False
        return replace(stream, documents=np.where(hit, in_form[stream.documents], stream.documents))

    return Shift(name, world, ((0, world),), True, added / added.sum(), weights / weights.sum(), damage)


def one_source_flood(name: str, world: Population, groups: Collection[int], share: float = FLOOD) -> Shift:
    """A nuisance: one new source publishes `share` of all documents, on a topic that nobody else has."""
    subject = subject_of(world, groups)
    flooding, source = subject.weights() > 0, len(world.pool.sources)

    def damage(stream: Stream, rng: np.random.Generator, at: int) -> Stream:
        return replace(stream, sources=np.where(flooding[stream.documents], source, stream.sources).astype(np.int32))

    return Shift(name, world, ((0, with_subject(world, subject, share)),), False, damage=damage)


def duplicates(name: str, world: Population, share: float = DUPLICATES) -> Shift:
    """A nuisance: `share` of the documents are published again, by their own source, after up to 5,000 others."""

    def damage(stream: Stream, rng: np.random.Generator, at: int) -> Stream:
        again = np.flatnonzero(rng.random(len(stream)) < share)
        again = again[again >= max(at, 1)]
        earlier = np.arange(len(stream))
        earlier[again] -= rng.integers(1, np.minimum(again, RECENT) + 1)
        return replace(stream, documents=stream.documents[earlier], sources=stream.sources[earlier])

    return Shift(name, world, ((0, world),), False, damage=damage)


def few_documents_repeated(name: str, world: Population, share: float = DUPLICATES, count: int = 20) -> Shift:
    """A nuisance: `share` of the documents are the same `count` documents, published over and over by their own sources."""

    def damage(stream: Stream, rng: np.random.Generator, at: int) -> Stream:
        repeated = world.draw(rng, count)
        hit = rng.random(len(stream)) < share
        hit[:at] = False
        pick = rng.integers(0, count, len(stream))
        return replace(
            stream,
            documents=np.where(hit, repeated.documents[pick], stream.documents),
            sources=np.where(hit, repeated.sources[pick], stream.sources),
        )

    return Shift(name, world, ((0, world),), False, damage=damage)


def matra_loss(world: Population) -> Shift:
    """2 % of all vowel signs of all Hindi documents are lost: every document is published in the form that lost 2 % of its own."""
    return damaged("matra loss 2 %", world, "some matras lost", 1.0)


def matras_stripped(world: Population) -> Shift:
    """2 % of all documents, Hindi ones, lose all their vowel signs: the other reading of the same loss."""
    return damaged("all matras of 2 % of documents", world, "all matras lost", 0.02)


def mojibake(world: Population) -> Shift:
    """1 % of all documents are UTF-8 read as Windows-1252, drawn among those that are not plain ASCII: nearly all Hindi, some English."""
    return damaged("mojibake 1 %", world, "mojibake", 0.01)
