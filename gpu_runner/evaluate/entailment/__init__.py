"""Models that judge claims beside the rules: entailment and embeddings, from a local folder or a server that speaks OpenAI's protocol."""
