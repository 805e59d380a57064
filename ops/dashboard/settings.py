"""The live page's settings."""

from __future__ import annotations

from pydantic import Field

from producers.settings import ServiceSettings


class DashboardSettings(ServiceSettings):
    """Where the page listens, and where it asks for buffers and drift."""

    host: str = "127.0.0.1"
    dashboard_port: int = Field(default=8009, ge=1, le=65535)
    consumers_url: str = "http://127.0.0.1:8010"
