"""A model's samples: what waits, what a batch has leased, what becomes of it at its end, and which praise is kept."""
