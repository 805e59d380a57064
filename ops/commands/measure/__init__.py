"""The evaluation's measures as commands over files: no model, no service, no torch."""
