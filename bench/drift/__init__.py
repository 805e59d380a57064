"""Drift detection measured: false alarms, delay, cost and state size beside peers."""

import os

# Before numpy is imported: costs are of one core, and a second BLAS thread spins on the other.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
