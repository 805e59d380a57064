"""Stage 2, pure: samples, counts and sketches become drift, commands and the journal."""
