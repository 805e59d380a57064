"""The events, a module for each topic."""
