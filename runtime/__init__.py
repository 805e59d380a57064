"""What every service stands on: settings, logs, HTTP errors, the ends of processes, Kafka and the artifact store."""
