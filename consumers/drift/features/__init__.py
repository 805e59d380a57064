"""From texts to rows of features and their sums."""
