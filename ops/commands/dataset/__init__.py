"""Commands over files of questions and answers."""
