"""The HTTP side of the runner, and its client."""
