"""The HTTP door for feedback and documents: `python -m producers.gateway`, port 8008."""
