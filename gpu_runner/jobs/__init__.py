"""One job from its command to its end."""
