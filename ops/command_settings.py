"""What the `abhyas` commands read beside what every service does: where the services answer, and which models judge claims."""

from __future__ import annotations

from typing import Final

from pydantic import Field

from gpu_runner.evaluate.entailment.settings import GroundingSettings
from ops.stack.services import SERVICES, Ports
from runtime.settings import ConsumersAddress, StoreSettings

_PORTS: Final = Ports()


class CommandSettings(GroundingSettings, ConsumersAddress, StoreSettings):
    """Addresses of the services where no stack of `abhyas up` tells them: in a container 127.0.0.1 is the container itself."""

    runner_url: str = Field(
        f"http://127.0.0.1:{_PORTS.runner}",
        description="Where the runner answers; unset: as the running stack says, else the default. In `docker-compose.yml` set for the "
        "service `abhyas`, in whose container 127.0.0.1 is the container itself.",
    )
    gateway_url: str = Field(f"http://127.0.0.1:{_PORTS.gateway}", description="The same for the gateway.")
    dashboard_url: str = Field(f"http://127.0.0.1:{_PORTS.dashboard}", description="The same for the live page.")

    def url_of(self, service: str) -> str:
        """The address of a service by its name, without a slash at its end."""
        return str(getattr(self, f"{service}_url")).rstrip("/")

    def urls_set(self) -> dict[str, str]:
        """The addresses that the environment sets, by the service's name."""
        return {service.name: self.url_of(service.name) for service in SERVICES if f"{service.name}_url" in self.model_fields_set}
