"""How doubtful it is that a correction answers, beyond what the rules are sure of.

`score` weighs the `traits` of a correction `beside` its question and response by `weights`; `certain` is what needs no weighing.
"""
