"""What became of a model's versions, told from the artifact store alone: what served when, why, and whether the records still hold."""
