"""The runner between Kafka and its jobs: topics folded into a read model, events in transactions."""
