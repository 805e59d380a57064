"""Which terms rose or fell."""
