"""The services of an installation: command, port and where each says that it is ready."""

from __future__ import annotations

import socket
from dataclasses import asdict, dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Service:
    """One service: its program (`python -m MODULE`), the variable that sets its port, the path that answers 200 when it is ready."""

    name: str
    module: str
    port_variable: str
    ready_path: str


RUNNER: Final = Service("runner", "gpu_runner", "RUNNER_PORT", "/health")
GATEWAY: Final = Service("gateway", "producers.gateway", "GATEWAY_PORT", "/ready")
DASHBOARD: Final = Service("dashboard", "ops.dashboard", "DASHBOARD_PORT", "/health")
CONSUMERS: Final = Service("consumers", "consumers", "CONSUMERS_PORT", "/ready")

# In the order in which they start; the gateway comes last, when everything behind it listens.
SERVICES: Final = (RUNNER, CONSUMERS, DASHBOARD, GATEWAY)


@dataclass(frozen=True, slots=True)
class Ports:
    """The HTTP ports of the services."""

    runner: int = 8007
    gateway: int = 8008
    dashboard: int = 8009
    consumers: int = 8010

    def shifted(self, offset: int) -> Ports:
        """All ports moved by the same number, for a second stack on the machine."""
        return Ports(**{name: port + offset for name, port in asdict(self).items()})

    def of(self, service: str) -> int:
        """The port of a service by its name."""
        return int(getattr(self, service))

    @classmethod
    def free(cls) -> Ports:
        """Four ports that nobody listens on now."""
        sockets = [socket.socket() for _ in SERVICES]
        try:
            for listener in sockets:
                listener.bind(("127.0.0.1", 0))
            runner, gateway, dashboard, consumers = (listener.getsockname()[1] for listener in sockets)
        finally:
            for listener in sockets:
                listener.close()
        return cls(runner, gateway, dashboard, consumers)


def port_taken(port: int, host: str = "127.0.0.1") -> bool:
    """Whether somebody listens on the port."""
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex((host, port)) == 0
