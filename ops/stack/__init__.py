"""A whole installation as child processes."""
