"""The story from the first question to the new serving version; every number is computed in the run."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from aiokafka import AIOKafkaProducer

from gpu_runner.dataset.rows import load_training_rows
from gpu_runner.evaluate.exact_match import score_answer
from ops.demo import people
from ops.demo.material import Material, Question
from ops.demo.stage import ANSWER_TOKENS, MODEL, DemoStage
from ops.errors import OperationFailed
from producers.gateway.settings import user_hash_key
from producers.users import hash_user
from schemas import topics
from schemas.identity import DEFAULT_SOURCE, sample_id


def exact_match(answer: str, gold: str, language: str) -> bool:
    """Exact match as the gate counts it: MLQA's normalisation with the numeric guard."""
    return score_answer(answer, (gold,), language).em_guarded == 1.0


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
    """One run of the loop on a stage."""

    def __init__(self, stage: DemoStage, material: Material, *, shuffled: bool = False) -> None:
        self.stage = stage
        self.material = material
        self.shuffled = shuffled
        self.told = Told()

    async def tell(self) -> dict[str, Any]:
        """Runs it; the result is the demo's JSON line without the total time."""
        with self.stage.phase("asking"):
            current = await self.stage.serving("v0")
            await self.stage.load(current)
            known_before = await self._known_before()
            await self._talk(current["version"])
        with self.stage.phase("training"):
            command = await self.stage.command()
            job = await self.stage.job(command)
        with self.stage.phase("checking"):
            return await self._outcome(command, job, known_before)

    async def _known_before(self) -> list[Question]:
        known = [question for question in self.material.known if not self.stage.held_out(question.group)]
        self.stage.rng.shuffle(known)
        return known[:SAMPLE_OF_KNOWN]

    # ---- users ask, rate and correct ------------------------------------------------------------------

    async def _talk(self, version: str) -> None:
        self.stage.say(f"{people.USERS} users ask the assistant ({version}) what it was never taught, and rate what it says.")
        queue = list(self.material.unknown)
        asked = 0
        while len(self.told.negatives) < people.NEGATIVES:
            round_, queue = queue[:ROUND], queue[ROUND:]
            if not round_:
                raise OperationFailed(
                    f"{self.material.name} has {asked} questions, and {len(self.told.negatives)} wrong answers outside the holdout: "
                    f"the demo needs {people.NEGATIVES}"
                )
            answers = await self.stage.assistant.ask([question.text for question in round_], max_new_tokens=ANSWER_TOKENS)
            for question, answer in zip(round_, answers, strict=True):
                if len(self.told.negatives) < people.NEGATIVES:
                    self._judge(question, answer, version)
            asked += len(round_)
            self.stage.progress("users ask and rate", len(self.told.negatives), people.NEGATIVES)
        await self._known_questions(version)
        await self._publish()

    def _judge(self, question: Question, answer: str, version: str) -> None:
        number = len(self.told.bodies)
        right = exact_match(answer, question.answer, question.language)
        body = people.feedback(number, question, answer, right=right, model=MODEL, version=version)
        if right:
            self.told.positives += 1
        elif self.stage.held_out(question.group):
            self.told.held_out += 1
        else:
            # Forty users at three negatives each: the number of the negative picks the user, whatever came between.
            body |= {"user": f"user-{len(self.told.negatives) % people.USERS}"}
            self.told.negatives[body["feedback_id"]] = question
        self.told.bodies.append(body)

    async def _known_questions(self, version: str) -> None:
        """Some users ask what it does know, and are content."""
        some = self.stage.rng.sample(self.material.known, min(ROUND, len(self.material.known)))
        answers = await self.stage.assistant.ask([question.text for question in some], max_new_tokens=ANSWER_TOKENS)
        for question, answer in zip(some, answers, strict=True):
            if exact_match(answer, question.answer, question.language):
                body = people.feedback(len(self.told.bodies), question, answer, right=True, model=MODEL, version=version)
                self.told.bodies.append(body)
                self.told.positives += 1

    async def _publish(self) -> None:
        told = self.told
        negatives = [body for body in told.bodies if body["feedback_id"] in told.negatives]
        self.stage.say(f"{len(told.negatives)} answers were wrong and corrected, {told.positives} were right.")
        if self.shuffled:
            _shuffle([body for body in told.bodies if "correction" in body])
            self.stage.say("Each correction is that of another question: nothing that is learnt from them is right.")
        self.stage.say(f"{told.held_out} more wrong answers lie in the holdout: they are never trained on.")
        for what, body in people.refused_at_the_door(negatives[0]):
            answer = await self.stage.http.post(
                f"{self.stage.urls['gateway']}/v1/feedback", content=body, headers={"content-type": "application/json"}
            )
            if not 400 <= answer.status_code < 500:
                raise OperationFailed(f"the gateway answered {answer.status_code} to {what}: expected a refusal (4xx)")
            told.refused.append((what, answer.status_code))
        await self._strangers(negatives[0])
        self.stage.say(f"{len(self.material.pages)} documents arrive.")
        await self.stage.post_all("documents", [people.document(page, MODEL) for page in self.material.pages], "documents arrive")
        told.documents = len(self.material.pages)
        # Every tenth is sent again, as clients do that saw no answer. The repetitions of the first half arrive before
        # the second half, so that they would cross the threshold early if they were counted.
        half = len(told.bodies) // 2
        for part in (told.bodies[:half], told.bodies[half:]):
            await self.stage.post_all("feedback", part, "feedback arrives")
            again = part[::10]
            await self.stage.post_all("feedback", again, "feedback is sent again")
            told.duplicates += len(again)

    async def _strangers(self, good: dict[str, Any]) -> None:
        producer = AIOKafkaProducer(**self.stage.connection.producer_options())
        await producer.start()
        try:
            for raw in people.past_the_gateway(good, datetime.now(UTC), self.stage.connection.topic_prefix):
                await producer.send_and_wait(raw.topic, raw.value, key=raw.key, headers=list(raw.headers))
                self.told.raw.append(raw)
        finally:
            await producer.stop()

    async def _outcome(self, command: dict[str, Any], job: dict[str, Any], known: list[Question]) -> dict[str, Any]:
        decision = await self.stage.decision(job)
        current = (await self.stage.serving(job["version"])) if decision["verdict"] == "promote" else await self.stage.serving("v0")
        batch = self._leased_questions(command)
        trained = {row.prompt for row in load_training_rows(self.stage.data_dir / "jobs" / job["job_id"] / "dataset" / "train.jsonl")}
        paraphrased = [(text, question) for question in batch for text in question.paraphrased if text not in trained]
        asked = [(question.text, question) for question in batch]
        retained = [(question.text, question) for question in known]
        scores: dict[str, list[float]] = {"corrected_em": [], "reworded_em": [], "retained_em": []}
        for _ in ("before", "after"):
            for name, pairs in (("corrected_em", asked), ("reworded_em", paraphrased), ("retained_em", retained)):
                scores[name].append(await self._measure(pairs))
            if len(scores["corrected_em"]) == 1:
                await self.stage.load(current)
        state = (await self.stage.http.get(f"{self.stage.urls['consumers']}/state")).json()
        self._dead_letters_are_whole()
        for name, (before, after) in scores.items():
            self.stage.say(f"{name.replace('_em', '')}: exact match {before:.3f} before, {after:.3f} after.")
        self.stage.say(f"Serving now: {current['version']} ({current['artifact_sha256'][:12]}).")
        return {
            "events": self.told.events,
            "negatives": len(self.told.negatives),
            "duplicates_ignored": state["stage1"]["duplicates_ignored"],
            "dead_letters": len(self.stage.watch.letters),
            "http_refused": len(self.told.refused),
            "quarantined": state["models"][MODEL]["quarantined"],
            "commands": len(self.stage.watch.events[topics.RETRAIN_REQUESTED]),
            "batch": len(batch),
            "reworded_items": len(paraphrased),
            "retained_items": len(retained),
            **{name: {"before": round(before, 4), "after": round(after, 4)} for name, (before, after) in scores.items()},
            "verdict": decision["verdict"],
            "version": current["version"],
            "artifact_sha256": current["artifact_sha256"],
        }

    def _leased_questions(self, command: dict[str, Any]) -> list[Question]:
        key = user_hash_key(os.environ.get("USER_HASH_KEY"), self.stage.data_dir) or b""
        users = {body["feedback_id"]: hash_user(key, body["user"]) for body in self.told.bodies if "user" in body}
        asked = {
            sample_id("feedback", DEFAULT_SOURCE, feedback_id, users[feedback_id]): question
            for feedback_id, question in self.told.negatives.items()
        }
        return [asked[ref["sample_id"]] for ref in command["batch"]["samples"]]

    async def _measure(self, pairs: Sequence[tuple[str, Question]]) -> float:
        answers = await self.stage.assistant.ask([text for text, _ in pairs], max_new_tokens=ANSWER_TOKENS)
        right = [exact_match(answer, question.answer, question.language) for answer, (_, question) in zip(answers, pairs, strict=True)]
        return sum(right) / len(right)

    def _dead_letters_are_whole(self) -> None:
        """Raises OperationFailed unless every stranger's record lies in the dead-letter topic with its own bytes."""
        found = {(letter.topic, letter.key, letter.value, letter.headers): letter for letter in self.stage.watch.letters}
        for raw in self.told.raw:
            letter = found.get((raw.topic, raw.key, raw.value, raw.headers))
            if letter is None:
                raise OperationFailed(f"the record with {raw.what} is not in the dead-letter topic as it was sent")
            self.stage.say(f"Dead letter, {raw.what}: {letter.reason} ({letter.detail[:120]}).")


def _shuffle(bodies: Sequence[dict[str, Any]]) -> None:
    """Gives each body the correction of the next one in its language that says something else."""
    for language in {body["language"] for body in bodies}:
        of_language = [body for body in bodies if body["language"] == language]
        corrections = [body["correction"] for body in of_language]
        for place, body in enumerate(of_language):
            others = (corrections[(place + step) % len(corrections)] for step in range(1, len(corrections)))
            body["correction"] = next(other for other in others if other != corrections[place])


def as_line(result: dict[str, Any]) -> str:
    """The demo's one line on stdout."""
    return json.dumps(result, ensure_ascii=False)
