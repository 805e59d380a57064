"""What changes the serving version besides the gate: a bootstrap, a person's promotion, a rollback.

Each request has one decision under its own id, applied or refused with the reason, and an immutable record beside the
artifact; the serving version changes in the same transaction, and only if it still is the one that was looked at.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import structlog

from gpu_runner.errors import Fatal, NotConnected, RunnerError
from gpu_runner.event_log.commit import EventLog, to_the_end
from gpu_runner.settings import RunnerSettings
from gpu_runner.threads.session_threads import in_thread
from gpu_runner.versions.active_baselines import StoredBaseline, active_after, first_active
from gpu_runner.versions.bootstrap import BootstrapRefused, bootstrap
from gpu_runner.versions.drift_baseline import Fit
from gpu_runner.versions.gate_policy_file import FIRST
from gpu_runner.versions.keys import folder_name
from gpu_runner.versions.registry import (
    RegisteredVersion,
    artifact_folder,
    find_version,
    read_record,
    version_key,
    write_record,
)
from runtime.artifacts.store import ArtifactError, ArtifactMissing, ArtifactStore, uri_of
from schemas.catalogue import Event
from schemas.events.model_current import GateGuard, ModelCurrent
from schemas.events.operator_requested import OperatorRequested
from schemas.events.promotion_decided import PromotionDecided, Verdict
from schemas.events.rollback_requested import RollbackRequested
from schemas.holdout import key_id

_log = structlog.get_logger(__name__)


class DeploymentRefused(RunnerError):
    """The request can't be done; the message becomes the decision's reason."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Who asks for what reason, under which id."""

    model: str
    request_id: str
    actor: str
    reason: str


class Deployment:
    """Answers requests; several may be answered at once, and each looks at what serves again when it has its turn to write."""

    def __init__(self, *, store: ArtifactStore, settings: RunnerSettings, log: EventLog, fit: Fit, now: Callable[[], datetime]) -> None:
        self._store = store
        self._settings = settings
        self._events = log
        self._fit = fit
        self._now = now

    async def answer(self, request: OperatorRequested | RollbackRequested) -> None:
        """Does what is asked or refuses it; either way one decision is written. Raises Fatal, NotConnected.

        Cancelled it stops where it is: asked again, the record that is there already is the one that is told.
        """
        request_id = request.event_id()
        try:
            if isinstance(request, RollbackRequested):
                asked = Asked(request.model, request_id, "stage2", request.reason)
                await self._roll_back(asked, expected=request.version, to_version=request.to_version)
            elif request.action == "bootstrap":
                await self._bootstrap(request)
            elif request.action == "promote":
                await self._promote(request)
            else:
                asked = Asked(request.model, request_id, request.actor, request.reason)
                await self._roll_back(asked, expected=None, to_version=request.version)
        except (Fatal, NotConnected):
            raise
        except (RunnerError, ArtifactError, OSError) as error:
            await self._refuse(request, str(error))
        except Exception as error:  # a defect of ours must not stop every other request
            _log.exception("request broke", request_id=request_id)
            await self._refuse(request, f"internal error {type(error).__name__}: see the runner's log")

    async def _bootstrap(self, request: OperatorRequested) -> None:
        record = await in_thread(bootstrap, request, store=self._store, settings=self._settings, fit=self._fit, now=self._now())
        async with self._events.exclusive() as commit:
            if record is None:
                known = await in_thread(read_record, self._store, request.model, FIRST)
                if known is None:
                    raise BootstrapRefused(f"{request.model} has no {FIRST} record any more: bootstrap again")
                reasons = (f"{request.model} is bootstrapped already with the same content: nothing changed",)
                decision = self._bootstrap_decision(request, known, reasons)
            else:
                decision = self._bootstrap_decision(request, record, tuple(record["reasons"]))
            events: list[Event] = [decision]
            if request.model not in self._events.read_model.current:
                events.append(self._first_version(request, record or known or {}))
            await commit(events)
        _log.info("model bootstrapped", model=request.model, request_id=request.request_id, repeated=record is None)

    def _bootstrap_decision(self, request: OperatorRequested, record: dict[str, Any], reasons: tuple[str, ...]) -> PromotionDecided:
        return PromotionDecided(
            decision_id=request.request_id,
            model=request.model,
            version=FIRST,
            verdict="bootstrap",
            applied=True,
            reasons=tuple(reason[:2000] for reason in reasons),
            policy=record.get("policy", {}),
            artifact_sha256=record["artifact"]["sha256"],
            items_sha256=record["items_sha256"],
            actor=request.actor,
            record_uri=uri_of(f"{version_key(request.model, FIRST)}/decision.json", self._store.bucket),
            decided_at=self._now(),
        )

    def _first_version(self, request: OperatorRequested, record: dict[str, Any]) -> ModelCurrent:
        key = self._settings.holdout_key_bytes()
        return ModelCurrent(
            model=request.model,
            version=FIRST,
            artifact_uri=record["artifact"]["uri"],
            artifact_sha256=record["artifact"]["sha256"],
            cause="bootstrap",
            decision_id=request.request_id,
            base_model=record["base_model"],
            holdout_key_id=key_id(key),
            holdout_percent=record["content"]["holdout_percent"],
            since=self._now(),
            drift_baselines=first_active(StoredBaseline.of(record)),
            gate_guards=tuple(GateGuard.model_validate(guard) for guard in record.get("guards", ())),
        )

    async def _promote(self, request: OperatorRequested) -> None:
        version = str(request.version)
        target = await self._usable(request.model, version)
        if not target.evaluated:
            raise DeploymentRefused(
                f"{request.model}/{version} was never evaluated by the gate: only an evaluated candidate can be promoted"
            )
        asked = Asked(request.model, request.request_id, request.actor, request.reason)
        await to_the_end(self._switch(target, "operator", asked, f"{request.actor} promoted {version}", expected=None))

    async def _roll_back(self, asked: Asked, *, expected: str | None, to_version: str | None) -> None:
        serving = self._serving(asked.model)
        if expected is not None and serving.version != expected:
            raise DeploymentRefused(f"{expected} no longer serves ({serving.version} does): nothing to roll back")
        to_version = to_version or serving.previous_version
        if to_version is None:
            raise DeploymentRefused(f"{asked.model} has no version before {serving.version}: name the version to go back to")
        target = await self._usable(asked.model, to_version)
        if not target.evaluated:
            raise DeploymentRefused(f"{asked.model}/{to_version} was never evaluated by the gate: go back to a version that served")
        deed = f"{asked.actor} rolled back {serving.version} to {to_version}"
        await to_the_end(self._switch(target, "rollback", asked, deed, expected=serving.version))

    async def _switch(self, target: RegisteredVersion, verdict: Verdict, asked: Asked, deed: str, *, expected: str | None) -> None:
        """Makes `target` serve. A rollback's decision speaks of the version that is left, a promotion's of the new one."""
        request_id, actor = asked.request_id, asked.actor
        reasons = (f"{deed}: {asked.reason}" if asked.reason else deed,)
        async with self._events.exclusive() as commit:
            serving = self._serving(target.model)
            if expected is not None and serving.version != expected:
                raise DeploymentRefused(f"{expected} no longer serves ({serving.version} does): look again and ask again")
            if serving.version == target.version:
                raise DeploymentRefused(f"{target.version} serves already")
            subject = serving.version if verdict == "rollback" else target.version
            sha256 = serving.artifact_sha256 if verdict == "rollback" else target.sha256
            uri = serving.artifact_uri if verdict == "rollback" else target.artifact_uri
            key = f"{version_key(target.model, subject)}/decisions/{folder_name(request_id)}.json"
            record: dict[str, Any] = {
                "format": 1, "decision_id": request_id, "model": target.model, "version": subject, "verdict": verdict, "applied": True,
                "from_version": serving.version, "to_version": target.version, "reasons": list(reasons), "actor": actor,
                "reason": asked.reason,
                "artifact": {"uri": uri, "sha256": sha256}, "decided_at": self._now().isoformat(),
            }  # fmt: skip
            record = await in_thread(write_record, self._store, key, record)
            at = datetime.fromisoformat(record["decided_at"])
            decision = PromotionDecided(
                decision_id=request_id, model=target.model, version=subject,
                baseline_version=target.version if verdict == "rollback" else serving.version,
                verdict=verdict, applied=True, reasons=reasons, artifact_sha256=sha256, actor=actor,
                record_uri=uri_of(key, self._store.bucket), decided_at=at,
            )  # fmt: skip
            previous = target.baseline if verdict == "rollback" else serving.version
            current = serving.model_copy(
                update={
                    "version": target.version, "artifact_uri": target.artifact_uri, "artifact_sha256": target.sha256,
                    "previous_version": previous,
                    "cause": "rollback" if verdict == "rollback" else "operator", "decision_id": request_id, "since": at,
                    "drift_baselines": active_after(
                        serving.drift_baselines, target.drift_baseline, self._now().astimezone(UTC).date()
                    ),
                }
            )  # fmt: skip
            await commit([decision, current])
        _log.info("serving version changed", model=target.model, version=target.version, verdict=verdict, request_id=request_id)

    async def _usable(self, model: str, version: str) -> RegisteredVersion:
        """The version with its weights verified: nothing is served whose hash is not the evaluated one."""
        try:
            found = await in_thread(find_version, self._store, f"{model}/{version}")
            await in_thread(artifact_folder, self._store, found.artifact_uri, found.sha256, self._settings.cache_dir())
        except (ArtifactMissing, ArtifactError) as error:
            raise DeploymentRefused(str(error)) from error
        return found

    def _serving(self, model: str) -> ModelCurrent:
        serving = self._events.read_model.current.get(model)
        if serving is None:
            raise DeploymentRefused(f"{model} is not bootstrapped: run `abhyas bootstrap --model {model} --documents FILE --eval FILE`")
        return serving

    async def _refuse(self, request: OperatorRequested | RollbackRequested, reason: str) -> None:
        serving = self._events.read_model.current.get(request.model)
        if isinstance(request, RollbackRequested):
            verdict: Verdict = "rollback"
            version, actor = request.version, "stage2"
        else:
            verdict = "bootstrap" if request.action == "bootstrap" else "rollback" if request.action == "rollback" else "operator"
            version, actor = request.version or (serving.version if serving and request.action != "bootstrap" else FIRST), request.actor
        _log.warning("request refused", request_id=request.event_id(), model=request.model, verdict=verdict, reason=reason)
        refusal = PromotionDecided(
            decision_id=request.event_id(), model=request.model, version=version, baseline_version=serving.version if serving else None,
            verdict=verdict, applied=False, reasons=(reason[:2000],), actor=actor, decided_at=self._now(),
        )  # fmt: skip
        await self._events.commit(refusal)
