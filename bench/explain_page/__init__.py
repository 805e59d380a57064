"""The page of `abhyas explain` in a browser: a store with five months of a model's versions, and the pictures of the docs."""
