"""Baselines: fitted, calibrated, validated, stored."""
