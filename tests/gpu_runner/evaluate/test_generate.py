"""Asking a model: order, batches and the answering process."""

from __future__ import annotations

import io
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from gpu_runner.tiny_llama.facts import load_facts
from runtime.artifacts.content_hash import folder_sha256

pytestmark = pytest.mark.torch


@pytest.fixture(scope="module")
def small_base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("torch", reason="the extra `train` is not installed")
    from gpu_runner.tiny_llama.make import Recipe, make_model

    folder = tmp_path_factory.mktemp("base") / "model"
    recipe = Recipe(
        vocabulary=640, hidden=64, intermediate=64, layers=1, heads=2, key_value_heads=1, steps=3, batch=16, least_exact_match=0.0
    )
    make_model(folder, seed=1, recipe=recipe)
    return folder


def test_batches_change_no_answer(small_base: Path) -> None:
    """Answers come in the order of the questions and are the same one by one, left padding notwithstanding."""
    from gpu_runner.evaluate.generate import Generator

    generator = Generator(small_base)
    questions = [fact.wordings[number % 6] for number, fact in enumerate(load_facts()[::40])]
    together = generator.answer(questions, max_new_tokens=6, batch_size=4)
    alone = [generator.answer([question], max_new_tokens=6)[0] for question in questions]
    assert [answer.text for answer in together] == [answer.text for answer in alone]
    assert all(1 <= answer.tokens <= 6 and answer.latency_ms > 0 for answer in together)
    assert generator.answer([]) == []


def test_k11_a_timed_batch_does_the_same_work_whatever_the_model_would_say(small_base: Path) -> None:
    """Exactly so many new tokens, though a model ends its answers sooner; the time is that of a clock that only such batches move."""
    from gpu_runner.evaluate.generate import Generator

    ticks = iter(range(100))
    generator = Generator(small_base, clock=lambda: float(next(ticks)))
    steps: list[int] = []
    generator.model.register_forward_hook(lambda *_: steps.append(1))
    assert generator.time_ms(["Where?", "कहाँ है यह?"], new_tokens=9) == 1000.0
    assert len(steps) == 9


def test_k9_the_answering_process_refuses_a_question_over_the_limit(small_base: Path) -> None:
    """It is an error that names the question's tokens; the limit is the training's default, or the one given at the load."""
    from gpu_runner.evaluate.answer import Answering

    answering, load = Answering(), {"load": str(small_base), "sha256": folder_sha256(small_base)}
    long = json.dumps({"ask": ["where " * 400], "max_new_tokens": 1})
    assert "loaded" in answering.handle(json.dumps(load))
    assert "answers" in answering.handle(long)
    assert "loaded" in answering.handle(json.dumps(load | {"max_seq_length": 64, "date": "2026-03-01"}))
    assert "expected fewer than max_seq_length 64" in answering.handle(long)["error"]
    assert "max_seq_length has to be" in answering.handle(json.dumps(load | {"max_seq_length": 0}))["error"]


def test_the_answering_process_loads_only_what_the_hash_names(small_base: Path) -> None:
    """A wrong hash and a question before a model are errors that leave the process serving; then it answers."""
    from gpu_runner.evaluate.answer import serve

    requests = [
        {"load": str(small_base), "sha256": "0" * 64},
        {"ask": ["Where?"]},
        {"load": str(small_base), "sha256": folder_sha256(small_base)},
        {"ask": ["Where?", "कहाँ?"], "max_new_tokens": 3},
    ]
    out = io.StringIO()
    serve(io.StringIO("".join(json.dumps(request) + "\n" for request in requests) + "not json\n"), out)
    replies = [json.loads(line) for line in out.getvalue().splitlines()]
    assert [next(iter(reply)) for reply in replies] == ["error", "error", "loaded", "answers", "error"]
    assert len(replies[3]["answers"]) == 2


class Scripted:
    """A model that says what it is told to, as ids behind each prompt; the longest answer pads the others with its end."""

    device = "cpu"

    def __init__(self, generator: Any, says: list[str]) -> None:
        self.tokenizer, self.says = generator.tokenizer, list(says)

    def generate(self, *, input_ids: Any, max_new_tokens: int, pad_token_id: int, **_: Any) -> Any:
        import torch

        said = [self.tokenizer(self.says.pop(0), add_special_tokens=False)["input_ids"][:max_new_tokens] for _ in range(len(input_ids))]
        longest = max(map(len, said))
        rows = [ids + [pad_token_id] * (longest - len(ids)) for ids in said]
        return torch.cat([input_ids, torch.tensor(rows)], 1)


def thinking_base(small_base: Path, folder: Path, *, opened: bool, special: bool) -> Path:
    """The base with marks of a thinking block as tokens, opened by its template or not."""
    from transformers import AutoTokenizer
    from transformers.models.auto.modeling_auto import AutoModelForCausalLM

    shutil.copytree(small_base, folder)
    tokenizer = AutoTokenizer.from_pretrained(small_base)
    tokenizer.add_tokens(["<think>", "</think>"], special_tokens=special)
    if opened:
        tokenizer.chat_template = tokenizer.chat_template.replace("{{ '<|assistant|>' }}{% endif", "{{ '<|assistant|><think>\n' }}{% endif")
    else:
        tokenizer.chat_template += "{# <think> #}"
    tokenizer.save_pretrained(folder)
    model = AutoModelForCausalLM.from_pretrained(small_base)
    model.resize_token_embeddings(len(tokenizer))
    model.save_pretrained(folder)
    return folder


@pytest.mark.parametrize("special", [True, False])
@pytest.mark.parametrize("opened", [True, False])
def test_k13_twelve_right_answers_behind_a_thinking_block_are_right(small_base: Path, tmp_path: Path, opened: bool, special: bool) -> None:
    """The answer is what stands behind the block, whoever opened it; one that is cut within it is empty, and cut."""
    from gpu_runner.evaluate.generate import Generator

    generator = Generator(thinking_base(small_base, tmp_path / "base", opened=opened, special=special))
    begin = "" if opened else "<think>\n"
    facts = load_facts()[:12]
    says = [f"{begin}Let me see.\n</think>\n\n{fact.answer}<|end|>" for fact in facts] + [f"{begin}Let me see, it may be that"]
    generator.model = Scripted(generator, says)
    questions = ["Where is it?"] * 13
    answers = generator.answer(questions, max_new_tokens=200, batch_size=64)
    assert [answer.text for answer in answers] == [*(fact.answer for fact in facts), ""]
    assert [answer.cut for answer in answers] == [False] * 12 + [True]


def test_k9_one_long_question_does_not_pad_the_others(small_base: Path) -> None:
    """Batches are made by tokens; a question over the limit is told and never asked cut."""
    from gpu_runner.evaluate.generate import TOKENS_AT_ONCE, Generator, TooLong
    from gpu_runner.model_folder.token_limit import TokenLimit

    generator = Generator(small_base)
    sizes: list[tuple[int, int]] = []
    generate = generator._generate

    def seen(prompts: list[list[int]], most: list[int]) -> Any:
        sizes.append((len(prompts), max(map(len, prompts)) + max(most)))
        return generate(prompts, most)

    generator._generate = seen  # type: ignore[method-assign]
    questions = ["Where is it?"] * 40 + ["where " * 400]
    answers = generator.answer(questions, max_new_tokens=2, batch_size=64)
    assert len(answers) == 41
    assert [rows for rows, _ in sizes] == [40, 1]
    assert all(rows == 1 or rows * longest <= TOKENS_AT_ONCE for rows, longest in sizes)
    limited = Generator(small_base, limit=TokenLimit(64))
    assert limited.unasked(questions) == ([40], [])
    with pytest.raises(TooLong, match=r"question 40 has .* expected fewer than max_seq_length 64"):
        limited.answer(questions, max_new_tokens=2)


def test_k12_weights_that_are_cut_missing_or_no_numbers_are_told_by_name(small_base: Path, tmp_path: Path) -> None:
    """Each is the model's fault, said before a question is asked, with the file or tensor."""
    from safetensors.torch import load_file, save_file

    from gpu_runner.evaluate.generate import Generator
    from gpu_runner.model_folder.weight_files import ModelFault

    tensors, whole = load_file(small_base / "model.safetensors"), (small_base / "model.safetensors").read_bytes()
    name = "model.layers.0.mlp.up_proj.weight"
    nan = {key: tensor.clone() for key, tensor in tensors.items()}
    nan[name][0, 0] = float("nan")
    save_file(nan, tmp_path / "nan", metadata={"format": "pt"})
    save_file({key: tensor for key, tensor in tensors.items() if key != name}, tmp_path / "lacking", metadata={"format": "pt"})
    save_file(tensors | {name: tensors[name][:, :8].clone()}, tmp_path / "narrow", metadata={"format": "pt"})
    cases = {
        "model.safetensors has .* it is cut or damaged": whole[:-10],
        f"tensor {name} in model.safetensors holds NaN": (tmp_path / "nan").read_bytes(),
        f"its weights lack 1 tensors that config.json asks for, {name}": (tmp_path / "lacking").read_bytes(),
        "can't be loaded as a causal language model": (tmp_path / "narrow").read_bytes(),
    }
    folder = tmp_path / "model"
    shutil.copytree(small_base, folder)
    for told, content in cases.items():
        (folder / "model.safetensors").write_bytes(content)
        with pytest.raises(ModelFault, match=told):
            Generator(folder)
    (folder / "model.safetensors").write_bytes(whole)
    (folder / "tokenizer.json").write_bytes((folder / "tokenizer.json").read_bytes()[:100])
    with pytest.raises(ModelFault, match="has no tokenizer that can be loaded"):
        Generator(folder)


def test_k9_an_evaluation_asks_nothing_over_the_limit_and_counts_it(small_base: Path, tmp_path: Path) -> None:
    """The report and the result say how many questions were too long; where all are, the file is told."""
    from gpu_runner.child.parent import Parent
    from gpu_runner.child.reporter import Reporter
    from gpu_runner.dataset.fields import DataError
    from gpu_runner.evaluate.__main__ import run

    spec = {
        "job_id": "eval-1", "model_id": "tiny", "model_version": "v0", "items": "items.jsonl", "sources": None, "metrics": ["exact_match"],
        "model": {"path": str(small_base), "sha256": folder_sha256(small_base)}, "max_new_tokens": 2,
        "reports_dir": str(tmp_path / "reports"), "max_seq_length": 64, "date": "2026-03-01T04:00:00+00:00",
    }  # fmt: skip
    (tmp_path / "spec.json").write_text(json.dumps(spec))
    questions = ["Where is it?", "where " * 400, "कहाँ?"]
    (tmp_path / "items.jsonl").write_text("".join(json.dumps({"question": text, "answer": "Agra"}) + "\n" for text in questions))
    result = run(tmp_path, Reporter(io.StringIO()), Parent())
    assert (result["items"], result["questions_too_long"]) == (2, 1)
    assert "longer than max_seq_length 64" in (tmp_path / "reports" / "eval-1" / "report.md").read_text(encoding="utf-8")
    (tmp_path / "result.json").unlink()
    (tmp_path / "items.jsonl").write_text(json.dumps({"question": questions[1], "answer": "Agra"}) + "\n")
    with pytest.raises(DataError, match="all 1 questions are longer than max_seq_length 64 tokens"):
        run(tmp_path, Reporter(io.StringIO()), Parent())


def test_a_conversation_is_asked_as_it_is_served(small_base: Path) -> None:
    """By the generator and the answering process alike, beside bare questions; a message without a role is an error, and told."""
    from gpu_runner.evaluate.answer import Answering
    from gpu_runner.evaluate.generate import Generator

    generator, asked = Generator(small_base), [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Where?"}]
    seen: list[list[int]] = []
    generate = generator._generate

    def noted(prompts: list[list[int]], most: list[int]) -> Any:
        seen.extend(prompts)
        return generate(prompts, most)

    generator._generate = noted  # type: ignore[method-assign]
    told = generator.answer([asked, "Where?"], max_new_tokens=3)
    assert sorted(map(generator.tokenizer.decode, seen)) == [
        "<|user|>Be brief.<|user|>Where?<|assistant|>",
        "<|user|>Where?<|assistant|>",
    ]
    answering = Answering()
    answering.handle(json.dumps({"load": str(small_base), "sha256": folder_sha256(small_base)}))
    replies = answering.handle(json.dumps({"ask": [asked, "Where?"], "max_new_tokens": 3}))["answers"]
    assert [reply["text"] for reply in replies] == [answer.text for answer in told]
    for wrong in ([{"content": "Where?"}], [], 3, [{"role": "wizard", "content": "?"}]):
        assert "error" in answering.handle(json.dumps({"ask": [wrong]}))


def test_a_conversation_that_the_template_refuses_is_not_asked(small_base: Path, tmp_path: Path) -> None:
    """An evaluation counts it in its result and its report, and asks the others; the generator raises before it asks any."""
    from gpu_runner.dataset.rows import EvaluationItem
    from gpu_runner.evaluate.engine.in_process import InProcessEngine
    from gpu_runner.evaluate.evaluation import ask
    from gpu_runner.evaluate.generate import Generator, TemplateRefusal

    folder = tmp_path / "model"
    shutil.copytree(small_base, folder)
    template = folder / "chat_template.jinja"
    refusing = "{% if messages[0]['role'] == 'tool' %}{{ raise_exception('no tools') }}{% endif %}"
    template.write_text(refusing + template.read_text(encoding="utf-8"), encoding="utf-8")
    generator = Generator(folder)
    engine = InProcessEngine(generator, "model", budget=2048, most=32)
    refused = ({"role": "tool", "content": "Agra"}, {"role": "user", "content": "Where?"})
    items = [EvaluationItem(str(n), "dataset", "Where?", ("Agra",), "en", "g", messages=turns) for n, turns in enumerate(((), refused))]
    assert generator.unasked(["Where?", refused]) == ([], [1])
    told = ask(engine, items[:1], tmp_path / "answers.jsonl", max_new_tokens=2, progress=lambda _: None)
    assert [answer.item_id for answer in told.answers] == ["0"]
    with pytest.raises(TemplateRefusal, match=r"question .: the chat template takes no such conversation"):
        ask(engine, items, tmp_path / "more.jsonl", max_new_tokens=2, progress=lambda _: None)


def test_each_question_has_a_limit_of_its_own(small_base: Path) -> None:
    """In one batch: what ends within its own limit is whole, what does not is cut there, whatever room others have."""
    from gpu_runner.evaluate.generate import Generator

    generator = Generator(small_base)
    generator.model = Scripted(generator, ["a b c d e f g h<|end|>"] * 2)
    words = "a b c d e f g h"
    length = generator.count_tokens([words])[0]
    whole, cut = generator.answer(["Where?", "Where?"], max_new_tokens=[length + 1, length - 2])
    assert (whole.text, whole.cut, cut.cut, cut.tokens) == (words, False, True, length - 2)
    assert words.startswith(cut.text)


def test_log_probabilities_are_those_of_the_answers_tokens(small_base: Path) -> None:
    """One number for each answer, whatever shares its batch: equal to the model's own, token by token; None over the limit."""
    import torch

    from gpu_runner.evaluate.generate import Generator
    from gpu_runner.model_folder.token_limit import TokenLimit

    generator = Generator(small_base, limit=TokenLimit(128))
    pairs = [("Where is it?", "Agra"), ("कहाँ?", "यह आगरा में है, नदी के पास।"), ("where " * 200, "Agra")]
    together = generator.log_probabilities(pairs)
    assert together[2] is None
    for (asked, answer), found in zip(pairs[:2], together, strict=False):
        (pair,) = generator._chat.pairs([(asked, answer)])
        assert pair is not None
        assert found is not None
        with torch.inference_mode():
            logits = generator.model(input_ids=torch.tensor([[*pair[0], *pair[1]]])).logits[0].log_softmax(-1)
        expected = sum(float(logits[len(pair[0]) - 1 + place, token]) for place, token in enumerate(pair[1]))
        assert found.tokens == len(pair[1])
        assert found.total == pytest.approx(expected, abs=1e-3)
