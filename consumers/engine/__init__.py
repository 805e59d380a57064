"""Shards: restored, fed batch by batch, one transaction each; knows no feedback and no model."""
