"""Keeps the holdout out of what trains: the same question in the same, varied, other or another language's words is found and set aside."""
