"""The whole loop, told in the terminal as it happens, with every number computed in that run."""
