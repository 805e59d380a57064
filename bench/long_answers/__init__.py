"""How well the rule for long answers tells right from wrong ones."""
