"""Drift of documents and feedback: pure detection over mergeable integer sketches."""
