"""kill -9 in the loop on Apache Kafka: at six moments of it, and at random steps of the runner's upload, preparation and promotion."""
