"""What the redaction takes out and what it leaves, on a set of its own: numbers that must go and numbers that must stay.

`python -m bench.redaction.cases` writes the set (`cases.jsonl`), `python -m bench.redaction` measures on it, and
`python -m bench.redaction.cost` counts the instructions of an event's redaction beside another revision's.
"""
