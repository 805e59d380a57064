"""`python -m producers.gateway`: the gateway on HOST:GATEWAY_PORT until SIGTERM."""

from __future__ import annotations

import signal
import sys

import uvicorn
from pydantic import ValidationError

from producers.gateway.app import create_app
from producers.gateway.settings import SOURCE, GatewaySettings
from producers.publisher import Publisher
from producers.structured_logs import configure_logging
from schemas.envelope import describe


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
    publisher = Publisher(connection, SOURCE, ack_timeout_s=settings.gateway_ack_timeout_s, hold_until_processed=connection.embedded)
    # uvicorn raises the signal again once it has stopped: being asked to stop is no failure, so that ends with 0.
    signal.signal(signal.SIGTERM, lambda _number, _frame: sys.exit(0))
    # A graceful second for open requests, then the publisher's flush: under five in all.
    uvicorn.run(
        create_app(settings, publisher),
        host=settings.host,
        port=settings.gateway_port,
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=1,
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
