"""Scores answers in Hindi and English, and writes the reports."""
