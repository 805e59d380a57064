"""Detectors of a rate of zeros and ones."""
