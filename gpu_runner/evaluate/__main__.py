"""`python -m gpu_runner.evaluate JOB_DIR`: the child behind POST /evaluate; JSON lines on stdout, logs on stderr.

Exit 0 with `result.json`, 3 for an error that was reported, 143 after SIGTERM.
"""

from __future__ import annotations

import logging
import os
import sys
import traceback
from pathlib import Path
from typing import Any

from gpu_runner.child.heartbeat import Heartbeat
from gpu_runner.child.parent import Parent, Terminated, Termination
from gpu_runner.child.reporter import Reporter, claim_stdout
from gpu_runner.dataset.fields import DataError
from gpu_runner.evaluate.engine.endpoint import Endpoint, EndpointSettings
from gpu_runner.evaluate.engine.in_process import InProcessEngine
from gpu_runner.evaluate.engine.openai_server import OpenAIServerEngine
from gpu_runner.evaluate.engine.protocol import EngineMisfit, EngineUnavailable
from gpu_runner.evaluate.evaluation import (
    ANSWERS_FILE,
    BATCH,
    JUDGEMENTS_FILE,
    BadModel,
    EvaluationSpec,
    ask,
    finished,
    load_sources,
    load_spec,
    read_items,
    report,
    verify_model,
)
from gpu_runner.evaluate.judge.configured import judge_answers
from gpu_runner.evaluate.score import UnknownMetric
from gpu_runner.model_folder.chat_tokens import TemplateMisfit
from gpu_runner.model_folder.memory import DoesNotFit, is_out_of_memory
from gpu_runner.model_folder.template_messages import asked_of
from gpu_runner.model_folder.token_limit import TokenLimit

REPORTED, TERMINATED = 3, 143
API_KEY = "EVALUATION_ENGINE_API_KEY"
log = logging.getLogger("gpu_runner.evaluate")


def run(folder: Path, reporter: Reporter, parent: Parent) -> dict[str, Any]:
    """The whole evaluation; returns what `result.json` says, which is written last."""
    reporter.start("loading")
    spec = load_spec(folder)
    earlier = finished(folder)
    if earlier is not None:
        reporter.end()
        return earlier
    if spec.engine is None:
        verify_model(spec)
    file = read_items(spec)
    if spec.sources is not None:
        load_sources(spec.sources)  # a source file that can't be read is told before the model has answered, not after
    generator = _load_generator(spec) if spec.engine is None else None
    over, refused = ([], []) if generator is None else generator.unasked([asked_of(item.messages, item.question) for item in file.items])
    items = tuple(item for place, item in enumerate(file.items) if place not in {*over, *refused})
    if not items:
        told = f", {len(refused)} are conversations that the model's chat template refuses" if refused else ""
        count = len(over) if refused else f"all {len(over)}"
        raise DataError(f"{spec.items}: {count} questions are longer than max_seq_length {spec.max_seq_length} tokens{told}")
    engine = _server(spec.engine) if spec.engine is not None else _in_process(generator, spec)
    reporter.end()
    reporter.start("evaluating", len(items))

    def progress(done: int) -> None:
        parent.require()
        reporter.progress(done, len(items))

    collected = ask(engine, items, folder / ANSWERS_FILE, max_new_tokens=spec.max_new_tokens, progress=progress)
    answered = tuple(item for item in items if item.id not in collected.refused)
    if not answered:
        raise DataError(f"{spec.items}: the server refuses all {len(items)} questions: {next(iter(collected.refused.values()))}")
    reporter.end(len(items), len(items))
    judged = None
    if spec.judge is not None and spec.judged_metrics:
        asked = spec.judge.samples * len(answered)
        reporter.start("judging", asked)

        def judging(done: int) -> None:
            parent.require()
            reporter.progress(done, asked)

        judged = judge_answers(spec.judge, os.environ, answered, collected.answers, folder / JUDGEMENTS_FILE, progress=judging)
        reporter.end()
    return report(
        spec,
        folder,
        answered,
        collected.answers,
        reporter.seconds,
        without_answer=file.without_answer,
        too_long=len(over),
        refused=len(refused) + len(collected.refused),
        left_out=file.left_out,
        engine_facts=_facts(engine),
        judged=judged,
    )


def main(arguments: list[str]) -> int:
    """Run the job folder given as the only argument."""
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)  # a line for each answer and each judgement
    if len(arguments) != 1:
        print("usage: python -m gpu_runner.evaluate JOB_DIR", file=sys.stderr)
        return 2
    reporter = Reporter(claim_stdout())
    Heartbeat(reporter).start()
    parent = Parent()
    try:
        Termination()
        parent.tie()
        reporter.result(run(Path(arguments[0]), reporter, parent))
    except Terminated:
        return TERMINATED
    except (DataError, UnknownMetric) as error:
        return _reported(reporter, "bad_data", error)
    except (BadModel, EngineMisfit, TemplateMisfit) as error:
        return _reported(reporter, "bad_base", error)
    except EngineUnavailable as error:
        return _reported(reporter, "unavailable", error)
    except DoesNotFit as error:
        return _reported(reporter, "does_not_fit", error)
    except Exception as error:
        log.error("evaluation failed\n%s", traceback.format_exc())
        return _reported(reporter, "out_of_memory" if is_out_of_memory(error) else "internal", error)
    return 0


def _load_generator(spec: EvaluationSpec) -> Any:
    # torch is imported here, after the environment that the parent set for it, and only when there is something to answer.
    from gpu_runner.evaluate.generate import Generator

    limit = None if spec.max_seq_length is None else TokenLimit(spec.max_seq_length)
    try:
        return Generator(spec.model_path, date=spec.date, limit=limit)
    except (OSError, ValueError) as error:
        raise BadModel(f"model.path {spec.model_path} can't be loaded: {error}") from error


def _in_process(generator: Any, spec: EvaluationSpec) -> InProcessEngine:
    from gpu_runner.evaluate.generate import TOKENS_AT_ONCE

    return InProcessEngine(generator, f"{spec.model_sha256} {spec.date}", budget=TOKENS_AT_ONCE, most=BATCH)


def _server(settings: EndpointSettings) -> OpenAIServerEngine:
    return OpenAIServerEngine(Endpoint(settings, api_key=os.environ.get(API_KEY) or None))


def _facts(engine: InProcessEngine | OpenAIServerEngine) -> dict[str, str]:
    if isinstance(engine, InProcessEngine):
        return {}
    facts = {"answered by": f"{engine.identity} (a server: nothing here proves that it serves this version)"}
    if engine.estimates_tokens:
        facts["token limits"] = "from an estimate of the references' tokens: the server has no tokenizer to ask"
    return facts


def _reported(reporter: Reporter, kind: str, error: Exception) -> int:
    reporter.error(kind, str(error) or type(error).__name__)
    return REPORTED


if __name__ == "__main__":
    for name, value in {"OMP_WAIT_POLICY": "PASSIVE", "HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false"}.items():
        os.environ.setdefault(name, value)
    sys.exit(main(sys.argv[1:]))
