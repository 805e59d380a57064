"""A model as a folder: its weights, tokenizer and chat template, how it is loaded, and how a merged one is written."""
