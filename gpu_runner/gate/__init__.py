"""Whether a candidate is better: policy, guards, statistics, decision."""
