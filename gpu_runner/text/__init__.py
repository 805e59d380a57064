"""Normal forms, sentences, script and overlap of texts."""
