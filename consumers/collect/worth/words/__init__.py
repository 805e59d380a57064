"""The words that complaints are made of, in English, Hindi and Hindi in Latin letters, each with what it does (`roles`)."""
