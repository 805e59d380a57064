"""The stack's fake runner."""

import fake_service

fake_service.main("RUNNER_PORT")
