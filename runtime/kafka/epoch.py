"""A new epoch for a transactional producer that may have left a copy of a request under way.

aiokafka 0.14 sends a request that was not answered again, in the same epoch. The first copy may arrive late, in the middle of the next
transaction, and end it before its time. In a new epoch the broker refuses the copy. The epoch is asked for as the producer that we are:
where another one has taken over the transactional id meanwhile, the broker refuses that too, and nobody is fenced.
"""

from __future__ import annotations

import asyncio
import time
from typing import Any, Final

import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.client import ConnectionGroup, CoordinationType
from aiokafka.errors import (
    ConcurrentTransactions,
    CoordinatorLoadInProgressError,
    CoordinatorNotAvailableError,
    KafkaConnectionError,
    KafkaTimeoutError,
    NodeNotReadyError,
    NotCoordinatorError,
    ProducerFenced,
    RequestTimedOutError,
    for_code,
)
from aiokafka.producer.transaction_manager import PidAndEpoch
from aiokafka.protocol.transaction import AddOffsetsToTxnRequest, AddPartitionsToTxnRequest, EndTxnRequest, TxnOffsetCommitRequest

from runtime.kafka.requests import NextEpoch

log = structlog.get_logger()

# aiokafka's default for one request, which our producers leave as it is.
REQUEST_TIMEOUT_S: Final = 40.0
RETRY_S: Final = 0.02
# INVALID_PRODUCER_EPOCH, INVALID_PRODUCER_ID_MAPPING, PRODUCER_FENCED: another producer has the transactional id.
_FENCED: Final = (47, 49, 90)
_OF_A_TRANSACTION: Final = (AddPartitionsToTxnRequest, AddOffsetsToTxnRequest, TxnOffsetCommitRequest, EndTxnRequest)
_PASSING: Final = (
    ConcurrentTransactions,
    CoordinatorLoadInProgressError,
    CoordinatorNotAvailableError,
    KafkaConnectionError,
    NodeNotReadyError,
    NotCoordinatorError,
    RequestTimedOutError,
)


class Epoch:
    """Watches a producer's requests from before its start on; `renew` is for the time between two transactions."""

    def __init__(self, producer: AIOKafkaProducer, transactional_id: str, *, timeout_s: float) -> None:
        self._producer = producer
        self._transactional_id = transactional_id
        self._timeout_ms = round(timeout_s * 1000)
        self._in_doubt = False
        self._send = producer.client.send
        producer.client.send = self._watched

    def slow(self) -> None:
        """A commit took longer than one request may: whatever was sent for it is in doubt."""
        self._in_doubt = True

    async def renew(self) -> None:
        """Goes on in the next epoch where a copy of a request may still be under way; raises ProducerFenced, KafkaError."""
        if not self._in_doubt:
            return
        give_up_s = time.monotonic() + REQUEST_TIMEOUT_S
        while True:
            try:
                found = await self._next_epoch()
                break
            except _PASSING as error:
                if time.monotonic() > give_up_s:
                    raise KafkaTimeoutError(f"no new epoch for {self._transactional_id} within {REQUEST_TIMEOUT_S:.0f} s") from error
                await asyncio.sleep(RETRY_S)
        # Between two transactions nothing is queued: the next batches take the new epoch, and number from 0 in it.
        manager = self._producer._txn_manager
        manager._pid_and_epoch = found
        manager._sequence_numbers.clear()
        self._in_doubt = False
        log.warning("a request of the former transaction was not answered: new epoch", transactional_id=self._transactional_id)

    async def _next_epoch(self) -> PidAndEpoch:
        manager, client = self._producer._txn_manager, self._producer.client
        node = await client.coordinator_lookup(CoordinationType.TRANSACTION, self._transactional_id)
        request = NextEpoch(self._transactional_id, self._timeout_ms, manager.producer_id, manager.producer_epoch)
        answer = await self._send(node, request, group=ConnectionGroup.COORDINATION)
        if answer.error_code in _FENCED:
            raise ProducerFenced()
        if answer.error_code:
            raise for_code(answer.error_code)(f"new epoch of {self._transactional_id}")
        return PidAndEpoch(answer.producer_id, answer.producer_epoch)

    async def _watched(self, node: Any, request: Any, **options: Any) -> Any:
        try:
            return await self._send(node, request, **options)
        except BaseException:
            self._in_doubt = self._in_doubt or isinstance(request, _OF_A_TRANSACTION)
            raise
