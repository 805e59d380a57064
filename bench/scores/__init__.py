"""Hindi answers by this project's scores and by those of others, on the same pairs (`make bench-scores`)."""
