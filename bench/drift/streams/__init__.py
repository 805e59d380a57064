"""Streams of documents with planted shifts."""
