"""Measurements and drills that take longer than a test may; their JSON is committed beside them."""
