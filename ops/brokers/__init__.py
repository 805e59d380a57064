"""The brokers that need no cluster: the embedded one, and a single node of Apache Kafka on loopback."""
