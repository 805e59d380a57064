"""A tiny Llama with its own corpus: a real model to learn with where no hub can be reached."""
