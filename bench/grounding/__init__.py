"""Claims of known truth against passages, in Hindi and English, and how well a scorer tells them apart."""
