"""Other drift detectors on the same streams."""
