"""How soon an event is in `sample.collected`: from before its POST to its arrival at a reader of the bench."""

from __future__ import annotations

import asyncio
import http.client
import json
import time
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from aiokafka import AIOKafkaConsumer, TopicPartition

from ops.stack.description import RunningStack
from runtime.kafka.connection import KafkaConnection
from schemas import topics

ARRIVES_WITHIN_S = 60.0


@dataclass(frozen=True, slots=True)
class Arrival:
    """Milliseconds from before the POST: to its answer, and to the sample."""

    answered_ms: float
    collected_ms: float


async def arrivals(stack: RunningStack, count: int, pause_s: float) -> list[Arrival]:
    """Sends one feedback after the other with a pause between them; the first one meets the stack as it is.

    The reader asks a real broker, or the embedded one every 10 ms, from just before the first POST on.
    """
    connection = KafkaConnection(stack.bootstrap_servers, stack.topic_prefix, embedded=stack.embedded)
    consumer = AIOKafkaConsumer(**connection.consumer_options())
    consumer.assign([TopicPartition(connection.topic(topics.SAMPLE_COLLECTED), number) for number in range(topics.MODEL_PARTITIONS)])
    await consumer.start()
    found: list[Arrival] = []
    try:
        await consumer.seek_to_end()
        for _ in range(count):
            found.append(await _arrival(consumer, stack.services["gateway"].url))
            await asyncio.sleep(pause_s)
    finally:
        await consumer.stop()
    return found


async def _arrival(consumer: AIOKafkaConsumer, url: str) -> Arrival:
    feedback_id = f"rest-{uuid4().hex}"
    began = time.perf_counter()
    answering = asyncio.create_task(asyncio.to_thread(_post, url, feedback_id))
    async with asyncio.timeout(ARRIVES_WITHIN_S):
        while True:
            fetched: dict[Any, list[Any]] = await consumer.getmany(timeout_ms=1000)
            arrived = time.perf_counter()
            # The gateway's source and the event's id are in the sample's key of sameness; its words are enough here.
            if any(feedback_id.encode() in record.value for records in fetched.values() for record in records):
                return Arrival((await answering - began) * 1e3, (arrived - began) * 1e3)


def _post(url: str, feedback_id: str) -> float:
    body = {"feedback_id": feedback_id, "query": f"When was it built? {feedback_id}", "correction": "In 1951."}
    link = http.client.HTTPConnection(url.removeprefix("http://"), timeout=ARRIVES_WITHIN_S)
    try:
        link.request("POST", "/v1/feedback", json.dumps(body), {"Content-Type": "application/json"})
        answer = link.getresponse()
        said = answer.read().decode(errors="replace")
    finally:
        link.close()
    if answer.status != 202:
        raise RuntimeError(f"the gateway answered {answer.status}: {said[:300]}")
    return time.perf_counter()
