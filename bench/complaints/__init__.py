"""Complaints told from corrections, measured on a set written by hand before any rule was, and how much junk would be trained.

`cases.jsonl` has a case a line: what was asked, what was answered, what the user put into the field of the correction, the language
(`script` `Latn` of `hi` is Hindi in Latin letters), a kind, and a label:

- `complaint`: nothing in it can be trained as the answer to the question. A hint ("Not 1950, check again", "the answer is in chapter 3",
  "40 रुपये तो भारतीयों के लिए है") has something of an answer in it and is one all the same, because it does not answer.
- `correction`: it answers the question, however it looks: "No" to a question that takes yes or no, "गलत" in a quiz, "Thank you" as a
  translation, "Please show the booking SMS." as advice, "The documents do not say." where they do not.
- A complaint with an answer in it ("नहीं, 1947", "Wrong! It was built by Ashoka.") is of the kind `answer_in_complaint` and labelled
  `correction`: it is to be taken. `answer` is the part to train on, absent where only the whole is safe ("I think it was 1921, not 1947").

Half of the set is kept for the end (`cases.half_of`): a complaint by its words, a correction by its question, so that the final half has
words and questions that no rule was chosen on. `python -m bench.complaints` measures both halves, `python -m bench.complaints.junk` counts
what of a list of junk would be trained.
"""
