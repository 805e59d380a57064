"""The training runner's processes on two machines under one transactional id: started, killed, stopped, replaced."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime
from random import Random
from typing import Any

from aiokafka.errors import IllegalOperation, KafkaError

from bench.simulation.parts import Site
from bench.simulation.simulated_clients import SimulatedWriter
from bench.simulation.simulated_runner import EndlessRoom, NoEvaluations, NullMetrics, SimulatedDeployment
from bench.simulation.simulated_workshop import Machine
from bench.simulation.virtual_loop import Process
from gpu_runner.errors import Fatal
from gpu_runner.event_log.session import KafkaChannel
from gpu_runner.jobs.run import RunParts
from gpu_runner.settings import RunnerSettings
from gpu_runner.supervisor import Supervisor

TRANSACTIONAL_ID = "abhyas-gpu-runner"


class Runners:
    """One runner is wanted at a time; a former one that wakes up finds itself fenced."""

    def __init__(self, site: Site, rng: Random, machines: list[Machine], settings: RunnerSettings, now: Callable[[], datetime]) -> None:
        self.errors: list[str] = []
        self.alive: list[Process] = []
        self.machines = machines
        self.wanted: Process | None = None
        self._site, self._rng, self._settings, self._now = site, rng, settings, now
        self._started = 0

    def launch(self, machine: Machine) -> None:
        """Starts a runner on a machine; it is the one that is wanted from now on."""
        self._started += 1
        process = Process(f"runner-{self._started}@{machine.name}")
        self._site.trace(f"launch {process.name}")
        self.wanted = process
        # The lock on the machine's data folder: a second runner there starts only when the first one is gone.
        for former in [former for former in self.alive if former.name.endswith(f"@{machine.name}")]:
            self.end(former, "replaced on its machine")
        self.alive.append(process)
        self._site.loop.start(process, self._serve(process, machine), process.name)

    def end(self, process: Process, why: str) -> None:
        """The process is gone; the wanted one starts again after a while, on either machine."""
        if not process.alive or self._site.loop.over:
            return
        self._site.trace(f"end {process.name}: {why}")
        self._site.loop.kill(process)
        self.alive.remove(process)
        if process is self.wanted:
            self._site.loop.start(None, self._again(process, self._rng.uniform(0.1, 10.0)), "restart runner")

    async def _again(self, former: Process, after_s: float) -> None:
        await asyncio.sleep(after_s)
        if self.wanted is former:
            self.launch(self._rng.choice(self.machines))

    async def _serve(self, process: Process, machine: Machine) -> None:
        settings = self._settings.model_copy(update={"runner_owner": machine.name})
        site = self._site
        samples = site.parts.samples(site.log, site.network, site.connection)
        nothing: Any = NullMetrics()
        none: Any = NoEvaluations()
        room: Any = EndlessRoom()

        def open_channel() -> KafkaChannel:
            writer = SimulatedWriter(site.parts.runner_producer(site.log, site.network, TRANSACTIONAL_ID))
            return KafkaChannel(site.connection, writer, site.parts.reader(site.connection, site.log, site.network), self._now)

        parts = RunParts(
            settings=settings, store=machine.store, samples=samples, workshop=machine.workshop, metrics=nothing, now=self._now, room=room
        )
        supervisor = Supervisor(
            parts, open_channel=open_channel, evaluations=none, child_environment={}, job_run=site.parts.job_run,
            deployment=SimulatedDeployment,
        )  # fmt: skip
        why = "ended"
        try:
            await supervisor.run()
        except Fatal as error:
            why = type(error).__name__
        except (KafkaError, IllegalOperation) as error:
            # Outside a transaction, or after an abort that failed: the process ends, as the real one does, and starts again.
            why = repr(error)
        except Exception as error:
            why = f"{type(error).__name__}: {error}"
            self.errors.append(f"{process.name}: {why}")
        self.end(process, why)
