"""Whether a version's record still holds: hashes, figures and verdict computed again from what the store keeps."""
