"""Other stream processors at the same work. Each runs in an environment of its own: nothing here imports what ours installs."""
