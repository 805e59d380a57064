"""What becomes of junk in a batch: how much of it trains, and how much is gold of the gate's primary."""
