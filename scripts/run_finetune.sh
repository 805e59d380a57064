#!/usr/bin/env bash
# Fine-tunes a base model on a dataset through a running service, and waits for the end.
#   scripts/run_finetune.sh BASE_MODEL DATASET
# DATASET: s3://models/<key>, a path below the service's DATA_DIR, or any local file (it is copied into the artifact store).
# RUNNER_URL (default http://127.0.0.1:8007); DATA_DIR or MINIO_* as the service has them.
# HYPERPARAMETERS: JSON, for example '{"epochs": 1}'. PYTHON: the interpreter of the project's environment.
# Exit code 0: the new version was promoted; 1: it ended in another way; 2: refused.
set -euo pipefail
if [ "$#" -ne 2 ]; then
    echo "usage: $0 BASE_MODEL DATASET" >&2
    exit 2
fi
root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
python="${PYTHON:-$root/.venv/bin/python}"
[ -x "$python" ] || python=python3
export PYTHONPATH="$root${PYTHONPATH:+:$PYTHONPATH}"
exec "$python" -m gpu_runner.api.client finetune "$1" "$2" --hyperparameters "${HYPERPARAMETERS:-{\}}"
