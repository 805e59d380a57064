"""Run by the peers' own interpreter: reads pairs of answer and reference by kind on stdin (JSON), writes the peers' means by kind.

LLaMA-Factory's figures are its `ComputeSimilarity` without the tokenizer: jieba cuts, rouge_chinese and NLTK's sentence BLEU score.
"""

from __future__ import annotations

import json
import sys
from statistics import fmean


def main() -> None:
    """One JSON object on stdout."""
    import jieba
    from nltk.translate.bleu_score import SmoothingFunction, sentence_bleu
    from rouge_chinese import Rouge
    from rouge_score.rouge_scorer import RougeScorer

    scorer, smoothing = RougeScorer(["rouge1", "rougeL"]), SmoothingFunction().method3

    def of_llama_factory(answer: str, reference: str) -> dict[str, float]:
        said, right = " ".join(jieba.cut(answer)), " ".join(jieba.cut(reference))
        rouge = Rouge().get_scores(said, right)[0] if said.split() and right.split() else {}
        bleu = sentence_bleu([list(reference)], list(answer), smoothing_function=smoothing)
        return {
            "LLaMA-Factory ROUGE-1": 100 * rouge.get("rouge-1", {}).get("f", 0.0),
            "LLaMA-Factory ROUGE-L": 100 * rouge.get("rouge-l", {}).get("f", 0.0),
            "LLaMA-Factory BLEU-4": 100 * bleu,
        }

    def of_rouge_score(answer: str, reference: str) -> dict[str, float]:
        return {f"rouge_score {name}": 100 * value.fmeasure for name, value in scorer.score(reference, answer).items()}

    jieba.setLogLevel("ERROR")
    told = {}
    for kind, pairs in json.load(sys.stdin).items():
        rows = [of_llama_factory(*pair) | of_rouge_score(*pair) for pair in pairs]
        told[kind] = {name: round(fmean(row[name] for row in rows), 2) for name in rows[0]}
    json.dump(told, sys.stdout)


if __name__ == "__main__":
    main()
