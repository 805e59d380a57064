"""Everything that puts events on a topic."""
