"""The secret keys of an installation, made once in its data folder, readable by its owner only."""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import Final

from runtime.whole_files import write_first

# holdout.key assigns the holdout for ever; user_hash.key turns raw user ids into user hashes.
KEYS: Final = {"holdout.key": "HOLDOUT_KEY", "user_hash.key": "USER_HASH_KEY"}


def make_keys(data_dir: Path) -> list[Path]:
    """Makes the keys that are absent and whose variable is not set; returns those it made. An existing key is never changed."""
    made = []
    for name, variable in KEYS.items():
        path = data_dir / name
        if os.environ.get(variable) or path.exists():
            continue
        if write_first(path, f"{secrets.token_hex(32)}\n".encode(), mode=0o600):
            made.append(path)
    return made
