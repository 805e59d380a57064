"""Threads in which a session, a request or a look at a store may block."""
