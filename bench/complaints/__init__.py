"""Complaints told from corrections, measured on sets written by hand, and how much junk would be trained.

A set has a case a line: what was asked, what was answered, what the user put into the field of the correction, the language
(`script` `Latn` of `hi` is Hindi in Latin letters), a kind, and a label:

- `complaint`: nothing in it can be trained as the answer to the question. A hint ("Not 1950, check again", "the answer is in chapter 3",
  "40 रुपये तो भारतीयों के लिए है") has something of an answer in it and is one all the same, because it does not answer.
- `correction`: it answers the question, however it looks: "No" to a question that takes yes or no, "गलत" in a quiz, "Thank you" as a
  translation, "Please show the booking SMS." as advice, "The documents do not say." where they do not.
- A complaint with an answer in it ("नहीं, 1947", "Wrong! It was built by Ashoka.") is of the kind `answer_in_complaint` and labelled
  `correction`: it is to be taken. `answer` is the part to train on, absent where only the whole is safe ("I think it was 1921, not 1947").

`cases.jsonl` was written before any rule, by the rules' author; both of its halves have been looked at since. `cases_by_others.jsonl` was
written by three people who had not seen the rules: a half of it, by a keyed hash (`cases.half_of`: a complaint by its words, a correction
by its question), is kept for the figure, and no rule, weight or limit was chosen on it. `more_cases.jsonl` was written for fitting alone;
`factoids` are corrections taken from XQuAD.

`python -m bench.complaints` measures, `python -m bench.complaints.fit` fits the weights of stage 1 on all but the final half,
`python -m bench.complaints.junk` counts what of a list of junk would be trained.
"""
