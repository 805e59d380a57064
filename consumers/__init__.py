"""The stream processor: thin shells around a pure core."""
