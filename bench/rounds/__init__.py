"""Rounds of corrections, one after the other: what the tenth costs beside the first, and what they leave on the disk."""
