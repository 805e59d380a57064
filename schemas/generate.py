"""`python -m schemas.generate [--check]`: one JSON Schema (draft 2020-12) for each event, in schemas/json/.

The same models give the same bytes. `--check` writes nothing and names every file that is stale, missing or left over.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any, Final

from schemas.catalogue import BY_TOPIC
from schemas.envelope import event_type

FOLDER: Final = Path(__file__).parent / "json"
DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"


def schema_of(topic: str) -> dict[str, Any]:
    """The JSON Schema of the JSON data of a topic's event."""
    return {"$schema": DIALECT, "$id": f"urn:{event_type(topic).replace('.', ':')}", **BY_TOPIC[topic].model_json_schema(mode="validation")}


def files() -> dict[str, str]:
    """Every generated file, by its name."""
    return {
        f"{topic}.json": json.dumps(schema_of(topic), ensure_ascii=False, indent=2, sort_keys=True) + "\n" for topic in sorted(BY_TOPIC)
    }


def stale(folder: Path = FOLDER) -> list[str]:
    """What in the folder differs from what would be generated: one line each, with what to do."""
    wanted = files()
    found = {path.name: path.read_text("utf-8") for path in folder.glob("*.json")} if folder.is_dir() else {}
    lines = [f"{name}: missing" for name in wanted if name not in found]
    lines += [f"{name}: differs from the model" for name, text in wanted.items() if name in found and found[name] != text]
    lines += [f"{name}: belongs to no event" for name in found if name not in wanted]
    return sorted(lines)


def write(folder: Path = FOLDER) -> None:
    """Writes every schema and removes those of events that are no more."""
    folder.mkdir(parents=True, exist_ok=True)
    wanted = files()
    for path in folder.glob("*.json"):
        if path.name not in wanted:
            path.unlink()
    for name, text in wanted.items():
        (folder / name).write_text(text, "utf-8")


def main(arguments: list[str] | None = None) -> int:
    """Exit code 1 when `--check` finds something."""
    parser = argparse.ArgumentParser(prog="python -m schemas.generate", description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 and name each stale file")
    parser.add_argument("--folder", type=Path, default=FOLDER)
    options = parser.parse_args(arguments)
    if not options.check:
        write(options.folder)
        return 0
    lines = stale(options.folder)
    for line in lines:
        print(f"{options.folder / line}; run `python -m schemas.generate` and commit the result", file=sys.stderr)
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main())
