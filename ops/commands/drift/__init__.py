"""Commands of the drift detectors."""
