"""What is certainly of no use once a job has ended goes with its end: its checkpoints, and the weights that lie in the store as well.

Rows, items, answers, figures and the log stay: what was trained on can be looked at, and what is taken back is looked for there.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Final

import structlog

from gpu_runner.event_log.read_model import ReadModel
from gpu_runner.jobs.folder import JobFolder
from schemas.events.training_state import TrainingState

_log = structlog.get_logger(__name__)

# A decided candidate is in the store, whatever the verdict: a person may still promote it from there.
_OF_NO_USE: Final = ("checkpoints", "adapter", "merged", "requested")
MAX_ATTEMPTS: Final = 3


def has_ended_for_good(state: TrainingState, read_model: ReadModel) -> bool:
    """Whether no attempt of this job comes after this state: one that may be retried goes on from its checkpoints."""
    if state.phase != "ended":
        return False
    command = read_model.commands.get(state.job_id)
    if command is not None and command.attempt > state.attempt:
        return False
    return not (state.outcome == "failed" and state.retryable and state.attempt < MAX_ATTEMPTS)


def clear_ended(states: list[TrainingState], read_model: ReadModel, jobs_dir: Path) -> int:
    """Removes it from the folders of those jobs that have ended for good; returns how many folders had any. Blocking.

    What can't be removed is logged and stays.
    """
    cleared = 0
    for state in states:
        folder = JobFolder(jobs_dir, state.job_id).path
        if not has_ended_for_good(state, read_model) or not folder.is_dir():
            continue
        there = [folder / name for name in _OF_NO_USE if (folder / name).exists()]
        for path in there:
            try:
                shutil.rmtree(path)
            except OSError as error:
                _log.warning("files of an ended job can't be removed", path=str(path), error=str(error))
        cleared += bool(there)
    return cleared
