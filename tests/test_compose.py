"""Dockerfile and docker-compose.yml, as far as they can be checked without an engine."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest
import yaml

from ops.configuration import SERVICES, variables
from ops.stack.services import Ports

ROOT = Path(__file__).parents[1]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
OURS = {name: service for name, service in COMPOSE["services"].items() if "build" in service and "environment" in service}
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
SECRETS = ("HOLDOUT_KEY", "USER_HASH_KEY", "MINIO_ACCESS_KEY", "MINIO_SECRET_KEY")


def instructions() -> list[tuple[str, str]]:
    """The Dockerfile's instructions in order, continued lines joined."""
    joined = re.sub(r"\\\n\s*", " ", re.sub(r"^#.*\n", "", DOCKERFILE, flags=re.MULTILINE))
    return [(line.split(" ", 1)[0], line.split(" ", 1)[1].strip()) for line in joined.splitlines() if line.strip()]


def stages() -> dict[str, list[tuple[str, str]]]:
    found: dict[str, list[tuple[str, str]]] = {}
    for name, rest in instructions():
        if name == "FROM":
            current = found.setdefault(rest.split(" AS ")[1], [])
        current.append((name, rest))
    return found


# ---- Dockerfile ---------------------------------------------------------------------------------------


def test_the_default_target_is_the_runner_as_the_seed_runs_it() -> None:
    """`docker build` without a target ends with the stage that listens on 8007, takes /models and runs the runner."""
    *_, (name, last) = stages().items()
    assert name == "runner"
    assert ("EXPOSE", "8007") in last
    assert ("CMD", '["python", "-m", "gpu_runner"]') in last
    environment = dict(pair.split("=", 1) for kind, rest in last if kind == "ENV" for pair in rest.split())
    assert environment["DATA_DIR"] == "/app/data"
    assert environment["MODELS_DIR"] == "/models"
    assert environment["HOST"] == "0.0.0.0"
    assert stages()["runner"][0] == ("FROM", "train-packages AS runner")


def test_every_environment_variable_of_the_images_is_read() -> None:
    """An ENV that no settings class, Python or the hub client reads would be a flag that nothing reads."""
    set_names = {pair.split("=", 1)[0] for kind, rest in instructions() if kind == "ENV" for pair in rest.split()}
    python = {"PATH", "HF_HOME", "PYTHONUNBUFFERED", "PYTHONDONTWRITEBYTECODE", "PIP_DISABLE_PIP_VERSION_CHECK"}
    assert set_names - python <= variables().keys()


def test_images_run_as_a_user_without_rights() -> None:
    """Both final stages leave root before their command."""
    for name in ("services", "runner"):
        assert ("USER", "abhyas") in stages()[name], name


def test_the_services_image_has_no_torch() -> None:
    """The slim image is built from the core packages alone."""
    assert stages()["services"][0] == ("FROM", "core-packages AS services")
    assert "train.txt" not in str(stages()["core-packages"] + stages()["code"] + stages()["services"])


def test_what_the_dockerfile_copies_exists_and_reaches_the_engine() -> None:
    """Each copied path is in the repository and let through by .dockerignore; each stage named by --from is there."""
    let_through = [line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")]
    for kind, rest in instructions():
        if kind != "COPY":
            continue
        words = rest.split()
        if words[0].startswith("--from="):
            assert words[0].removeprefix("--from=") in stages()
            continue
        for path in words[:-1]:
            if path.startswith("/"):  # of another stage
                continue
            assert (ROOT / path).exists(), path
            assert any(fnmatch(path, pattern) for pattern in let_through), path


def test_requirements_are_read_where_pyproject_has_them() -> None:
    """The Dockerfile's one-line readers find what they look for."""
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert any(name.startswith("torch") for name in project["optional-dependencies"]["train"])
    assert not any(name.startswith(("torch", "transformers", "trl")) for name in project["dependencies"])


# ---- docker-compose.yml -------------------------------------------------------------------------------


def setting_names(name: str) -> set[str]:
    """The variables that the container's program reads; the command line reads those of all services."""
    service = SERVICES.get(name)
    return {field.upper() for field in service.model_fields} if service else set(variables())


@pytest.mark.parametrize("name", OURS)
def test_every_variable_is_one_that_the_service_reads(name: str) -> None:
    """A variable that the settings class does not know would be set in vain."""
    assert set(OURS[name]["environment"]) <= setting_names(name)


@pytest.mark.parametrize("name", OURS)
def test_every_command_exists(name: str) -> None:
    """`python -m MODULE` finds its module, and `abhyas COMMAND` its command."""
    service = OURS[name]
    words = [*service.get("entrypoint", []), *service["command"]]
    if words[0] == "python":
        assert words[1] == "-m"
        module = importlib.util.find_spec(words[2])
        assert module is not None
        if module.submodule_search_locations:
            assert importlib.util.find_spec(f"{words[2]}.__main__") is not None
    else:
        from typer.main import get_command

        from ops.cli import app

        assert words[0] == "abhyas"
        command: Any = get_command(app)
        for word in words[1:]:
            if not word.startswith("-"):
                command = command.commands[word]


@pytest.mark.parametrize("name", ["runner", "gateway", "consumers", "dashboard"])
def test_ports_are_the_services_own(name: str) -> None:
    """The published port, the health check's port and the default port are one number."""
    port = Ports().of(name)
    assert [entry.rsplit(":", 2)[1:] for entry in OURS[name]["ports"]] == [[str(port), str(port)]]
    assert OURS[name]["healthcheck"]["test"][:3] == ["CMD", "answers", str(port)]


def test_nothing_is_published_beyond_this_machine_by_default() -> None:
    """Every published port is bound to loopback, unless ABHYAS_BIND says otherwise."""
    for name, service in COMPOSE["services"].items():
        for port in service.get("ports", []):
            assert port.startswith(("127.0.0.1:", "${ABHYAS_BIND:-127.0.0.1}:")), name


def test_dependencies_can_come_true() -> None:
    """A service waits for a health check that exists, or for the end of one that is not started again."""
    services = COMPOSE["services"]
    for name, service in services.items():
        for other, wait in service.get("depends_on", {}).items():
            if wait["condition"] == "service_healthy":
                assert "healthcheck" in services[other], f"{name} waits for the health of {other}"
            else:
                assert wait["condition"] == "service_completed_successfully"
                assert services[other]["restart"] == "no", f"{name} waits for the end of {other}"


def test_secrets_have_no_default() -> None:
    """Without a secret nothing starts, and the message names it."""
    text = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
    for secret in SECRETS:
        assert f"${{{secret}:?" in text
        assert not re.search(rf"\$\{{{secret}(:?-[^}}]*)?\}}", text), f"{secret} has a default"


def test_images_are_pinned_and_volumes_declared() -> None:
    """No image floats, and what must outlive a container lies in a declared volume."""
    for name, service in COMPOSE["services"].items():
        assert re.fullmatch(r"[\w./-]+:v?\d+\.\d+\.\d+", service["image"]), name
        for volume in service.get("volumes", []):
            source = volume.split(":", 1)[0]
            assert (ROOT / source).exists() if source.startswith(".") else source in COMPOSE["volumes"], volume


def test_the_runner_reserves_a_gpu_and_the_override_takes_it_back() -> None:
    """One NVIDIA GPU by default; on a machine without, the second file removes the reservation."""
    device = OURS["runner"]["deploy"]["resources"]["reservations"]["devices"][0]
    assert device == {"driver": "nvidia", "count": 1, "capabilities": ["gpu"]}
    assert "deploy: !reset null" in (ROOT / "deploy" / "compose.cpu.yml").read_text()


def test_prometheus_scrapes_every_service() -> None:
    """Each job's target is a service of the composition on its own port."""
    config = yaml.safe_load((ROOT / "deploy" / "prometheus" / "prometheus.yml").read_text(encoding="utf-8"))
    targets = {job["job_name"]: job["static_configs"][0]["targets"] for job in config["scrape_configs"]}
    assert targets == {name: [f"{name}:{Ports().of(name)}"] for name in ("gateway", "consumers", "runner", "dashboard")}


@pytest.mark.process
def test_compose_itself_accepts_the_files() -> None:
    """`docker compose config` resolves both files, where the client has the plugin (it needs no engine)."""
    docker = shutil.which("docker")
    if docker is None or subprocess.run([docker, "compose", "version"], capture_output=True, check=False).returncode != 0:
        pytest.skip("no docker client with the compose plugin on this machine")
    secrets = dict.fromkeys(SECRETS, "0123456789abcdef")
    command = [docker, "compose", "-f", "docker-compose.yml", "-f", "deploy/compose.cpu.yml", "config", "--quiet"]
    done = subprocess.run(command, cwd=ROOT, env={**os.environ, **secrets}, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
