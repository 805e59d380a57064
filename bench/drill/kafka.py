"""The drill's Apache Kafka: one node with a listener of its own for the consumers, behind a proxy whose connections can be cut."""

from __future__ import annotations

import asyncio
import random
import socket
from dataclasses import dataclass
from pathlib import Path

from bench.drill.proxy import HOST, Proxy
from ops.stack.brokers.single_node import SingleNodeKafka
from ops.topic_contract import apply
from runtime.kafka.connection import KafkaConnection
from schemas import topics


@dataclass(frozen=True, slots=True)
class Kafka:
    """The broker, the proxy in front of it, and the way past the proxy for the drill's own clients."""

    node: SingleNodeKafka
    proxy: Proxy
    direct: KafkaConnection

    @classmethod
    async def start(cls, folder: Path, libs: Path, prefix: str) -> Kafka:
        """Starts both and makes the topics; raises KafkaUnavailable where there is no Kafka to start."""
        port, controller, proxied = free_ports()
        proxy = Proxy(proxied)
        await proxy.start()
        node = SingleNodeKafka(folder, port, libs=libs, settings=through(proxy, port, controller, proxied))
        try:
            direct = KafkaConnection(await asyncio.to_thread(node.start), topic_prefix=prefix)
            await asyncio.to_thread(apply, direct, topics.specs(prefix))
        except BaseException:
            await asyncio.to_thread(node.stop)
            await proxy.stop()
            raise
        return cls(node, proxy, direct)

    async def stop(self) -> None:
        """Ends both."""
        await self.proxy.stop()
        await asyncio.to_thread(self.node.stop)


def free_ports() -> tuple[int, int, int]:
    """The node's two ports, next to each other, and one for clients behind the proxy; below the range of outgoing connections."""
    for port in random.sample(range(20_000, 32_000), 1_000):
        try:
            for number in (port, port + 1, port + 2):
                with socket.socket() as probe:
                    probe.bind((HOST, number))
        except OSError:
            continue
        return port, port + 1, port + 2
    raise RuntimeError("no three free ports in a row between 20000 and 32000")


def through(proxy: Proxy, port: int, controller: int, proxied: int) -> dict[str, str | int]:
    """A listener of its own for the consumers, which tells them the proxy's address; and a broker that aborts what is overdue at once."""
    return {
        "listeners": f"PLAINTEXT://{HOST}:{port},CONTROLLER://{HOST}:{controller},PROXIED://{HOST}:{proxied}",
        "advertised.listeners": f"PLAINTEXT://{HOST}:{port},PROXIED://{HOST}:{proxy.port}",
        "listener.security.protocol.map": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,PROXIED:PLAINTEXT",
        "transaction.abort.timed.out.transaction.cleanup.interval.ms": 1000,
    }
