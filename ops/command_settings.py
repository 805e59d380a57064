"""What the `abhyas` commands read beside what every service does: where the services answer."""

from __future__ import annotations

from typing import Final

from ops.stack.services import SERVICES, Ports
from runtime.settings import StoreSettings

_PORTS: Final = Ports()


class CommandSettings(StoreSettings):
    """Addresses of the services where no stack of `abhyas up` tells them: in a container 127.0.0.1 is the container itself."""

    runner_url: str = f"http://127.0.0.1:{_PORTS.runner}"
    gateway_url: str = f"http://127.0.0.1:{_PORTS.gateway}"
    dashboard_url: str = f"http://127.0.0.1:{_PORTS.dashboard}"
    consumers_url: str = f"http://127.0.0.1:{_PORTS.consumers}"

    def url_of(self, service: str) -> str:
        """The address of a service by its name, without a slash at its end."""
        return str(getattr(self, f"{service}_url")).rstrip("/")

    def urls_set(self) -> dict[str, str]:
        """The addresses that the environment sets, by the service's name."""
        return {service.name: self.url_of(service.name) for service in SERVICES if f"{service.name}_url" in self.model_fields_set}
