"""The stack's fake gateway."""

import fake_service

fake_service.main("GATEWAY_PORT")
