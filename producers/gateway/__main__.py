"""`python -m producers.gateway`: the gateway on HOST:GATEWAY_PORT until SIGTERM."""

from __future__ import annotations

import sys

import uvicorn
from pydantic import ValidationError

from producers.gateway.app import create_app
from producers.gateway.settings import GatewaySettings
from producers.gateway.stop_times import ANSWERS_WITHIN_S
from producers.publisher import Publisher
from runtime.logs import configure_logging
from runtime.process_end import serve
from schemas.envelope import describe
from schemas.identity import DEFAULT_SOURCE


def main() -> int:
    """Runs until a signal; 2 for settings that cannot be used."""
    try:
        settings = GatewaySettings()
        configure_logging("gateway", level=settings.app_log_level, debug=settings.app_debug)
    except ValidationError as error:
        print(f"settings: {describe(error)}", file=sys.stderr)
        return 2
    except ValueError as error:
        print(str(error), file=sys.stderr)
        return 2
    connection = settings.connection()
    publisher = Publisher(
        connection, DEFAULT_SOURCE, ack_timeout_s=settings.gateway_ack_timeout_s, hold_until_processed=not connection.keeps_logs
    )
    config = uvicorn.Config(
        create_app(settings, publisher),
        host=settings.host,
        port=settings.gateway_port,
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=ANSWERS_WITHIN_S,
    )
    return serve(uvicorn.Server(config), exit_code=lambda: 0)


if __name__ == "__main__":
    sys.exit(main())
