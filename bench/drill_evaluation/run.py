"""One evaluation left alone and the same one killed again and again: both end in the same results, but for the times of answers."""

from __future__ import annotations

import json
import os
import random
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from bench.drill_evaluation.server import ENGINE, JUDGE, DrillServer, answer_to

AT_ONCE: Final = 4
_LOOK_EVERY_S: Final = 0.002


@dataclass
class EvaluationDrill:
    """What was seen: `violations` is empty where all went as it must."""

    items: int
    kills: list[dict[str, int]] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)
    figures: dict[str, Any] = field(default_factory=dict)

    def require(self, holds: bool, violation: str) -> None:
        """Notes what does not hold."""
        if not holds:
            self.violations.append(violation)


def run_drill(work: Path, *, items: int, kills: int, seed: int, tell: Callable[[str], None]) -> EvaluationDrill:
    """The drill in a folder of its own; `kills` of them, half while answers come and half while the judge is asked."""
    drill, draw = EvaluationDrill(items), random.Random(seed)
    with DrillServer() as server:
        alone, killed = job(work / "alone", server.url, items), job(work / "killed", server.url, items)
        before, began = _cpu_s(), time.monotonic()
        code = _child(alone).wait()
        drill.figures |= {"seconds": round(time.monotonic() - began, 1), "child_cpu_s": round(_cpu_s() - before, 1)}
        drill.require(code == 0, f"the evaluation that was left alone ended with {code}")
        asked_alone = dict(server.asked)
        tell(f"left alone: {items} items, {drill.figures['seconds']} s, {drill.figures['child_cpu_s']} CPU s in the child")
        server.asked.clear()
        for number in range(kills):
            name = "answers.jsonl" if 2 * number < kills else "judgements.jsonl"
            _kill_at(killed, name, draw, drill, step=(number % max(1, kills // 2) + 1) / (kills // 2 + 2))
        code = _child(killed).wait()
        drill.require(code == 0, f"the evaluation that was killed ended with {code}")
        _compare(alone, killed, drill)
        _count(asked_alone, dict(server.asked), kills, drill)
        asked = sum(server.asked.values())
        before_bytes = _results(killed).read_bytes()
        (killed / "result.json").unlink()
        code = _child(killed).wait()
        drill.require(code == 0 and _results(killed).read_bytes() == before_bytes, "scored again, results.json has other bytes")
        # What the server refused is no answer and is asked again; its judgements are all there.
        drill.require(sum(server.asked.values()) - asked <= _refused(items), "scored again, it asked what it had")
    return drill


def job(folder: Path, url: str, items: int) -> Path:
    """A job folder with items in Hindi and English, short and long, about three topics."""
    folder.mkdir(parents=True)
    rows = []
    for number in range(items):
        hindi, year = number % 2 == 0, str(1000 + number)
        long = f"Fort {year} was built in {year} by the river, and stands there still."
        rows.append(
            {
                "id": f"item-{number}", "language": "hi" if hindi else "en", "group": f"topic-{number % 3}-{number // 30}",
                "question": f"किला कब बना: {year}?" if hindi else f"When was this fort built: {year}?",
                "answers": [year if number % 3 else long, f"Fort {year} was built in {year}."], "source": long,
            }
        )  # fmt: skip
    (folder / "items.jsonl").write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    spec = {
        "job_id": "drill", "model_id": "drill", "model_version": "v1", "model": {"path": "", "sha256": "0" * 64}, "items": "items.jsonl",
        "sources": None, "metrics": ["exact_match", "f1", "bleu", "hallucination_rate", "cut_rate", "response_quality", "correctness"],
        "max_new_tokens": 8, "reports_dir": str(folder / "reports"), "date": "2026-03-01T04:00:00+00:00",
        "engine": {"url": url, "model": ENGINE, "timeout_s": 30, "at_once": AT_ONCE},
        "judge": {"url": url, "model": JUDGE, "timeout_s": 30, "at_once": AT_ONCE},
    }  # fmt: skip
    (folder / "spec.json").write_text(json.dumps(spec), encoding="utf-8")
    return folder


def _child(folder: Path) -> subprocess.Popen[bytes]:
    environment = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    with (folder / "log").open("ab") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "gpu_runner.evaluate", str(folder)], stdout=subprocess.DEVNULL, stderr=log, env=environment
        )


def _kill_at(folder: Path, name: str, draw: random.Random, drill: EvaluationDrill, *, step: float) -> None:
    """Starts the child and kills it when its file has grown to about this share of the items."""
    child, least = _child(folder), int(drill.items * step * (0.9 + 0.2 * draw.random()))
    path = folder / name
    while child.poll() is None and _lines(path) < least:
        time.sleep(_LOOK_EVERY_S)
    drill.require(child.poll() is None, f"the child ended with {child.poll()} before it could be killed at line {least} of {name}")
    child.send_signal(signal.SIGKILL)
    child.wait()
    drill.kills.append({name: _lines(path)})


def _lines(path: Path) -> int:
    return path.read_bytes().count(b"\n") if path.exists() else 0


def _results(folder: Path) -> Path:
    return folder / "reports" / "drill" / "results.json"


def _compare(alone: Path, killed: Path, drill: EvaluationDrill) -> None:
    texts = [_results(folder).read_text(encoding="utf-8") for folder in (alone, killed)]
    first, second = (json.loads(text, parse_constant=lambda name: drill.violations.append(f"{name} in results.json")) for text in texts)
    place = difference(_without_times(first), _without_times(second))
    drill.require(place is None, f"the results differ in more than times: {place}")
    for name in ("answers.jsonl", "judgements.jsonl"):
        rows = [[_without_times(json.loads(line)) for line in (folder / name).read_bytes().splitlines()] for folder in (alone, killed)]
        drill.require(rows[0] == rows[1], f"{name} differs in more than times")
    result = json.loads((killed / "result.json").read_text(encoding="utf-8"))
    drill.figures |= {name: result[name] for name in ("items", "questions_refused", "answers_cut", "metrics", "judge")}
    drill.require(result["items"] + result["questions_refused"] == drill.items, "items are lost or doubled")
    drill.require(result["judge"]["failures"]["bad_json"] > 0 and result["judge"]["failures"]["out_of_range"] > 0, "no bad reply was met")


def difference(one: Any, other: Any, place: str = "results") -> str | None:
    """Where two JSON values first differ, with both; None where they are equal, the order of their fields included.

    >>> difference({"a": [1, 2]}, {"a": [1, 3]})
    'results.a[1]: 2 and 3'
    """
    if isinstance(one, dict) and isinstance(other, dict) and list(one) == list(other):
        return next((found for name in one if (found := difference(one[name], other[name], f"{place}.{name}"))), None)
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        return next((found for n in range(len(one)) if (found := difference(one[n], other[n], f"{place}[{n}]"))), None)
    return None if json.dumps(one) == json.dumps(other) else f"{place}: {str(one)[:80]} and {str(other)[:80]}"


def _without_times(value: Any) -> Any:
    """The same without the fields that say how long an answer took, as JSON text for an object."""
    if isinstance(value, dict):
        return {name: _without_times(one) for name, one in value.items() if name != "latency_ms"}
    return [_without_times(one) for one in value] if isinstance(value, list) else value


def _count(alone: dict[str, int], killed: dict[str, int], kills: int, drill: EvaluationDrill) -> None:
    """Each kill may lose what was on its way, and nothing else; refused questions are asked once too."""
    drill.figures["asked"] = {"alone": alone, "killed": killed}
    for model in (ENGINE, JUDGE):
        most = alone[model] + kills * 2 * AT_ONCE + (kills * _refused(drill.items) if model == ENGINE else 0)
        drill.require(killed[model] <= most, f"{model} was asked {killed[model]} times, alone {alone[model]}, at most {most} expected")


def _refused(items: int) -> int:
    questions = (f"किला कब बना: {1000 + n}?" if n % 2 == 0 else f"When was this fort built: {1000 + n}?" for n in range(items))
    return sum(answer_to(question)[0] != 200 for question in questions)


def _cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
