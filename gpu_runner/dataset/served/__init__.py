"""Corrections as they were served: in their conversation, with their passages, and what of the passages supports them."""
