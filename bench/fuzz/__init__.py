"""Wrong and right input at every edge: whatever comes, no traceback and no status 500, and what is refused is named by field or line."""
