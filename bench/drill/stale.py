"""`python -m bench.drill.stale`: an instance stopped past every time-out comes back after its successor took over, and must be refused.

Each round is a child process with ten of the consumers' own `TransactionalWriter`s, all in the middle of a commit, each at another
step. It gets SIGSTOP; the broker gives its transactions up; a successor takes the same transactional ids and commits; SIGCONT. Refused
means: the interrupted commit fails, the next one fails too, and nothing of either is on the topic. The control is the same with ids that
nobody else takes, as a consumer group's members would have: there it is *not* refused, so the check can fail.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import multiprocessing
import os
import platform
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

from bench.drill.clients import read_topic
from bench.drill.stale_child import TIMEOUT_S, child, records_of, step_of
from ops.stack.brokers.single_node import SingleNodeKafka
from ops.topic_contract import apply
from runtime.kafka.connection import KafkaConnection
from runtime.kafka.transaction import TransactionalWriter
from schemas import topics

WRITERS: Final = 10
# How often the broker looks for transactions that are overdue: by itself every 10 s.
LOOK_ROUND_S: Final = 1.0


@dataclass(frozen=True, slots=True)
class Stopped:
    """One writer that came back: where it was, and how its interrupted commit and the one after it ended ("committed" or the error)."""

    step: str
    interrupted: str
    again: str
    on_topic: int

    @property
    def refused(self) -> bool:
        """Whether nothing of it went through."""
        return self.on_topic == 0 and "committed" not in (self.interrupted, self.again)


async def run_round(connection: KafkaConnection, number: int, *, static: bool, wait_s: float, log: Path) -> list[Stopped]:
    """One child stopped, succeeded and woken; `wait_s` has to outlast the transaction time-out and the broker's look-round."""
    ids = [f"stale-{number}-{writer}" for writer in range(WRITERS)]
    theirs = ids if static else [f"{name}-{uuid4().hex[:8]}" for name in ids]
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["bench.drill.stale_child"])
    pipe, far_end = context.Pipe()
    process = context.Process(target=child, args=(far_end, connection, theirs, str(log)), daemon=True)
    await asyncio.to_thread(process.start)
    try:
        await asyncio.to_thread(_receive, pipe)
        os.kill(process.pid or 0, signal.SIGSTOP)
        await asyncio.sleep(wait_s)
        await _succeed(connection, ids)
        pipe.send("go")
        os.kill(process.pid or 0, signal.SIGCONT)
        told = await asyncio.to_thread(_receive, pipe)
    finally:
        process.kill()
        process.join()
    found = Counter(record.key.decode().rsplit(" stale", 1)[0] for record in await read_topic(connection, _changelog(connection)))
    return [Stopped(step_of(name), interrupted, again, found[name]) for name, (interrupted, again) in zip(theirs, told, strict=True)]


async def _succeed(connection: KafkaConnection, ids: Sequence[str]) -> None:
    for number, name in enumerate(ids):
        writer = TransactionalWriter(connection, name)
        await writer.start()
        await writer.commit(records_of(connection, "successor of " + name, number, "took over"))
        await writer.stop()


def _receive(pipe: Connection) -> Any:
    if not pipe.poll(120):
        raise TimeoutError("the child said nothing for 120 s")
    return pipe.recv()


def _changelog(connection: KafkaConnection) -> str:
    return connection.topic(topics.STAGE1_CHANGELOG)


def report(stopped: Sequence[Stopped]) -> dict[str, Any]:
    """How many of how many were refused, by step and by error."""
    return {
        "of": len(stopped),
        "refused": sum(one.refused for one in stopped),
        "committed": sum(not one.refused for one in stopped),
        "committed_by_step": dict(sorted(Counter(one.step for one in stopped if not one.refused).items())),
        "interrupted_commit": dict(Counter(one.interrupted for one in stopped)),
        "next_commit": dict(Counter(one.again for one in stopped)),
    }


async def run_stale(
    address: str, *, rounds: int, control_rounds: int, wait_s: float, log: Path, say: Callable[[str], None]
) -> Mapping[str, Any]:
    """All rounds on a running Kafka, under a prefix of their own."""
    started = time.monotonic()
    connection = KafkaConnection(address, topic_prefix=f"stale{uuid4().hex[:8]}")
    await asyncio.to_thread(apply, connection, topics.specs(connection.topic_prefix))
    found: dict[bool, list[Stopped]] = {True: [], False: []}
    for static, count in ((True, rounds), (False, control_rounds)):
        for number in range(count):
            found[static] += await run_round(connection, number if static else number + rounds, static=static, wait_s=wait_s, log=log)
            say(f"{'static' if static else 'unique'} ids, round {number + 1} of {count}: {report(found[static])}")
    return {
        "transaction_timeout_s": TIMEOUT_S,
        "stopped_for_s": wait_s,
        "static_ids": report(found[True]),
        "unique_ids_control": report(found[False]),
        "seconds": round(time.monotonic() - started, 1),
        "versions": {"python": platform.python_version(), "aiokafka": version("aiokafka")},
    }


def main() -> int:
    """Runs it on a Kafka of its own and writes the JSON; 1 where one was not refused, or where the control refused them all."""
    parser = argparse.ArgumentParser(prog="python -m bench.drill.stale", description=__doc__)
    parser.add_argument("--rounds", type=int, default=10, help=f"of {WRITERS} writers each")
    parser.add_argument("--control-rounds", type=int, default=2)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--work", type=Path, default=Path(".abhyas/drill-stale"))
    chosen = parser.parse_args()
    chosen.work.mkdir(parents=True, exist_ok=True)
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    settings: dict[str, str | int] = {"transaction.abort.timed.out.transaction.cleanup.interval.ms": round(LOOK_ROUND_S * 1000)}
    node = SingleNodeKafka(chosen.work / "kafka", 0, libs=Path(".abhyas/kafka/libs"), settings=settings)
    try:
        result = asyncio.run(
            run_stale(
                node.start(),
                rounds=chosen.rounds,
                control_rounds=chosen.control_rounds,
                wait_s=TIMEOUT_S + LOOK_ROUND_S + 1.5,
                log=chosen.work / "child.log",
                say=lambda line: print(line, file=sys.stderr, flush=True),
            )
        )
    finally:
        node.stop()
    chosen.out.write_text(json.dumps(result, indent=1) + "\n")
    static, control = result["static_ids"], result["unique_ids_control"]
    print(json.dumps({"refused": static["refused"], "of": static["of"], "control_committed": control["committed"]}))
    return 0 if static["committed"] == 0 and control["committed"] > 0 else 1


if __name__ == "__main__":
    sys.exit(main())
