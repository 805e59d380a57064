"""The embedded broker and a single Kafka node."""
