"""The HTTP door for feedback, turns and documents: `python -m producers.gateway`, port 8008."""
