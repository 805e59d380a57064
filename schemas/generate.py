"""`python -m schemas.generate [--check]`: one JSON Schema (draft 2020-12) for each event, in schemas/json/, and docs/topics.md.

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
from schemas.topics import DAY_MS, DLQ_SUFFIX, TopicSpec, specs

FOLDER: Final = Path(__file__).parent / "json"
PAGE: Final = Path(__file__).parents[1] / "docs" / "topics.md"
DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"


def schema_of(topic: str) -> dict[str, Any]:
    """The JSON Schema of the JSON data of a topic's event."""
    return {"$schema": DIALECT, "$id": f"urn:{event_type(topic).replace('.', ':')}", **BY_TOPIC[topic].model_json_schema(mode="validation")}


def files() -> dict[str, str]:
    """Every generated file, by its name."""
    return {
        f"{topic}.json": json.dumps(schema_of(topic), ensure_ascii=False, indent=2, sort_keys=True) + "\n" for topic in sorted(BY_TOPIC)
    }


def topics_page() -> str:
    """The page of the topics: those of the contract in the order of the way of an event, and which have dead letters."""
    found = specs()
    lettered = {spec.name.removesuffix(DLQ_SUFFIX) for spec in found if spec.name.endswith(DLQ_SUFFIX)}
    rows = [_row(spec, has_letters=spec.name in lettered) for spec in found if not spec.name.endswith(DLQ_SUFFIX)]
    return "\n".join([_PAGE_HEAD, *rows, ""])


_PAGE_HEAD: Final = """# Topics

Generated from `schemas/topics.py` by `python -m schemas.generate`; `make check` says when it is stale. `abhyas` stands for the prefix
(`TOPIC_PREFIX`). What a reader cannot take of a topic with dead letters goes to `<topic>.dlq`, one partition, 30 days, as it came.

| topic | what | key | written by | partitions | kept | dead letters |
|---|---|---|---|---|---|---|"""


def _row(spec: TopicSpec, *, has_letters: bool) -> str:
    kept = "newest of each key" if spec.retention_ms is None else f"{spec.retention_ms // DAY_MS} days"
    letters = "yes" if has_letters else "no"
    return f"| `{spec.name}` | {spec.purpose} | {spec.key} | {spec.writer} | {spec.partitions} | {kept} | {letters} |"


def stale(folder: Path = FOLDER, page: Path = PAGE) -> list[str]:
    """What differs from what would be generated: one line each."""
    wanted = files()
    found = {path.name: path.read_text("utf-8") for path in folder.glob("*.json")} if folder.is_dir() else {}
    lines = [f"{folder / name}: missing" for name in wanted if name not in found]
    lines += [f"{folder / name}: differs from the model" for name, text in wanted.items() if name in found and found[name] != text]
    lines += [f"{folder / name}: belongs to no event" for name in found if name not in wanted]
    if not page.is_file() or page.read_text("utf-8") != topics_page():
        lines.append(f"{page}: differs from the topics")
    return sorted(lines)


def write(folder: Path = FOLDER, page: Path = PAGE) -> None:
    """Writes the page and every schema, and removes those of events that are no more."""
    page.write_text(topics_page(), "utf-8")
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
    parser.add_argument("--page", type=Path, default=PAGE)
    options = parser.parse_args(arguments)
    if not options.check:
        write(options.folder, options.page)
        return 0
    lines = stale(options.folder, options.page)
    for line in lines:
        print(f"{line}; run `python -m schemas.generate` and commit the result", file=sys.stderr)
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main())
