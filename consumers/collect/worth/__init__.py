"""What a correction is worth: whether its words answer the question, or are left out of training, and why. Pure.

`judge` says it; `complaint` tells complaints from answers, clause by clause (`clauses`, `clause_kind`), by what the question asks for
(`question`, `question_kinds`), the lists of `words` and `patterns` of several, and `doubt` weighs what these rules leave open; `scripts`,
`sameness`, `control_text` and `context` are the other reasons.
"""
