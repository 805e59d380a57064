"""What the stream core costs, beside its peers on the same topic: `python -m bench.stream`."""
