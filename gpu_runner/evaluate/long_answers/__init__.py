"""Is a long answer the one that the correction taught: its facts against the references both ways; rules and fitted weights, no model."""
