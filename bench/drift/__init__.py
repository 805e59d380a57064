"""Drift detection measured: false alarms, delay, cost and state size beside peers."""
