"""`make bench-scores`: Hindi pairs by this project's scores beside LLaMA-Factory's metric, rouge_score and sacreBLEU's 13a.

A score for Hindi has to give a hundred where a reader sees the same text, and little where it is another one. Two minutes with the peers'
environment; needs ../shared/data.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from bench.peers.environments import Peer, interpreter
from bench.scores import peers_child
from bench.scores.pairs import pairs, sentences
from gpu_runner.evaluate.published import scores

XQUAD: Final = Path(__file__).parents[3] / "shared" / "data" / "xquad" / "xquad.hi.json"
PEERS: Final = Path(".abhyas/peers")
METRICS: Final = Peer("metrics", ("jieba==0.42.1", "rouge-chinese==1.0.3", "nltk==3.9.2", "rouge-score==0.1.2", "setuptools<81"))


def main() -> int:
    """Writes the JSON and prints the table."""
    parser = argparse.ArgumentParser(prog="python -m bench.scores", description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--out", type=Path, required=True)
    chosen = parser.parse_args()
    found = pairs(sentences(XQUAD))
    told = {kind: ours(given) for kind, given in found.items()}
    for kind, values in by_peers(found).items():
        told[kind] |= values
    chosen.out.write_text(
        json.dumps({"pairs_of_each_kind": len(next(iter(found.values()))), "scores": told}, indent=1, ensure_ascii=False) + "\n"
    )
    print(table(told))
    return 0


def ours(given: Sequence[tuple[str, str]]) -> dict[str, float]:
    """The lenient scores, and sacreBLEU's of the same pairs."""
    names = [str(number) for number in range(len(given))]
    references = {name: (reference,) for name, (_, reference) in zip(names, given, strict=True)}
    metrics = scores(references, {name: answer for name, (answer, _) in zip(names, given, strict=True)}, "hi")["metrics"]
    return {
        "hi_lenient EM": round(metrics["hi_lenient"]["exact_match"], 2),
        "hi_lenient F1": round(metrics["hi_lenient"]["f1"], 2),
        "mlqa F1": round(metrics["mlqa"]["f1"], 2),
        "squad F1": round(metrics["squad"]["f1"], 2),
        **{f"sacreBLEU {name}": round(metrics[f"bleu_{name}"]["score"], 2) for name in ("intl", "13a")},
        "chrF": round(metrics["chrf"]["score"], 2),
    }


def by_peers(found: Mapping[str, Sequence[tuple[str, str]]]) -> dict[str, dict[str, float]]:
    """The peers' means by kind, of an interpreter of their own."""
    run = subprocess.run(
        [str(interpreter(METRICS, PEERS)), peers_child.__file__],
        input=json.dumps(found),
        capture_output=True,
        text=True,
        timeout=600,
        check=True,
    )
    return dict(json.loads(run.stdout))


def table(told: Mapping[str, Mapping[str, Any]]) -> str:
    """The same in Markdown: a metric a line, a kind a column."""
    kinds = list(told)
    lines = [f"| | {' | '.join(kinds)} |", "|" + "---|" * (len(kinds) + 1)]
    return "\n".join([*lines, *(f"| {name} | {' | '.join(f'{told[kind][name]:.1f}' for kind in kinds)} |" for name in told[kinds[0]])])


if __name__ == "__main__":
    sys.exit(main())
