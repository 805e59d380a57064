"""The abhyas command, the embedded stack, the live page."""
