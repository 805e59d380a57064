"""One offline page about a version for a person who is no engineer, in Hindi and English."""
