"""Files that people give to commands, read with line numbers."""
