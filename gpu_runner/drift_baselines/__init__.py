"""Drift baselines in the runner: fitted at the bootstrap and before a promotion, kept in the store, named in `model.current`."""
