"""Who answers the items of an evaluation: a model in this process, or a server behind OpenAI's interface; one protocol, one loop."""
