"""Versions of a model in the store: bootstrapped, promoted, rolled back."""
