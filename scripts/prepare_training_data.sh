#!/usr/bin/env bash
# Documents in $DATA_DIR (default ./data) become $DATA_DIR/ministry_qa_pairs.jsonl and $DATA_DIR/train/{train,eval,test}.jsonl.
# Documents: $DATA_DIR/documents/ (.txt and .jsonl files) or $DATA_DIR/documents.jsonl; --help shows the options.
set -euo pipefail
home="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
python="$home/.venv/bin/python"
if [ ! -x "$python" ]; then
  python="$(command -v python3 || command -v python)"
fi
PYTHONPATH="$home${PYTHONPATH:+:$PYTHONPATH}" exec "$python" -m gpu_runner.dataset "$@"
