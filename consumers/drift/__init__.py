"""Drift of documents and feedback, as pure functions of what was counted."""
