"""The commands of `abhyas`, a module each."""
