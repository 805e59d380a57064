"""The training child: train, merge, evaluate; the only place that imports torch besides generation."""
