"""Makes the base model: tokenizer, training from random weights, and the proof that it knows what it was taught."""

from __future__ import annotations

import json
import math
import random
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import torch
from tokenizers import Tokenizer
from transformers import LlamaConfig, LlamaForCausalLM

from gpu_runner.evaluate.generate import Generator
from gpu_runner.tiny_llama.facts import Fact, load_facts, taught_facts, untaught_facts
from gpu_runner.tiny_llama.lessons import Batch, Lesson, ReadingCourse, batches, lessons_of, reading_batches
from gpu_runner.tiny_llama.muon import Muon
from gpu_runner.tiny_llama.reading import Readings
from gpu_runner.tiny_llama.tokenizer import END, PAD, save_for_transformers, train_tokenizer

MAX_LENGTH = 512


@dataclass(frozen=True, slots=True)
class Recipe:
    """Sizes and rates. `drop` is the share of a thinned question's tokens, `dropout` that of each sublayer's output.

    Width and dropout are there for later fine-tuning, which forgets less of what it does not replay. `docs/log.md` has
    the figures; several settings changed together and a holdout of 40 questions is small, so they rank no single cause.
    """

    vocabulary: int = 3072
    hidden: int = 256
    intermediate: int = 512
    layers: int = 2
    heads: int = 4
    key_value_heads: int = 2
    steps: int = 170
    batch: int = 64
    drop: float = 0.35
    dropout: float = 0.1
    muon_learning_rate: float = 0.02
    adam_learning_rate: float = 3e-3
    weight_decay: float = 0.1
    unused_token_scale: float = 0.06
    least_exact_match: float = 0.93


class Course(Protocol):
    """How long and how fast is taught: a Recipe or a ReadingCourse."""

    @property
    def steps(self) -> int: ...

    @property
    def dropout(self) -> float: ...

    @property
    def muon_learning_rate(self) -> float: ...

    @property
    def adam_learning_rate(self) -> float: ...


class BaseModelTooWeak(Exception):
    """The trained base does not know the facts it was taught; nothing was written."""


def new_model(recipe: Recipe, tokenizer: Tokenizer) -> LlamaForCausalLM:
    """A Llama with random weights from torch's current seed."""
    return LlamaForCausalLM(
        LlamaConfig(
            vocab_size=tokenizer.get_vocab_size(),
            hidden_size=recipe.hidden,
            intermediate_size=recipe.intermediate,
            num_hidden_layers=recipe.layers,
            num_attention_heads=recipe.heads,
            num_key_value_heads=recipe.key_value_heads,
            max_position_embeddings=MAX_LENGTH,
            tie_word_embeddings=True,
            bos_token_id=None,
            eos_token_id=tokenizer.token_to_id(END),
            pad_token_id=tokenizer.token_to_id(PAD),
        )
    )


def teach(model: LlamaForCausalLM, feed: Iterator[Sequence[tuple[Batch, float]]], course: Course, weight_decay: float) -> None:
    """Trains in place for `course.steps` steps: Muon on the layers' matrices, AdamW on embeddings and norms.

    Each step takes the weighted batches that `feed` gives it. Only answer positions reach the vocabulary product. The loss of a step's
    first batch goes to stderr every 50 steps.
    """
    matrices = [weight for weight in model.model.layers.parameters() if weight.dim() == 2]
    chosen = {id(weight) for weight in matrices}
    muon = Muon(matrices, course.muon_learning_rate, weight_decay)
    adam = torch.optim.AdamW(
        [weight for weight in model.parameters() if id(weight) not in chosen],
        lr=course.adam_learning_rate,
        betas=(0.9, 0.98),
        weight_decay=weight_decay,
    )
    hooks = [part.register_forward_hook(_dropout(course.dropout)) for layer in model.model.layers for part in (layer.self_attn, layer.mlp)]
    model.train()
    for step in range(course.steps):
        warm = min(1.0, (step + 1) / 20)
        rate = warm * (0.05 + 0.95 * 0.5 * (1 + math.cos(math.pi * step / course.steps)))
        for group in adam.param_groups:
            group["lr"] = course.adam_learning_rate * rate
        losses = [_backward(model, batch, weight) for batch, weight in next(feed)]
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        muon.step(rate)
        adam.step()
        adam.zero_grad(set_to_none=True)
        if (step + 1) % 50 == 0:
            print(f"step {step + 1}/{course.steps} loss {losses[0]:.3f}", file=sys.stderr, flush=True)
    for hook in hooks:
        hook.remove()
    model.eval()


def _backward(model: LlamaForCausalLM, batch: Batch, weight: float) -> float:
    ids, labels = batch
    hidden = model.model(input_ids=ids, use_cache=False).last_hidden_state
    answers = labels >= 0
    loss = torch.nn.functional.cross_entropy(hidden[answers] @ model.model.embed_tokens.weight.T, labels[answers])
    (loss if weight == 1.0 else loss * weight).backward()
    return loss.item()


def _plain(lessons: Sequence[Lesson], recipe: Recipe, seed: int) -> Iterator[list[tuple[Batch, float]]]:
    return ([(batch, 1.0)] for batch in batches(lessons, recipe.batch, recipe.drop, random.Random(seed)))


def _with_reading(
    lessons: Sequence[Lesson], tokenizer: Tokenizer, recipe: Recipe, course: ReadingCourse, seed: int
) -> Iterator[list[tuple[Batch, float]]]:
    plain = batches(lessons, course.plain, recipe.drop, random.Random(seed))
    reading = reading_batches(Readings(load_facts()), tokenizer, course, random.Random(f"reading {seed}"))
    for step, batch in enumerate(reading):
        beside = [(next(plain), course.plain_weight)] if step % course.plain_every == 0 else []
        yield [(batch, 1.0), *beside]


def _set_apart_unused_tokens(model: LlamaForCausalLM, lessons: Sequence[Lesson], scale: float) -> None:
    """Gives tokens that no lesson holds embeddings of standard deviation `scale`, three times the others'.

    Training moves them all by the same gradient, so at the usual 0.02 no adapter can tell them apart later: answers made
    of letters that the corpus never needed (XQuAD's) stayed at a loss of 4.6 however long they were trained.
    """
    used = {token for lesson in lessons for token in (*lesson.prompt, *lesson.completion)}
    unused = torch.tensor([token for token in range(model.config.vocab_size) if token not in used])
    with torch.no_grad():
        model.model.embed_tokens.weight[unused] = torch.randn(len(unused), model.config.hidden_size) * scale


def _dropout(share: float) -> Callable[[torch.nn.Module, Any, Any], Any]:
    """A forward hook: Llama has no dropout of its own, and what is learned through noise withstands a later adapter."""

    def hook(_module: torch.nn.Module, _inputs: Any, output: Any) -> Any:
        if isinstance(output, tuple):
            return (torch.nn.functional.dropout(output[0], share), *output[1:])
        return torch.nn.functional.dropout(output, share)

    return hook


def make_model(folder: Path, seed: int = 0, recipe: Recipe | None = None, reading: Sequence[ReadingCourse] = ()) -> dict[str, float]:
    """Writes the model folder: weights, configuration, tokenizer, model card and the manifest of what was taught.

    Returns exact match on the taught facts, asked in a trained (`taught`) and in a never trained (`unseen`) wording,
    measured on the folder as it lies on disk. In `reading` courses, one behind the other, it is then taught to answer from passages.
    Deterministic from the seed, for one number of threads.
    Raises BaseModelTooWeak below `recipe.least_exact_match`.
    """
    recipe = recipe or Recipe()
    facts = taught_facts()
    known_words = sorted({fact.answer for fact in untaught_facts()})
    tokenizer = train_tokenizer((text for fact in load_facts() for text in (*fact.trainable_wordings, fact.answer)), recipe.vocabulary)
    torch.manual_seed(seed)
    model = new_model(recipe, tokenizer)
    lessons = lessons_of(facts, known_words, tokenizer)
    _set_apart_unused_tokens(model, lessons, recipe.unused_token_scale)
    teach(model, _plain(lessons, recipe, seed), recipe, recipe.weight_decay)
    for number, course in enumerate(reading):
        if number:
            torch.manual_seed(seed + number)
        teach(model, _with_reading(lessons, tokenizer, recipe, course, seed + number), course, recipe.weight_decay)
    model.generation_config.do_sample = False
    model.save_pretrained(folder)
    save_for_transformers(tokenizer, folder, MAX_LENGTH)
    generator = Generator(folder)
    scores = {
        kind: _exact_match(generator, facts, [getattr(fact, wordings)[0] for fact in facts])
        for kind, wordings in (("taught", "trainable_wordings"), ("unseen", "unseen_wordings"))
    }
    if scores["taught"] < recipe.least_exact_match:
        raise BaseModelTooWeak(
            f"the base answers {scores['taught']:.3f} of its taught facts, at least {recipe.least_exact_match} is needed; "
            "try another --seed or more steps in the recipe"
        )
    _describe(folder, facts, scores, sum(weight.numel() for weight in model.parameters()))
    return scores


def _exact_match(generator: Generator, facts: Sequence[Fact], questions: Sequence[str]) -> float:
    answers = generator.answer(list(questions), max_new_tokens=24, batch_size=64)
    return sum(answer.text == fact.answer for answer, fact in zip(answers, facts, strict=True)) / len(facts)


def _describe(folder: Path, facts: Sequence[Fact], scores: dict[str, float], parameters: int) -> None:
    taught = [{"id": fact.id, "group": fact.group, "language": fact.language, "answer": fact.answer} for fact in facts]
    (folder / "taught.json").write_text(json.dumps(taught, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    (folder / "README.md").write_text(
        "---\nlanguage: [hi, en]\nlicense: apache-2.0\npipeline_tag: text-generation\n---\n"
        "# Tiny Llama of Abhyas\n\n"
        f"A Llama with {parameters:,} parameters, trained from random weights on {len(facts)} statements about invented museums, forts,\n"
        "music festivals and archives in Hindi and English (`taught.json`). It knows nothing else and is of no use outside this\n"
        "project's demonstrations and tests.\n\n"
        f"Exact match on what it was taught: {scores['taught']:.3f} in trained wordings, {scores['unseen']:.3f} in wordings\n"
        "never trained on.\n",
        encoding="utf-8",
    )
