#!/usr/bin/env bash
# Evaluates a version on an evaluation dataset through a running service, and waits for the end.
#   scripts/run_eval.sh EVAL_DATASET [SOURCES]
# Both: s3://models/<key>, a path below the service's DATA_DIR, or any local file (it is copied into the artifact store).
# MODEL_VERSION: a version, MODEL/VERSION, or MODEL/current (default: what DEFAULT_MODEL serves now).
# METRICS: comma-separated (default exact_match,f1,bleu,hallucination_rate). RUNNER_URL (default http://127.0.0.1:8007).
# Exit code 0: completed; 1: failed; 2: refused.
set -euo pipefail
if [ "$#" -lt 1 ] || [ "$#" -gt 2 ]; then
    echo "usage: $0 EVAL_DATASET [SOURCES]" >&2
    exit 2
fi
root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
python="${PYTHON:-$root/.venv/bin/python}"
[ -x "$python" ] || python=python3
export PYTHONPATH="$root${PYTHONPATH:+:$PYTHONPATH}"
version="${MODEL_VERSION:-${DEFAULT_MODEL:-llama-3.1-8b-instruct-awq}/current}"
exec "$python" -m gpu_runner.api.client evaluate "$version" "$@" ${METRICS:+--metrics "$METRICS"}
