"""What runs beside the requests: keeping the publisher connected, and following how far stage 1 is."""

from __future__ import annotations

import asyncio
from typing import Final

import httpx
import structlog

from producers.errors import KafkaAway
from producers.publisher import Publisher

log = structlog.get_logger()

RECONNECT_S: Final = 1.0
# Stage 1 passes some MB a second; the budget of 3 MB must not be used up between two looks.
FOLLOW_S: Final = 0.1


async def keep_connected(publisher: Publisher, every_s: float = RECONNECT_S) -> None:
    """Connects, and connects again after the publisher gave its producer up; runs until it is cancelled."""
    said = False
    while True:
        if not publisher.started:
            try:
                await publisher.start()
                log.info("connected to Kafka", bootstrap_servers=publisher.connection.bootstrap_servers)
                said = False
            except KafkaAway as error:
                if not said:  # once, not every second while the broker is away
                    log.warning("no Kafka yet", error=str(error))
                said = True
        await asyncio.sleep(every_s)


async def follow_stage1(publisher: Publisher, consumers_url: str) -> None:
    """Tells the publisher which offsets stage 1 has passed (its `/state`, `stage1.positions`); runs until cancelled.

    It asks only while events are in flight. While stage 1 does not answer, everything published counts as in flight, so the budget closes
    the door before the embedded broker forgets events. A stage 1 that does not tell its positions cannot be followed: then only
    unacknowledged bytes are bounded, and the log says so once.
    """
    async with httpx.AsyncClient(base_url=consumers_url, timeout=2.0) as client:
        while True:
            await publisher.until_in_flight()
            try:
                answer = await client.get("/state")
                positions = answer.json().get("stage1", {}).get("positions") if answer.status_code == 200 else {}
            except (httpx.HTTPError, ValueError):
                positions = {}
            if positions is None:
                log.warning("stage 1 does not tell its positions: only unacknowledged bytes are bounded", url=f"{consumers_url}/state")
                publisher.release()
                return
            for name, offsets in positions.items():
                for partition, next_offset in offsets.items():
                    publisher.processed(publisher.connection.topic(name), int(partition), int(next_offset))
            await asyncio.sleep(FOLLOW_S)
