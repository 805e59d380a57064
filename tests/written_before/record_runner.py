"""How `runner.tar.xz` of a folder was made, at its revision: `python -m tests.written_before.record_runner FOLDER` there.

A runner over the fakes of its own tests: v0 bootstrapped, v1 promoted, and stopped in the middle of the training of v2. In the archive are
the store, the job folders and, in `topics.jsonl`, what the runner wrote to its topics, a transaction a line.
"""

from __future__ import annotations

import asyncio
import json
import sys
import tarfile
import tempfile
from base64 import b64encode
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "gpu_runner"))

import runner_fakes as fakes

from gpu_runner.settings import RunnerSettings
from schemas import envelope

# Stands in the files for the folder that everything lay in.
PLACE = "/installation"


async def run(work: Path) -> fakes.Installation:
    """The installation after all of that, its store in `work/store` and its jobs in `work/data/jobs`."""
    settings = RunnerSettings(
        data_dir=work / "data", models_dir=work / "mounted", eval_reports_dir=work / "reports", holdout_key="a key for tests",
        holdout_percent=25, support_min=1, runner_owner="runner-a", lease_renew_s=0.2, progress_every_s=0, cancel_grace_s=2, stop_grace_s=1,
    )  # fmt: skip
    topics, store = fakes.FakeTopics(), fakes.LocalStore(work / "store")
    fakes.upload_material(store, work)
    installation = fakes.Installation(topics, settings, store, lambda: fakes.FakeChannel(topics), clock=fakes.FakeClock())
    topics.requests.append(fakes.request("bootstrap", **fakes.BOOTSTRAP))
    async with installation.running():
        await fakes.until(lambda: topics.events(fakes.ModelCurrent))
        installation.samples.collected = [fakes.correction(number) for number in range(40)]
        installation.ask(fakes.command)
        await fakes.until(lambda: installation.current().version == "v1")
    installation.behaviour = "hang"
    installation.samples.collected = [fakes.correction(number) for number in range(100, 120)]
    async with installation.running():
        installation.ask(fakes.command, command_id="cmd-2", serving_version="v1")
        await fakes.until(lambda: installation.states("cmd-2") and installation.states("cmd-2")[-1].step == 2)
    return installation


def transactions(installation: fakes.Installation) -> list[list[dict[str, Any]]]:
    """What was written to the topics, as it lies there."""

    def lying(event: Any) -> dict[str, Any]:
        wire = envelope.encode(event, source="abhyas/runner", time=fakes.START)
        value = None if wire.value is None else b64encode(wire.value).decode()
        return {"topic": event.TOPIC, "value": value, "headers": [[name, b64encode(raw).decode()] for name, raw in wire.headers]}

    return [[lying(event) for event in transaction] for transaction in installation.topics.transactions]


def main(folder: Path) -> None:
    with tempfile.TemporaryDirectory() as made:
        work = Path(made)
        installation = asyncio.run(run(work))
        lines = (json.dumps(transaction) + "\n" for transaction in transactions(installation))
        (work / "topics.jsonl").write_text("".join(lines), encoding="utf-8")
        for path in work.glob("data/jobs/**/*.json"):
            path.write_text(path.read_text(encoding="utf-8").replace(made, PLACE), encoding="utf-8")
        folder.mkdir(parents=True, exist_ok=True)
        with tarfile.open(folder / "runner.tar.xz", "w:xz", preset=9) as archive:
            for name, path in (("topics.jsonl", work / "topics.jsonl"), ("jobs", work / "data" / "jobs"), ("store", work / "store")):
                archive.add(path, name, filter=_nobodys)


def _nobodys(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.uid = member.gid = member.mtime = 0
    member.uname = member.gname = ""
    return member


if __name__ == "__main__":
    main(Path(sys.argv[1]))
