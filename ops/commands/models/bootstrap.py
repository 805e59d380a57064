"""`abhyas bootstrap`: a model's documents, evaluation items and replay rows into the store, then the request for version v0."""

from __future__ import annotations

import asyncio
import uuid
from contextlib import aclosing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from ops.commands.models.operator import login_name, named_model, publish, request
from ops.commands.options import Actor, Data, Reason
from ops.errors import OperationFailed, WrongUsage, settings_trouble
from ops.input_files.jsonl_rows import jsonl_rows
from ops.stack.description import connection

if TYPE_CHECKING:
    from runtime.artifacts.store import ArtifactStore
    from runtime.kafka.connection import KafkaConnection
    from schemas.events.operator_requested import OperatorRequested
    from schemas.events.promotion_decided import PromotionDecided

# Longer than any document, item or row.
MAX_LINE_BYTES: Final = 64 * 1024 * 1024


def bootstrap(
    *,
    model: Annotated[str, typer.Option(help="The model's name; events name it by its slug.")],
    documents: Annotated[Path, typer.Option(help="Documents the model answers from, JSONL.")],
    evaluation: Annotated[Path, typer.Option("--eval", help="Questions and right answers, in any form of docs/datasets.md.")],
    replay: Annotated[Path | None, typer.Option(help="Rows to mix into every training, in any of these forms.")] = None,
    base_model: Annotated[str | None, typer.Option(help="The base model's name, where the slug is not enough.")] = None,
    policy: Annotated[Path | None, typer.Option(help="The gate's policy, YAML; fields left out have their defaults.")] = None,
    actor: Actor = None,
    reason: Reason = "bootstrap",
    wait_s: Annotated[float, typer.Option(help="How long to wait for the runner's decision; 0 does not wait.")] = 120.0,
    data: Data = None,
) -> None:
    """Registers version v0 of a model: holdout assigned, evaluation items kept, model.current published."""
    kafka = connection(data)

    async def ask() -> tuple[OperatorRequested, PromotionDecided | None]:
        event = await bootstrap_model(
            kafka, model=model, base_model=base_model or model, documents=documents, evaluation=evaluation,
            replay=replay, policy=policy, store=configured_store(data), actor=actor or login_name(), reason=reason,
        )  # fmt: skip
        return event, await decision(kafka, event.request_id, wait_s) if wait_s > 0 else None

    event, decided = asyncio.run(ask())
    if wait_s <= 0:
        print(f"asked to bootstrap {event.model} (request {event.request_id})")
        return
    if decided is None:
        raise OperationFailed(
            f"the runner has not decided on request {event.request_id} within {wait_s:g} s: is it running (`abhyas status`)? "
            "The request is kept and will be answered"
        )
    if not decided.applied:
        raise OperationFailed(f"{event.model} was not bootstrapped: {'; '.join(decided.reasons)}")
    print(f"{event.model} is bootstrapped: version {decided.version} serves, artifact {decided.artifact_sha256}")
    for told in decided.reasons:
        print(f"  {told}")


async def bootstrap_model(
    kafka: KafkaConnection, *, model: str, base_model: str, documents: Path, evaluation: Path,
    replay: Path | None = None, policy: Path | None = None, artifacts_dir: Path | None = None, store: ArtifactStore | None = None,
    actor: str = "cli", reason: str = "bootstrap",
) -> OperatorRequested:  # fmt: skip
    """Copies the files into the store (or the local store at `artifacts_dir`) and publishes the request, which it returns.

    The runner's answer is the promotion.decided whose decision id is the request's id: see `decision`.
    """
    model = named_model(model)
    files = {f"training_data/{model}/documents.jsonl": documents, f"eval_data/{model}/eval.jsonl": evaluation}
    if replay is not None:
        files[f"training_data/{model}/replay.jsonl"] = replay
    await asyncio.to_thread(check_files, documents, evaluation, replay)
    if policy is not None:
        await asyncio.to_thread(check_policy, policy)
        files[f"eval_data/{model}/gate-policy.yaml"] = policy
    kept = _store(artifacts_dir, store)
    event = request(
        request_id=f"bootstrap-{uuid.uuid4().hex}", action="bootstrap", model=model, actor=actor, reason=reason, base_model=base_model,
        documents_uri=f"s3://{kept.bucket}/training_data/{model}/documents.jsonl",
        eval_uri=f"s3://{kept.bucket}/eval_data/{model}/eval.jsonl",
        replay_uri=None if replay is None else f"s3://{kept.bucket}/training_data/{model}/replay.jsonl",
        policy_uri=None if policy is None else f"s3://{kept.bucket}/eval_data/{model}/gate-policy.yaml",
    )  # fmt: skip
    await asyncio.to_thread(_copy, kept, files)
    await publish(kafka, event)
    return event


async def decision(kafka: KafkaConnection, decision_id: str, timeout_s: float) -> PromotionDecided | None:
    """The decision of this id, or None when it did not come in time."""
    from ops.commands.topics.tail import records
    from schemas import topics
    from schemas.envelope import MalformedEvent, decode
    from schemas.events.promotion_decided import PromotionDecided

    async def wait() -> PromotionDecided | None:
        async with aclosing(records(kafka, topics.PROMOTION_DECIDED, from_beginning=True)) as found:
            async for record in found:
                try:
                    _, decided = decode(record.value, record.headers, PromotionDecided)
                except MalformedEvent:
                    continue  # somebody else's record; the one waited for is the runner's own
                if decided.decision_id == decision_id:
                    return decided
        return None

    try:
        return await asyncio.wait_for(wait(), timeout_s)
    except TimeoutError:
        return None


def configured_store(data_dir: Path | None) -> ArtifactStore:
    """The artifact store that the runner uses too: the bucket of MINIO_ENDPOINT, else the folder of ARTIFACTS_DIR."""
    from gpu_runner.settings import RunnerSettings
    from runtime.artifacts.open import open_checked_store

    try:
        return open_checked_store(RunnerSettings() if data_dir is None else RunnerSettings(data_dir=data_dir))
    except ValueError as error:
        raise settings_trouble(error) from None


def _store(artifacts_dir: Path | None, store: ArtifactStore | None) -> ArtifactStore:
    if store is not None:
        return store
    if artifacts_dir is None:
        return configured_store(None)
    from runtime.artifacts.local import LocalStore

    return LocalStore(artifacts_dir)


def check_files(documents: Path, evaluation: Path, replay: Path | None = None) -> None:
    """Refuses, before anything is stored, what the runner could not read: file, line and field are named."""
    from gpu_runner.dataset.fields import DataError
    from gpu_runner.dataset.formats.evaluation_file import read_evaluation_file
    from gpu_runner.dataset.formats.training_file import load_dataset

    for path in (documents, evaluation, *(() if replay is None else (replay,))):
        if not path.is_file():
            raise OperationFailed(f"{path} is not a file")
    rows = 0
    for number, row in jsonl_rows(documents, max_bytes=MAX_LINE_BYTES, expected="expected one JSON object a line"):
        if not isinstance(row, dict):
            raise WrongUsage(f"{documents}:{number}: not an object: expected one JSON object a line")
        rows += 1
    if not rows:
        raise WrongUsage(f"{documents} has no rows: expected one JSON object a line")
    try:
        read_evaluation_file(evaluation)
        if replay is not None:
            load_dataset(replay)
    except DataError as error:
        raise WrongUsage(str(error)) from None
    except OSError as error:
        raise OperationFailed(f"a file can't be read: {error}") from error


def check_policy(path: Path) -> None:
    """Refuses a policy that the runner would refuse: the field is named."""
    from gpu_runner.gate.policy import PolicyError
    from gpu_runner.versions.gate_policy_file import parse_policy

    try:
        parse_policy(path.read_bytes(), languages=("hi",))
    except OSError as error:
        raise OperationFailed(f"{path} can't be read ({error.strerror}): expected the gate's policy in YAML") from error
    except PolicyError as error:
        raise WrongUsage(f"{path}: {error}") from error


def _copy(store: ArtifactStore, files: dict[str, Path]) -> None:
    from runtime.artifacts.store import ArtifactError

    for key, path in files.items():
        try:
            store.write_file(key, path)
        except (ArtifactError, OSError) as error:
            raise OperationFailed(f"{path} could not be put into the artifact store under {key}: {error}") from None
