"""What a watch beside the shards sees of the broker: stalls, open transactions, topics made anew."""
