"""The secret keys of an installation, made once in its data folder, readable by its owner only."""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import Final

# holdout.key assigns the holdout for ever; user_hash.key turns raw user ids into user hashes.
KEYS: Final = {"holdout.key": "HOLDOUT_KEY", "user_hash.key": "USER_HASH_KEY"}


def make_keys(data_dir: Path) -> list[Path]:
    """Makes the keys that are absent and whose variable is not set; returns those it made. An existing key is never changed."""
    made = []
    for name, variable in KEYS.items():
        path = data_dir / name
        if os.environ.get(variable) or path.exists():
            continue
        draft = data_dir / f".{name}.{os.getpid()}"
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_hex(32) + "\n")
            file.flush()
            os.fsync(file.fileno())
        try:
            # A link fails where the key has come into being meanwhile; a rename would replace it.
            os.link(draft, path)
            made.append(path)
        except FileExistsError:
            continue
        finally:
            draft.unlink()
    return made
