"""Short documents from paragraphs."""

from __future__ import annotations

from bench.drift.streams.corpora import LONGEST, sentences


def test_hindi_and_english_sentences_end_where_they_end() -> None:
    """A danda, a question mark and a full stop end a sentence; initials, numbers and a quotation's closing mark do not begin one."""
    assert sentences("उसने कहा, “मैं कल आऊँगा।” फिर वह चला गया।तब रात हुई थी बहुत अँधेरी।") == [
        "उसने कहा, “मैं कल आऊँगा।” फिर वह चला गया।",
        "तब रात हुई थी बहुत अँधेरी।",
    ]
    assert sentences("The U.S. economy grew by 6.5 percent. Did J. K. Rowling know of it at all? Nobody asked her.") == [
        "The U.S. economy grew by 6.5 percent.",
        "Did J. K. Rowling know of it at all? Nobody asked her.",
    ]


def test_no_piece_is_longer_than_a_document_may_be() -> None:
    """A sentence of thousands of characters is cut at spaces, and nothing of it is lost; one without spaces is cut where it must be."""
    words = " ".join(f"शब्द{number}" for number in range(500))
    assert max(map(len, sentences(words))) <= LONGEST
    assert " ".join(sentences(words)) == words
    assert "".join(sentences("अ" * 1_000)) == "अ" * 1_000
