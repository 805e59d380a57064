"""The story from the first question to the new serving version; every number is computed in the run."""

from __future__ import annotations

import asyncio
import json
import os
import random
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, Final

import httpx
from aiokafka import AIOKafkaProducer

from gpu_runner.dataset.rows import load_training_rows
from gpu_runner.evaluate.exact_match import score_answer
from ops.demo import people
from ops.demo.assistant import Assistant
from ops.demo.material import Material, Question
from ops.demo.watch import Watch
from ops.errors import OperationFailed
from producers.gateway.settings import user_hash_key
from producers.users import hash_user
from runtime.kafka.connection import KafkaConnection
from schemas import topics
from schemas.holdout import is_holdout
from schemas.identity import DEFAULT_SOURCE, sample_id


def exact_match(answer: str, gold: str, language: str) -> bool:
    """Exact match as the gate counts it: MLQA's normalisation with the numeric guard."""
    return score_answer(answer, (gold,), language).em_guarded == 1.0


MODEL: Final = "tiny-llama"
ANSWER_TOKENS: Final = 96
# Asked together of the assistant; the first of a round is judged before the next round is asked.
ROUND: Final = 60
SAMPLE_OF_KNOWN: Final = 240


@dataclass(slots=True)
class Told:
    """What the users asked and said: the negatives by feedback id, and counts of everything sent."""

    negatives: dict[str, Question] = field(default_factory=dict)
    bodies: list[dict[str, Any]] = field(default_factory=list)
    positives: int = 0
    held_out: int = 0
    documents: int = 0
    duplicates: int = 0
    refused: list[tuple[str, int]] = field(default_factory=list)
    raw: list[people.RawRecord] = field(default_factory=list)

    @property
    def events(self) -> int:
        """Everything that was put on a topic by users, pipeline and strangers, repetitions included."""
        return len(self.bodies) + self.duplicates + self.documents + len(self.raw)


class Story:
    """One run of the loop against a running stack; `say` tells it in words, `progress` moves the bar."""

    def __init__(
        self,
        *,
        material: Material,
        connection: KafkaConnection,
        urls: dict[str, str],
        data_dir: Path,
        assistant: Assistant,
        watch: Watch,
        holdout: tuple[bytes, int],
        rng: random.Random,
        say: Callable[[str], None],
        progress: Callable[[str, float, float | None], None],
    ) -> None:
        self.material = material
        self.connection = connection
        self.urls = urls
        self.data_dir = data_dir
        self.assistant = assistant
        self.watch = watch
        self.holdout = holdout
        self.rng = rng
        self.say = say
        self.progress = progress
        self.told = Told()
        self.seconds: dict[str, float] = {}
        self.http = httpx.AsyncClient(timeout=60)

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Measures a phase of the story in seconds."""
        started = time.monotonic()
        try:
            yield
        finally:
            self.seconds[name] = round(self.seconds.get(name, 0.0) + time.monotonic() - started, 1)

    async def tell(self) -> dict[str, Any]:
        """Runs it; the result is the demo's JSON line without the total time."""
        with self.phase("asking"):
            current = await self._serving("v0")
            await self.assistant.load(self._artifact(current), current["artifact_sha256"])
            known_before = await self._known_before()
            await self._talk(current["version"])
        with self.phase("training"):
            command = await self._command()
            job = await self._job(command)
        with self.phase("checking"):
            return await self._outcome(command, job, known_before)

    async def _serving(self, version: str) -> dict[str, Any]:
        def found(watch: Watch) -> dict[str, Any] | None:
            return next((event for event in watch.events[topics.MODEL_CURRENT] if event["version"] == version), None)

        return await self.watch.until(found, timeout_s=60, what=f"model.current to name {version}")

    def _artifact(self, current: dict[str, Any]) -> Path:
        return self.data_dir / "models" / str(current["artifact_uri"]).removeprefix("s3://models/")

    async def _known_before(self) -> list[Question]:
        known = [question for question in self.material.known if not self._held_out(question)]
        self.rng.shuffle(known)
        return known[:SAMPLE_OF_KNOWN]

    def _held_out(self, question: Question) -> bool:
        key, percent = self.holdout
        return is_holdout(question.group, key=key, percent=percent)

    # ---- users ask, rate and correct ------------------------------------------------------------------

    async def _talk(self, version: str) -> None:
        self.say(f"{people.USERS} users ask the assistant ({version}) what it was never taught, and rate what it says.")
        queue = list(self.material.unknown)
        asked = 0
        while len(self.told.negatives) < people.NEGATIVES:
            round_, queue = queue[:ROUND], queue[ROUND:]
            if not round_:
                raise OperationFailed(
                    f"{self.material.name} has {asked} questions, and {len(self.told.negatives)} wrong answers outside the holdout: "
                    f"the demo needs {people.NEGATIVES}"
                )
            answers = await self.assistant.ask([question.text for question in round_], max_new_tokens=ANSWER_TOKENS)
            for question, answer in zip(round_, answers, strict=True):
                if len(self.told.negatives) < people.NEGATIVES:
                    self._judge(question, answer, version)
            asked += len(round_)
            self.progress("users ask and rate", len(self.told.negatives), people.NEGATIVES)
        await self._known_questions(version)
        await self._publish()

    def _judge(self, question: Question, answer: str, version: str) -> None:
        number = len(self.told.bodies)
        right = exact_match(answer, question.answer, question.language)
        body = people.feedback(number, question, answer, right=right, model=MODEL, version=version)
        if right:
            self.told.positives += 1
        elif self._held_out(question):
            self.told.held_out += 1
        else:
            # Forty users at three negatives each: the number of the negative picks the user, whatever came between.
            body |= {"user": f"user-{len(self.told.negatives) % people.USERS}"}
            self.told.negatives[body["feedback_id"]] = question
        self.told.bodies.append(body)

    async def _known_questions(self, version: str) -> None:
        """Some users ask what it does know, and are content."""
        some = self.rng.sample(self.material.known, min(ROUND, len(self.material.known)))
        answers = await self.assistant.ask([question.text for question in some], max_new_tokens=ANSWER_TOKENS)
        for question, answer in zip(some, answers, strict=True):
            if exact_match(answer, question.answer, question.language):
                body = people.feedback(len(self.told.bodies), question, answer, right=True, model=MODEL, version=version)
                self.told.bodies.append(body)
                self.told.positives += 1

    async def _publish(self) -> None:
        told = self.told
        negatives = [body for body in told.bodies if body["feedback_id"] in told.negatives]
        self.say(f"{len(told.negatives)} answers were wrong and corrected, {told.positives} were right.")
        self.say(f"{told.held_out} more wrong answers lie in the holdout: they are never trained on.")
        for what, body in people.refused_at_the_door(negatives[0]):
            answer = await self.http.post(f"{self.urls['gateway']}/v1/feedback", content=body, headers={"content-type": "application/json"})
            if not 400 <= answer.status_code < 500:
                raise OperationFailed(f"the gateway answered {answer.status_code} to {what}: expected a refusal (4xx)")
            told.refused.append((what, answer.status_code))
        await self._strangers(negatives[0])
        self.say(f"{len(self.material.pages)} documents arrive.")
        await self._post_all("documents", [people.document(page, MODEL) for page in self.material.pages], "documents arrive")
        told.documents = len(self.material.pages)
        # Every tenth is sent again, as clients do that saw no answer. The repetitions of the first half arrive before
        # the second half, so that they would cross the threshold early if they were counted.
        half = len(told.bodies) // 2
        for part in (told.bodies[:half], told.bodies[half:]):
            await self._post_all("feedback", part, "feedback arrives")
            again = part[::10]
            await self._post_all("feedback", again, "feedback is sent again")
            told.duplicates += len(again)

    async def _strangers(self, good: dict[str, Any]) -> None:
        producer = AIOKafkaProducer(**self.connection.producer_options())
        await producer.start()
        try:
            for raw in people.past_the_gateway(good, datetime.now(UTC), self.connection.topic_prefix):
                await producer.send_and_wait(raw.topic, raw.value, key=raw.key, headers=list(raw.headers))
                self.told.raw.append(raw)
        finally:
            await producer.stop()

    async def _post_all(self, path: str, bodies: Sequence[dict[str, Any]], words: str) -> None:
        done = 0

        async def post(body: dict[str, Any]) -> None:
            nonlocal done
            for _ in range(50):
                answer = await self.http.post(f"{self.urls['gateway']}/v1/{path}", json=body)
                if answer.status_code != 503:
                    break
                await asyncio.sleep(float(answer.headers.get("retry-after", "1")))
            if answer.status_code != 202:
                raise OperationFailed(f"the gateway answered {answer.status_code} to {path}: {answer.text[:500]}")
            done += 1
            self.progress(words, done, len(bodies))

        await _at_once(8, [partial(post, body) for body in bodies])

    # ---- one command, one run ---------------------------------------------------------------------------

    async def _command(self) -> dict[str, Any]:
        def first(watch: Watch) -> dict[str, Any] | None:
            return next(iter(watch.events[topics.RETRAIN_REQUESTED]), None)

        command = await self.watch.until(first, timeout_s=60, what="retrain.requested")
        batch = command["batch"]
        self.say(
            f"The threshold is crossed: one command, {command['command_id']}, leases batch {batch['number']} with "
            f"{len(batch['samples'])} wrong answers and {len(batch.get('documents', ()))} documents ({', '.join(command['rules'])})."
        )
        return command

    async def _job(self, command: dict[str, Any]) -> dict[str, Any]:
        seen = ""

        def ended(watch: Watch) -> dict[str, Any] | None:
            nonlocal seen
            states = [event for event in watch.events[topics.TRAINING_STATE] if event["job_id"] == command["command_id"]]
            if not states:
                return None
            newest = states[-1]
            if newest["phase"] != seen:
                seen = newest["phase"]
                self.say(f"The runner: {seen}" + (f", {newest['outcome']}" if newest.get("outcome") else "") + ".")
            loss = f", loss {newest['loss']:.3f}" if newest.get("loss") is not None else ""
            self.progress(f"{newest['phase']}{loss}", newest.get("step", 0), newest.get("total_steps"))
            return newest if newest["phase"] == "ended" else None

        job = await self.watch.until(ended, timeout_s=1800, what="the training job to end")
        if job["outcome"] == "failed":
            raise OperationFailed(f"the training job failed: {job.get('error')}")
        return job

    async def _outcome(self, command: dict[str, Any], job: dict[str, Any], known: list[Question]) -> dict[str, Any]:
        decision = await self.watch.until(
            lambda watch: next((event for event in watch.events[topics.PROMOTION_DECIDED] if event.get("job_id") == job["job_id"]), None),
            timeout_s=30,
            what="promotion.decided",
        )
        self.say(f"The gate says {decision['verdict']}: {' '.join(decision['reasons'])}")
        current = (await self._serving(job["version"])) if decision["verdict"] == "promote" else await self._serving("v0")
        batch = self._leased_questions(command)
        trained = {row.prompt for row in load_training_rows(self.data_dir / "jobs" / job["job_id"] / "dataset" / "train.jsonl")}
        paraphrased = [(text, question) for question in batch for text in question.paraphrased if text not in trained]
        asked = [(question.text, question) for question in batch]
        retained = [(question.text, question) for question in known]
        scores: dict[str, list[float]] = {"corrected_em": [], "reworded_em": [], "retained_em": []}
        for _ in ("before", "after"):
            for name, pairs in (("corrected_em", asked), ("reworded_em", paraphrased), ("retained_em", retained)):
                scores[name].append(await self._measure(pairs))
            if len(scores["corrected_em"]) == 1:
                await self.assistant.load(self._artifact(current), current["artifact_sha256"])
        state = (await self.http.get(f"{self.urls['consumers']}/state")).json()
        self._dead_letters_are_whole()
        for name, (before, after) in scores.items():
            self.say(f"{name.replace('_em', '')}: exact match {before:.3f} before, {after:.3f} after.")
        self.say(f"Serving now: {current['version']} ({current['artifact_sha256'][:12]}).")
        return {
            "events": self.told.events,
            "negatives": len(self.told.negatives),
            "duplicates_ignored": state["stage1"]["duplicates_ignored"],
            "dead_letters": len(self.watch.letters),
            "http_refused": len(self.told.refused),
            "quarantined": state["models"][MODEL]["quarantined"],
            "commands": len(self.watch.events[topics.RETRAIN_REQUESTED]),
            "batch": len(batch),
            "reworded_items": len(paraphrased),
            "retained_items": len(retained),
            **{name: {"before": round(before, 4), "after": round(after, 4)} for name, (before, after) in scores.items()},
            "verdict": decision["verdict"],
            "version": current["version"],
            "artifact_sha256": current["artifact_sha256"],
        }

    def _leased_questions(self, command: dict[str, Any]) -> list[Question]:
        key = user_hash_key(os.environ.get("USER_HASH_KEY"), self.data_dir) or b""
        users = {body["feedback_id"]: hash_user(key, body["user"]) for body in self.told.bodies if "user" in body}
        asked = {
            sample_id("feedback", DEFAULT_SOURCE, feedback_id, users[feedback_id]): question
            for feedback_id, question in self.told.negatives.items()
        }
        return [asked[ref["sample_id"]] for ref in command["batch"]["samples"]]

    async def _measure(self, pairs: Sequence[tuple[str, Question]]) -> float:
        answers = await self.assistant.ask([text for text, _ in pairs], max_new_tokens=ANSWER_TOKENS)
        right = [exact_match(answer, question.answer, question.language) for answer, (_, question) in zip(answers, pairs, strict=True)]
        return sum(right) / len(right)

    def _dead_letters_are_whole(self) -> None:
        """Raises OperationFailed unless every stranger's record lies in the dead-letter topic with its own bytes."""
        found = {(letter.topic, letter.key, letter.value, letter.headers): letter for letter in self.watch.letters}
        for raw in self.told.raw:
            letter = found.get((raw.topic, raw.key, raw.value, raw.headers))
            if letter is None:
                raise OperationFailed(f"the record with {raw.what} is not in the dead-letter topic as it was sent")
            self.say(f"Dead letter, {raw.what}: {letter.reason} ({letter.detail[:120]}).")


async def _at_once(limit: int, calls: Sequence[Callable[[], Awaitable[None]]]) -> None:
    gate = asyncio.Semaphore(limit)

    async def run(call: Callable[[], Awaitable[None]]) -> None:
        async with gate:
            await call()

    async with asyncio.TaskGroup() as group:
        for call in calls:
            group.create_task(run(call))


def as_line(result: dict[str, Any]) -> str:
    """The demo's one line on stdout."""
    return json.dumps(result, ensure_ascii=False)
