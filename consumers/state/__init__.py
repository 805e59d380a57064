"""The changelog: writing state with the transaction, reading it back before the first record."""
