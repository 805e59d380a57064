"""`python -m gpu_runner.dataset`: documents in DATA_DIR become question-answer pairs and training splits there."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from gpu_runner.dataset.fields import DataError
from gpu_runner.dataset.from_documents import read_documents, write_training_files
from runtime.settings import ServiceSettings


def main(arguments: list[str] | None = None) -> int:
    """Write the files and say what is in them; 0 where rows were written, 1 with the reason on stderr where not."""
    parser = argparse.ArgumentParser(prog="python -m gpu_runner.dataset", description=__doc__)
    parser.add_argument("--data-dir", type=Path, help="where the files go (default: DATA_DIR, else ./data)")
    parser.add_argument("--documents", type=Path, help="a .jsonl file or a folder (default: DATA_DIR/documents, else documents.jsonl)")
    parser.add_argument("--seed", type=int, default=0, help="decides the splits together with the group of a row (default: 0)")
    parser.add_argument("--max-rows-per-document", type=int, default=20, help="pairs kept of one document (default: 20)")
    options = parser.parse_args(arguments)
    settings = ServiceSettings() if options.data_dir is None else ServiceSettings(data_dir=options.data_dir)
    data_dir = settings.data_dir
    try:
        key = settings.holdout_key_bytes()
    except ValueError:
        key = None
        print("no holdout key (HOLDOUT_KEY, or holdout.key in the data folder): no document is held out", file=sys.stderr)
    try:
        documents = read_documents(options.documents or _default_documents(data_dir))
        written = write_training_files(
            documents,
            data_dir,
            seed=options.seed,
            cap=options.max_rows_per_document,
            holdout_key=key,
            holdout_percent=settings.holdout_percent,
        )
    except DataError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print(f"{written.documents} documents")
    for path, rows in written.rows.items():
        print(f"{path}: {rows} rows")
    for reason, count in written.dropped.items():
        print(f"left out: {reason}: {count}")
    return 0


def _default_documents(data_dir: Path) -> Path:
    folder = data_dir / "documents"
    return folder if folder.is_dir() else data_dir / "documents.jsonl"


if __name__ == "__main__":
    sys.exit(main())
