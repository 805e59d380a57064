"""`abhyas status`: what runs, and where each model stands."""

from __future__ import annotations

import json
import os
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from ops.commands.options import Data, Json
from ops.stack import description as running

# A health answer waits for checks with limits of their own; on a busy machine the runner's took over three seconds right after a bootstrap.
ANSWER_S: Final = 10.0
_PATHS = {"runner": "/health", "gateway": "/health", "dashboard": "/health", "consumers": "/health"}


def status(data: Data = None, as_json: Json = False) -> int:
    """Shows what runs, each model's buffer, drift, job and serving version."""
    found = gather(data or Path(os.environ.get("DATA_DIR") or "data"))
    if as_json:
        print(json.dumps(found, ensure_ascii=False, indent=1))
    else:
        _show(found)
    return 0 if all(service["answers"] for service in found["services"].values()) else 1


def gather(data_dir: Path) -> dict[str, Any]:
    """Services with what each says of its health, and the consumers' state; addresses as `running.service_urls` has them."""
    stack = running.find(data_dir)
    urls = running.service_urls(data_dir)
    services = {}
    for name, url in urls.items():
        answer = _get(f"{url}{_PATHS[name]}")
        services[name] = {"url": url, "answers": answer is not None, "status": (answer or {}).get("status")}
    state = _get(f"{urls['consumers']}/state")
    page = _get(f"{urls['dashboard']}/snapshot") if services["dashboard"]["answers"] else None
    return {
        "stack": None if stack is None else {"pid": stack.pid, "broker": stack.broker, "bootstrap_servers": stack.bootstrap_servers},
        "services": services,
        "state": state,
        "last_jobs": None if page is None else last_jobs(page),
    }


def last_jobs(page: Mapping[str, Any]) -> dict[str, Any]:
    """The job of each model that ended last, from the live page's snapshot; None for a model without one. A page of an earlier release
    tells none of them."""
    models = page.get("models") or {}
    return {name: model["last_job"] for name, model in models.items() if isinstance(model, dict) and "last_job" in model}


def _get(url: str) -> dict[str, Any] | None:
    """The JSON object at the address, also of an error answer (a degraded service says so in its body); None where nobody answers."""
    try:
        with urllib.request.urlopen(url, timeout=ANSWER_S) as answer:
            body = json.load(answer)
    except urllib.error.HTTPError as refused:
        try:
            body = json.load(refused)
        except ValueError:
            body = {"status": f"HTTP {refused.code}"}
    except (OSError, ValueError):
        return None
    return body if isinstance(body, dict) else {}


def _show(found: Mapping[str, Any]) -> None:
    from rich.console import Console
    from rich.text import Text

    from ops.tables import show_table

    console = Console()
    stack = found["stack"]
    console.print(
        f"stack: process {stack['pid']}, broker {stack['broker']} on {stack['bootstrap_servers']}"
        if stack
        else "no stack of `abhyas up` runs on this data folder; these are the addresses that the environment sets, or the defaults",
        highlight=False,
        soft_wrap=True,
    )
    show_table(
        ("service", "address", "says"),
        (
            (name, service["url"], str(service["status"] or "answers") if service["answers"] else Text("does not answer", "red"))
            for name, service in found["services"].items()
        ),
    )
    if found["state"] is None:
        console.print("the consumers do not answer, so buffers and drift are unknown")
        return
    for model, state in found["state"].get("models", {}).items():
        console.print(model_lines(model, state, found["last_jobs"]), highlight=False, markup=False, soft_wrap=True)


def model_lines(model: str, state: Mapping[str, Any], last_jobs: Mapping[str, Any] | None = None) -> str:
    """One model in plain words; `last_jobs` as `gather` found them, None where the live page does not answer."""
    lines = [
        f"{model}: serving {state.get('serving_version') or 'nothing'}",
        f"  negatives {state.get('counted_negatives')} of {state.get('threshold')}{_trainable(state)}, by {_users(state)} of at least "
        f"{state.get('min_users')} users; waiting {state.get('pending_negatives')}, documents {state.get('pending_documents')}, "
        f"quarantined {state.get('quarantined')}{_praise(state)}",
    ]
    if state.get("running"):
        lines.append(f"  running: {state['running']}, attempt {state.get('attempt')}, batch {state.get('batch')}")
    lines += [f"  {line}" for line in last_job_lines(model, last_jobs)]
    if state.get("paused"):
        lines.append("  paused")
    if state.get("blocked_because"):
        lines.append(f"  blocked: {state['blocked_because']}")
    if state.get("cool_down_until"):
        lines.append(f"  cools down until {state['cool_down_until']}")
    lines += [f"  {_drift(drift)}" for drift in state.get("drift") or ()]
    baseline = state.get("drift_baseline") or {}
    if baseline.get("documents") is not None:
        lines.append(f"  documents are held against a baseline of {baseline['documents']:,} ({baseline['sha256'][:12]})")
    elif baseline.get("because"):
        lines.append(f"  drift of documents is not watched: {baseline['because']}")
    return "\n".join(lines)


def _trainable(state: Mapping[str, Any]) -> str:
    """What a run could learn from; consumers of an earlier release do not tell."""
    if "trainable_negatives" not in state:
        return ""
    tried = f", {state['tried_negatives']} more were tried and taught nothing" if state.get("tried_negatives") else ""
    return f", {state['trainable_negatives']} of them can be trained on ({state['min_trainable']} are needed{tried})"


def _users(state: Mapping[str, Any]) -> Any:
    return state.get("trainable_users", state.get("distinct_users"))


def _praise(state: Mapping[str, Any]) -> str:
    return f", praise {state['praised']}" if "praised" in state else ""


def last_job_lines(model: str, last_jobs: Mapping[str, Any] | None) -> list[str]:
    """How the last job ended, when, and why."""
    if last_jobs is None:
        return ["last job: unknown, the live page does not answer"]
    if model not in last_jobs:
        return []
    job = last_jobs[model]
    if not job:
        return ["last job: none has ended yet"]
    attempt = f", attempt {job['attempt']}" if job["attempt"] > 1 else ""
    again = ", may be tried again" if job["retryable"] else ""
    first = f"last job: {job['version']} ended {job['outcome']} at {job['ended_at']} ({job['id']}{attempt}{again})"
    return [first, *(f"  because: {reason}" for reason in job["reasons"])]


def _drift(drift: Mapping[str, Any]) -> str:
    """One detector in plain words."""
    of = f"{drift['signal']} in {drift['language']}" if drift.get("language") else drift["signal"]
    learning = drift.get("learning")
    if learning:
        return f"drift of {of}: {learning['events']} of the {learning['of']} ratings of its baseline"
    alarm = f" ALARM since {drift['since']}" if drift.get("since") else " ALARM" if drift.get("alarm") else ""
    return f"drift of {of} ({drift['detector']}): {drift['statistic']:.3g} of {drift['threshold']:.3g}{alarm}"
