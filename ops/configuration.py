"""`python -m ops.configuration [--check]`: docs/configuration.md from the settings classes themselves.

A variable without a meaning here, or a meaning without a variable, is an error, so the page cannot fall behind the code.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pydantic_settings import BaseSettings

from consumers.settings import ConsumerSettings
from gpu_runner.settings import RunnerSettings
from ops.command_settings import CommandSettings
from ops.dashboard.app import DashboardSettings
from producers.gateway.settings import GatewaySettings

PAGE: Final = Path(__file__).parents[1] / "docs" / "configuration.md"

SERVICES: Final[dict[str, type[BaseSettings]]] = {
    "gateway": GatewaySettings,
    "consumers": ConsumerSettings,
    "runner": RunnerSettings,
    "dashboard": DashboardSettings,
    "commands": CommandSettings,
}

# Groups in the page's order: title, then variable to meaning. Secrets are marked in the meaning.
MEANINGS: Final[dict[str, dict[str, str]]] = {
    "Kafka": {
        "KAFKA_BOOTSTRAP_SERVERS": "Addresses of the brokers, `host:port` with commas between.",
        "KAFKA_EMBEDDED": "`true` only for the embedded broker, which `abhyas up` sets by itself.",
        "KAFKA_SECURITY_PROTOCOL": "`PLAINTEXT`, `SSL`, `SASL_PLAINTEXT` or `SASL_SSL`.",
        "KAFKA_SASL_MECHANISM": "With SASL: the mechanism.",
        "KAFKA_SASL_USERNAME": "With SASL: the user.",
        "KAFKA_SASL_PASSWORD": "With SASL: the password. Secret.",
        "KAFKA_CA_FILE": "With SSL: the certificate authorities to trust; unset: the system's.",
        "TOPIC_PREFIX": "First part of every topic's name, so that one cluster can hold several installations.",
    },
    "Every service": {
        "HOST": "The address to listen on; `0.0.0.0` in the images.",
        "DATA_DIR": "The data folder; `/app/data` in the images.",
        "DEFAULT_MODEL": "The model of an event that names none, by its name or slug (`docs/api.md`).",
        "HOLDOUT_KEY": "Assigns the holdout, the same everywhere and for ever. Unset: what `DATA_DIR/holdout.key` holds. Secret.",
        "HOLDOUT_PERCENT": "Share of source groups that are held out, in percent.",
        "APP_DEBUG": "`true`: debug logs, whatever `APP_LOG_LEVEL` says.",
        "APP_LOG_LEVEL": "`DEBUG`, `INFO`, `WARNING`, `ERROR` or `CRITICAL`.",
    },
    "Gateway": {
        "GATEWAY_PORT": "Its port.",
        "USER_HASH_KEY": "Turns raw user ids into hashes; without one, refused. Unset: what `DATA_DIR/user_hash.key` holds. Secret.",
        "FEEDBACK_COLLECTION_ENABLED": "`false`: the gateway refuses feedback with 403, and stage 1 counts it without collecting it.",
        "GATEWAY_MAX_BODY_BYTES": "The largest request body, counted while it is read.",
        "GATEWAY_MAX_ITEMS": "The most items of one batch.",
        "GATEWAY_ACK_TIMEOUT_S": "How long a request waits for Kafka before it is answered with 503.",
        "CONSUMERS_URL": "Where the consumers answer: for the live page, the `abhyas` commands and the gateway (what an erasure meets; "
        "the embedded broker).",
    },
    "Consumers": {
        "CONSUMERS_PORT": "Their port: `/health`, `/ready`, `/metrics`, `/state`.",
        "RETRAIN_TRIGGER_THRESHOLD": "Negatives that make a run due.",
        "RETRAIN_SCHEDULE_INTERVAL_HOURS": "A run is due this long after the bootstrap or the last run, where there is something new.",
        "RETRAIN_COOL_DOWN_MINUTES": "No automatic run this long after one ended.",
        "RETRAIN_RETRY_MINUTES": "First wait after an infrastructure failure; it doubles, three attempts at most.",
        "RUN_MAX_HOURS": "A run older than this is cancelled.",
        "BATCH_MAX_PER_USER": "The most pending negatives of one user, else conversation, that count and go into one batch.",
        "BATCH_MIN_USERS": "The fewest users, else conversations, whose negatives make a run due by their number.",
        "ALLOWED_LATENESS_HOURS": "An event this much older than the newest of its partition is refused; ids are remembered as long.",
        "FUTURE_TOLERANCE_MINUTES": "An event dated this much ahead of the broker's clock is refused.",
        "BATCH_MAX_SAMPLES": "The most samples of one batch.",
        "BATCH_MAX_DOCUMENTS": "The most documents of one batch.",
        "DATA_DRIFT_WINDOW_DAYS": "Event-days older than this do not enter the drift signals.",
        "DRIFT_RATINGS_BASELINE": "Ratings since a version serves that make the baseline of its rates; later ones are held against it.",
        "DRIFT_MIN_BUCKET_EVENTS": "Ratings in a bucket before it enters the detectors.",
        "DRIFT_SECOND_OPINION": "`adwin`, `page_hinkley` or `none`: told beside the drift of ratings, never firing alone.",
        "DRIFT_DELTA": "The confidence of ADWIN as a second opinion: smaller is quieter.",
        "TICK_INTERVAL_S": "Seconds between ticks, the only source of time for decisions.",
        "STAGE1_SHARDS": "Groups of partitions of stage 1, each with its own transactional id: the most instances that share the stage. "
        "Fixed by the first start; `abhyas shards` changes it. `abhyas up` on the embedded broker sets 1.",
        "STAGE2_SHARDS": "The same for stage 2.",
        "INSTANCE": "This process runs shard s of each stage where s modulo `INSTANCES` is `INSTANCE`, and instance 0 the ticker. "
        "Without a shard it waits and is ready.",
        "INSTANCES": "How many processes share the shards. A shard's new owner fences the old one, which stops with exit code 1: "
        "start it again as one of the new number.",
        "TRANSACTION_TIMEOUT_S": "The broker aborts a transaction that was left open this long; until then readers of its partitions wait.",
        "BATCH_MAX_RECORDS": "The most records in one transaction.",
        "SNAPSHOT_EVERY_MINUTES": "Minutes between snapshots of the state in `DATA_DIR/snapshots`, which shorten the next start; one more "
        "is made at a stop. 0: none. On the embedded broker there are none.",
        "CHANGELOG_WRITE_EVERY_HOURS": "A changelog partition that nothing else writes to is written to this often, so that Kafka compacts "
        "what was erased.",
        "STALL_SECONDS": "Records that wait this long without a commit, or behind another producer's open transaction, make the service "
        "not ready.",
        "SKIP_LOST_RECORDS": "`true`: go on where retention took records that were never read, and read a topic that was made anew from "
        "its beginning; needed for one start. `false`: both are fatal.",
    },
    "Artifact store": {
        "ARTIFACTS_DIR": "Folder of the local artifact store; unset: `DATA_DIR/models`. Not used with `MINIO_ENDPOINT`.",
        "MINIO_ENDPOINT": "`host:port` of an S3 server; unset: the local store.",
        "MINIO_ACCESS_KEY": "Its access key.",
        "MINIO_SECRET_KEY": "Its secret key. Secret.",
        "MINIO_SECURE": "`true`: HTTPS.",
        "MINIO_CA_FILE": "With HTTPS: the certificate authorities to trust; unset: the system's.",
        "MINIO_REGION": "Its region. Unset: the server is asked (`s3:GetBucketLocation`), or `us-east-1` where the key may not ask.",
        "MINIO_BUCKET": "The bucket; `s3://models/…` in a request names it.",
    },
    "Runner": {
        "RUNNER_PORT": "Its port.",
        "MODELS_DIR": "Where base models are looked for first.",
        "EVAL_REPORTS_DIR": "Where evaluation reports are written.",
        "REDIS_URL": "Only to be reported in `/health`; nothing needs Redis.",
        "TRAINING_LORA_RANK": "LoRA's rank. Unset: 16.",
        "TRAINING_LORA_ALPHA": "LoRA's alpha. Unset: 32.",
        "TRAINING_LEARNING_RATE": "Learning rate. Unset: 2e-4.",
        "TRAINING_EPOCHS": "Passes over the training rows. Unset: 3.",
        "TRAINING_BATCH_SIZE": "Packed sequences in a step; computed in parts where memory runs out. Unset: 4.",
        "TRAINING_MAX_SEQ_LENGTH": "Tokens of the longest row, and of the longest question that is asked. Unset: 2048.",
        "TRAINING_SEED": "Seed of every draw of a run.",
        "TRAINING_REPLAY_SHARE": "Share of replayed rows in a training set.",
        "TRAINING_ADAPTER_SCALE": "What the trained adapter is multiplied by before it is merged: below 1 it forgets less and learns less.",
        "TRAINING_CHECKPOINT_EVERY_STEPS": "Steps between checkpoints.",
        "EVALUATION_MAX_NEW_TOKENS": "The most tokens of an answer in an evaluation.",
        "DRIFT_ALARMS_PER_100K": "False alarms of drift in 100,000 documents, of all heads together, that a drift baseline is fitted for.",
        "CHILD_THREADS": "Threads of a training or evaluation child; 0: every core.",
        "LLM_MODEL_STANDARD": "What `standard` means as a base model.",
        "LLM_MODEL_LONGCTX": "What `longctx` means as a base model.",
        "LEASE_S": "How long a lease on a job lasts without renewal.",
        "LEASE_RENEW_S": "Seconds between renewals.",
        "PROGRESS_EVERY_S": "At most one progress event in this time.",
        "CHILD_SILENCE_S": "A child that shows no sign of work for half of this is told of, and ended after all of it; "
        "its attempt may be retried.",
        "DISK_RESERVE_MB": "A job begins only where the disk has room for what it writes (`gpu_runner/jobs/disk_room.py` has the formula) "
        "and this much more.",
        "EVALUATION_MAX_HOURS": "An evaluation that a person asked for is ended when it runs longer.",
        "CANCEL_GRACE_S": "How long a cancelled child may save its checkpoint before it is killed.",
        "STOP_GRACE_S": "The same when the service stops.",
        "RUNNER_OWNER": "The name in the lease.",
        "RUNNER_TRANSACTIONAL_ID": "Kafka's transactional id; one runner of an installation has it.",
    },
    "Live page": {"DASHBOARD_PORT": "Its port."},
    "The `abhyas` commands": {
        "RUNNER_URL": "Where the runner answers; unset: as the running stack says, else the default. In `docker-compose.yml` set for "
        "the service `abhyas`, in whose container 127.0.0.1 is the container itself.",
        "GATEWAY_URL": "The same for the gateway.",
        "DASHBOARD_URL": "The same for the live page.",
    },
}

_HEAD: Final = """# Configuration

Every service takes its settings from environment variables alone. An empty variable counts as unset. `abhyas up` sets the
broker's address, the ports, `HOST`, `DATA_DIR` and `TOPIC_PREFIX` of the services that it starts and passes everything else on;
the `abhyas` commands read the Kafka variables, `DATA_DIR`, the artifact store's and the services' addresses, and take the running
stack's addresses where those are not set.

This page is made by `python -m ops.configuration` from the settings classes; a test compares the two.
"""


@dataclass(frozen=True, slots=True)
class Variable:
    """One environment variable: default as a reader would write it, and the services that read it."""

    name: str
    default: str
    services: tuple[str, ...]


def variables() -> dict[str, Variable]:
    """Every variable of every settings class, by name."""
    found: dict[str, Variable] = {}
    for service, settings in SERVICES.items():
        for field, info in settings.model_fields.items():
            name = field.upper()
            default = "the host's name" if name == "RUNNER_OWNER" else _written(info.default)
            before = found.get(name)
            if before is not None and before.default != default:
                raise ValueError(f"{name} has two defaults: {before.default} and, in the {service}, {default}")
            found[name] = Variable(name, default, (*(before.services if before else ()), service))
    return found


def _written(default: object) -> str:
    if default is None:
        return "(unset)"
    if isinstance(default, bool):
        return str(default).lower()
    return str(default)


def render(meanings: Mapping[str, Mapping[str, str]] = MEANINGS) -> str:
    """The page; raises ValueError that names each variable without a meaning, or meaning without a variable."""
    known = variables()
    described = {name for group in meanings.values() for name in group}
    if missing := sorted(known.keys() - described):
        raise ValueError(f"no meaning is written for {', '.join(missing)}: add it to ops/configuration.py")
    if extra := sorted(described - known.keys()):
        raise ValueError(f"no settings class reads {', '.join(extra)}: take it out of ops/configuration.py")
    return "\n".join([_HEAD, *_tables(known, meanings)]) + "\n"


def _tables(known: dict[str, Variable], meanings: Mapping[str, Mapping[str, str]]) -> Iterator[str]:
    for title, group in meanings.items():
        yield f"## {title}\n"
        yield "| variable | default | read by | meaning |"
        yield "|---|---|---|---|"
        for name, meaning in group.items():
            variable = known[name]
            readers = "all" if len(variable.services) == len(SERVICES) else ", ".join(variable.services)
            default = variable.default if variable.default.startswith(("(", "the ")) else f"`{variable.default}`"
            yield f"| `{name}` | {default} | {readers} | {meaning} |"
        yield ""


def main() -> int:
    """Writes the page, or with --check compares it; 1 where it is not what would be written."""
    parser = argparse.ArgumentParser(prog="python -m ops.configuration", description=__doc__)
    parser.add_argument("--check", action="store_true")
    check = parser.parse_args().check
    text = render()
    if not check:
        PAGE.write_text(text, encoding="utf-8")
        return 0
    if PAGE.is_file() and PAGE.read_text(encoding="utf-8") == text:
        return 0
    print(f"{PAGE.name} is not what the settings classes say: run python -m ops.configuration", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
