"""The pure core of the stream processor: no clock, no I/O, no global random state."""
