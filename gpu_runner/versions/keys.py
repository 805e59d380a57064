"""Where the parts of a version lie in the artifact store."""

from __future__ import annotations

import hashlib
import re
from typing import Final

MODEL_ITEMS: Final = "eval_data/{model}/registered/items.jsonl"
MODEL_REPLAY: Final = "training_data/{model}/registered/replay.jsonl"
REGISTERED_DOCUMENTS: Final = "training_data/{model}/registered/documents.jsonl"
REPAIR_ITEMS: Final = "eval_data/{model}/repair/{version}.jsonl"
TRAINED_ROWS: Final = "training_data/{model}/versions/{version}.jsonl"
TRAINED_SAMPLES: Final = "training_data/{model}/versions/{version}.samples.json"
# In a job's folder: what was taken out of it. Beside an artifact: what its version was made of and was taken back since.
WITHDRAWALS_FILE: Final = "taken_back.json"

_PLAIN: Final = re.compile(r"^[A-Za-z0-9][A-Za-z0-9._-]{0,120}$")


def folder_name(job_id: str) -> str:
    """The folder of a job id: the id itself where it is a plain name, else a hash of it.

    >>> folder_name("cmd-0123"), folder_name("../x")
    ('cmd-0123', 'job-d6b96a97d147daaae49eb87a')
    """
    if _PLAIN.match(job_id):
        return job_id
    return "job-" + hashlib.sha256(job_id.encode()).hexdigest()[:24]
