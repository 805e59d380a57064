"""How long each part of the gateway's stop may take. Whoever starts a gateway waits longer than their sum before it kills it."""

from __future__ import annotations

from typing import Final

# Requests that are being answered; one that is not by then is answered with 503 (`producers.gateway.last_answers`).
ANSWERS_WITHIN_S: Final = 1
BACKGROUND_WITHIN_S: Final = 0.3
# What was handed to the producer is sent and acknowledged; those who sent it have been answered by then, with 202 or 503.
PUBLISHER_WITHIN_S: Final = 1.5
# uvicorn looks for a request to stop every tenth of a second, and waits as long for connections that are about to close.
LOOKING_S: Final = 0.2

STOP_WITHIN_S: Final = ANSWERS_WITHIN_S + BACKGROUND_WITHIN_S + PUBLISHER_WITHIN_S + LOOKING_S
