"""`python -m gpu_runner`: the service on RUNNER_PORT."""

from __future__ import annotations

import fcntl
import os
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import IO, Final

import structlog
import uvicorn
from prometheus_client import disable_created_metrics
from pydantic import ValidationError

from gpu_runner.api.app import create_app
from gpu_runner.child.process import EVALUATION_KEYS, child_environment
from gpu_runner.dataset.firewall.embedder import firewall_facts
from gpu_runner.event_log.session import kafka_channel
from gpu_runner.jobs.disk_room import DiskRoom
from gpu_runner.jobs.evaluation import EvaluationJobs
from gpu_runner.jobs.leased_samples import KafkaSamples
from gpu_runner.jobs.run import RunParts
from gpu_runner.jobs.workshop import LocalWorkshop
from gpu_runner.leftovers import sweep_data_dir
from gpu_runner.metrics import RunnerMetrics
from gpu_runner.settings import RunnerSettings
from gpu_runner.supervisor import Supervisor
from gpu_runner.versions.drift_baseline import fit
from runtime.artifacts.open import open_checked_store
from runtime.logs import configure_logging
from runtime.process_end import serve
from schemas.envelope import describe

_log = structlog.get_logger(__name__)

# The seed's tree below DATA_DIR, and the runner's own folders.
_TRAINING: Final = ("-m", "gpu_runner.train")
_TREE: Final = ("train", "eval", "feedback", "jobs", "evaluations")


def main(training_arguments: Sequence[str] = _TRAINING) -> int:
    """Runs until SIGTERM or SIGINT; returns 1 after a fatal error and 2 for settings that can't be used.

    `training_arguments` are Python's for the training child, before the job's folder.
    """
    try:
        settings = RunnerSettings()
        configure_logging("gpu_runner", level=settings.app_log_level, debug=settings.app_debug)
        store = open_checked_store(settings)
        _lock = prepare_data_dir(settings.data_dir)
        sweep_data_dir(settings)
        if settings.support_min == 1:
            _log.warning("one user's correction is believed", support_min=1, advice="SUPPORT_MIN=2 needs a second user or a passage")
        _log.info("holdout firewall", **firewall_facts(settings.firewall_by_meaning))
        disable_created_metrics()  # a second series for each counter, which nothing reads
    except ValidationError as error:
        print(f"gpu_runner: settings: {describe(error)}", file=sys.stderr)
        return 2
    except (ValueError, OSError) as error:
        print(f"gpu_runner: {error}", file=sys.stderr)
        return 2
    connection, metrics = settings.connection(), RunnerMetrics()
    environment = child_environment(os.environ, settings.child_threads)
    workshop = partial(
        LocalWorkshop, settings=settings, store=store, fit=fit, child_arguments=training_arguments, child_environment=environment
    )
    parts = RunParts(
        settings=settings,
        store=store,
        samples=KafkaSamples(connection),
        workshop=workshop,
        metrics=metrics,
        now=utc_now,
        room=DiskRoom(store, settings),
    )
    supervisor = Supervisor(
        parts,
        open_channel=lambda: kafka_channel(connection, settings.runner_transactional_id, utc_now),
        evaluations=EvaluationJobs(settings.evaluations_dir(), utc_now),
        child_environment=child_environment(os.environ, settings.child_threads, keep=EVALUATION_KEYS),
    )
    failures: list[BaseException] = []

    def stop(error: BaseException) -> None:
        failures.append(error)
        server.should_exit = True

    app = create_app(supervisor, metrics, on_fatal=stop)
    config = uvicorn.Config(
        app, host=settings.host, port=settings.runner_port, log_config=None, access_log=False, timeout_graceful_shutdown=1, lifespan="on"
    )
    server = uvicorn.Server(config)
    # The process takes the lock with it: nothing of it works in the folder after that.
    return serve(server, exit_code=lambda: 1 if failures or not server.started else 0)


def prepare_data_dir(data_dir: Path) -> IO[bytes]:
    """Makes the tree and takes the lock that keeps a second runner out, for as long as the file is open.

    Raises ValueError where another runner has it: two would train in the same job folders.
    """
    for name in _TREE:
        (data_dir / name).mkdir(parents=True, exist_ok=True)
    handle = (data_dir / "runner.lock").open("ab")
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        handle.close()
        raise ValueError(f"another runner uses DATA_DIR {data_dir} (its runner.lock is held): stop it, or set another DATA_DIR") from None
    return handle


def utc_now() -> datetime:
    """The wall clock; everything below gets it as an argument."""
    return datetime.now(UTC)


if __name__ == "__main__":
    sys.exit(main())
