"""The rule for English: figures of what was asked and corrected, and weights of its own."""
