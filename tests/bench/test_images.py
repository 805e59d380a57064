"""What is run of the composition in podman is what the file says."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from bench.images.build import base_name, pip_mounts
from bench.images.composition import command_of, environment_of, hardening, mounts, read_composition, seconds
from bench.images.documented import documented_calls
from bench.images.stand_ins import _MADE_BY

SECRETS = dict.fromkeys(("HOLDOUT_KEY", "USER_HASH_KEY", "MINIO_ACCESS_KEY", "MINIO_SECRET_KEY"), "secret")


def test_variables_are_put_in_and_a_missing_secret_is_named() -> None:
    """A default where nothing is set, the value where it is, one dollar for two."""
    services = read_composition({**SECRETS, "TOPIC_PREFIX": "mine"}).services
    assert services["gateway"]["environment"]["TOPIC_PREFIX"] == "mine"
    assert services["gateway"]["environment"]["APP_LOG_LEVEL"] == "INFO"
    assert services["s3"]["environment"]["ROOT_SECRET_KEY"] == "secret"
    assert "$(stat" in services["s3-owner"]["command"][-1]
    with pytest.raises(ValueError, match=r"^HOLDOUT_KEY: set HOLDOUT_KEY"):
        read_composition({name: value for name, value in SECRETS.items() if name != "HOLDOUT_KEY"})


def test_a_key_that_is_not_translated_is_an_error(tmp_path: Path) -> None:
    """Nothing that the file says is passed over in silence."""
    (tmp_path / "c.yml").write_text("name: n\nservices:\n  a: {image: i, privileged: true}\n")
    with pytest.raises(ValueError, match="service a: privileged is not translated"):
        read_composition({}, tmp_path / "c.yml")


def test_up_starts_what_is_depended_on_first_and_no_tool() -> None:
    """In an order in which every wait can end."""
    composition = read_composition(SECRETS)
    order = composition.started_by_up()
    assert set(order) == set(composition.services) - {"abhyas"}
    for name in order:
        for other in composition.services[name].get("depends_on", {}):
            assert order.index(other) < order.index(name)


def test_a_service_is_translated_whole() -> None:
    """User, root, memory, capabilities and privileges; variables; volumes under the project's name; entry point and words."""
    services = read_composition(SECRETS).services
    expected = {"--cap-drop=ALL", "--read-only", "--read-only-tmpfs=false", "--tmpfs=/tmp", "--security-opt=no-new-privileges"}
    assert set(hardening(services["s3"])) == expected | {"--user=10001:10001", "--init"}
    assert {"--tmpfs=/tmp:exec", "--tmpfs=/opt/kafka/config:U"} <= set(hardening(services["kafka"]))
    assert "--read-only" not in hardening(services["runner"])
    assert {"--cap-add=CHOWN", "--user=0:0"} <= set(hardening(services["s3-owner"]))
    assert "--env=VGW_PORT=:7070" in environment_of(services["s3"])
    assert environment_of({"environment": {"A": "1", "B": "2"}}, {"A": None, "B": "3"}) == ["--env=B=3"]
    assert mounts(services["prometheus"], "abhyas", Path("/x")) == [
        "--volume=/x/deploy/prometheus:/etc/prometheus:ro",
        "--volume=abhyas_prometheus-data:/prometheus",
    ]
    assert command_of(services["abhyas"], ("status",)) == (["--entrypoint=abhyas"], ["status"])
    assert command_of(services["gateway"]) == ([], ["python", "-m", "producers.gateway"])
    assert seconds("20s") == 20


def test_the_documented_lines_are_what_is_called() -> None:
    """With the folder in the place of the shell's, and this user's number."""
    calls = documented_calls(Path("/there"))
    assert [call.words[0] for call in calls] == ["add-base", "bootstrap", "status", "tail", "export", "export"]
    assert calls[0].options == (f"--user={os.getuid()}", "--volume=/there/in:/in:ro")
    assert calls[-1].options == (f"--user={os.getuid()}", "--volume=/there/out:/out")
    with pytest.raises(ValueError, match="--publish is not translated"):
        documented_calls(Path("/there"), "docker compose run --rm --publish 1:1 abhyas status\n")


def test_every_image_of_others_has_a_stand_in() -> None:
    """Else the check would fail at its end."""
    assert set(_MADE_BY) == {name for name, service in read_composition(SECRETS).services.items() if "build" not in service}


@pytest.mark.process
def test_the_base_is_the_dockerfiles_and_pip_is_shown_settings_of_no_folder(tmp_path: Path) -> None:
    """What is mounted is read-only, and lies where pip looks."""
    assert base_name().startswith("python:3.11")
    options = pip_mounts(tmp_path)
    assert options[-1] == f"--volume={tmp_path}/pip.conf:/etc/pip.conf:ro"
    assert all(option.endswith(":ro") for option in options)
    assert "find-links" not in (tmp_path / "pip.conf").read_text()
