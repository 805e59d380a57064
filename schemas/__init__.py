"""What arrives and leaves: frozen events, topics, the CloudEvents envelope."""
