"""State is the changelog: what a shard would restore now is what its owner holds."""

from __future__ import annotations

from collections.abc import Iterator

from bench.simulation.world import CONNECTION, World
from consumers.engine.changelog import apply_changelog
from consumers.engine.stage import OwnedTask


def state(world: World) -> Iterator[str]:
    """Each living task against one that is restored from its changelog, compacted as that is by now."""
    for process in world.fleet.owned_shards():
        shard = process.shard
        if shard is None or shard.progress.in_hand:
            # Stopped in the middle of a batch: memory is ahead of the log, as it should be.
            continue
        changelog = CONNECTION.topic(shard.stage.changelog)
        for partition, owned in shard.tasks.items():
            if world.log.partition(changelog, partition).open:
                continue
            restored = OwnedTask(shard.stage.new_task(partition))
            for record in world.log.visible(changelog, partition, 0, 1_000_000)[0]:
                apply_changelog(restored, record.key, record.value)
            if restored.next != owned.next:
                yield f"{changelog} {partition}: restores positions {restored.next}, its owner is at {owned.next}"
            found, held = dict(restored.task.save()), dict(owned.task.save())
            differing = sorted(key for key in found.keys() | held.keys() if found.get(key) != held.get(key))
            if differing:
                key = differing[0]
                yield f"{changelog} {partition}: {key!r} restores as {found.get(key)!r}, its owner holds {held.get(key)!r}"
