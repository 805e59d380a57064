"""The fault drill: a known history through the stream processor while everything is killed, cut and stopped, and then checked."""
