"""What became of each correction of a lineage: learnt, kept, lost; from what its versions stored."""
