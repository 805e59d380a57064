"""The service on port 8007: accepts commands, trains in a child, evaluates, gates, deploys."""
