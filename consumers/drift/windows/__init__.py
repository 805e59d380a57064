"""Statistics of windows of documents against the baseline."""
