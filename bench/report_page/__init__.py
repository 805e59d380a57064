"""The evaluation report in a browser: a sample of it, Chromium over its debugging pipe, the pictures of the docs, and its size and time."""
