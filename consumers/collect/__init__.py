"""Stage 1, pure: submitted feedback and documents become samples, daily counts and sketches."""
