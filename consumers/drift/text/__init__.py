"""Characters, words and n-grams."""
