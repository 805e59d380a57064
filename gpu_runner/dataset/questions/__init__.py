"""Questions out of documents, and other wordings of a question."""
