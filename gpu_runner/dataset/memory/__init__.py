"""The memory of a lineage: every accepted correction in wordings that were never trained, asked again for as long as it holds."""
