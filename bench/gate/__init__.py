"""The gate by simulation: how often it promotes what is better, lets pass what is worse, and names what drove a loss."""
