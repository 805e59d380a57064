"""How personal numbers and addresses are found: `addresses` (e-mail, UPI), `tax_numbers` (PAN, GSTIN), `numbers` (telephone, Aadhaar).

A telephone number has no check digit and looks like an amount, a range or a row of a table: `shapes` says how it is written, `context`
what the words before and after make of it, by the `vocabulary`.
"""
