"""What a failed transaction tells its caller."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from aiokafka.errors import KafkaTimeoutError, ProducerFenced

from runtime.kafka.connection import KafkaConnection
from runtime.kafka.transaction import TransactionalWriter
from schemas.envelope import WireRecord


class FailingProducer:
    """A producer whose batches are refused with one error and whose abort is with another."""

    def __init__(self, refused: BaseException, abort: BaseException) -> None:
        self._refused, self._abort = refused, abort

    async def begin_transaction(self) -> None:
        return

    def create_batch(self) -> Any:
        return self

    def append(self, **record: Any) -> object:
        return self

    async def send_batch(self, batch: Any, topic: str, *, partition: int) -> Any:
        raise self._refused

    async def abort_transaction(self) -> None:
        raise self._abort


@pytest.mark.parametrize(
    ("refused", "abort", "told"),
    [
        (KafkaTimeoutError(), OSError(), KafkaTimeoutError),
        (KafkaTimeoutError(), ProducerFenced(), ProducerFenced),
        (asyncio.CancelledError(), ProducerFenced(), asyncio.CancelledError),
    ],
)
async def test_who_was_replaced_is_told_so(refused: BaseException, abort: BaseException, told: type[BaseException]) -> None:
    """The error that broke a transaction is told, but for a writer that cannot abort either because another one took over."""
    writer = TransactionalWriter(KafkaConnection("127.0.0.1:9"), "t")
    await writer.producer.stop()
    writer.producer = FailingProducer(refused, abort)
    with pytest.raises(told):
        await writer.commit({("t", 0): [WireRecord(b"k", b"v")]})
