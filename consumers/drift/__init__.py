"""Drift over documents and feedback: baseline, detectors, explanation. Pure: no I/O but a baseline's own save and load."""
