"""Images that only a registry has, made from the same programs: Apache Kafka's jars, versitygw by Go, Debian's Prometheus.

Each has the user, the folders and the start of the image that it stands for, as far as the composition relies on them.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from bench.images.build import base_name, build_stand_in
from bench.images.composition import Composition
from bench.images.podman import ImagesUnavailable, Podman
from ops.stack.brokers.kafka_jars import fetch_jars

KEPT: Final = Path(__file__).parents[2] / ".abhyas"

_KAFKA: Final = """
FROM {base}
RUN apt-get update -q && apt-get install -q -y --no-install-recommends openjdk-17-jre-headless \\
 && useradd --uid 1000 --create-home appuser \\
 && mkdir -p /opt/kafka/config /opt/kafka/logs /etc/kafka/docker /etc/kafka/secrets /mnt/shared/config /var/lib/kafka/data \\
 && touch /etc/kafka/docker/server.properties /etc/kafka/docker/log4j2.yaml /etc/kafka/docker/tools-log4j2.yaml \\
 && chown -R appuser /opt/kafka /etc/kafka /mnt/shared/config /var/lib/kafka
COPY libs /opt/kafka/libs
COPY run /etc/kafka/docker/run
USER appuser
VOLUME ["/etc/kafka/secrets", "/var/lib/kafka/data", "/mnt/shared/config"]
CMD ["/etc/kafka/docker/run"]
"""
# As the image's own `configure` and `launch`: the configuration is written by Kafka's wrapper, the storage formatted once.
_KAFKA_RUN: Final = """#!/bin/bash
[ -w /opt/kafka/config ] || { echo "/opt/kafka/config is not writable" >&2; exit 1; }
said=$(java -cp '/opt/kafka/libs/*' kafka.docker.KafkaDockerWrapper setup --default-configs-dir /etc/kafka/docker \\
  --mounted-configs-dir /mnt/shared/config --final-configs-dir /opt/kafka/config 2>&1) \\
  || grep -qi "already formatted" <<< "$said" || { echo "$said" >&2; exit 1; }
exec java -Xmx512m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Xlog:gc*:file=/opt/kafka/logs/kafkaServer-gc.log \\
  -Dorg.slf4j.simpleLogger.defaultLogLevel=warn -cp '/opt/kafka/libs/*' kafka.Kafka /opt/kafka/config/server.properties
"""
_S3: Final = """
FROM {base}
RUN apt-get update -q && apt-get install -q -y --no-install-recommends wget
COPY versitygw run /usr/local/bin/
CMD ["/usr/local/bin/run"]
"""
_S3_RUN: Final = """#!/bin/sh
exec /usr/local/bin/versitygw "$VGW_BACKEND" "$VGW_BACKEND_ARG"
"""
_PROMETHEUS: Final = """
FROM {base}
RUN apt-get update -q && apt-get install -q -y --no-install-recommends wget \\
 && mkdir /prometheus && chown nobody:nogroup /prometheus
COPY prometheus /bin/prometheus
USER nobody
VOLUME ["/prometheus"]
CMD ["/bin/prometheus", "--config.file=/etc/prometheus/prometheus.yml", "--storage.tsdb.path=/prometheus"]
"""


def versitygw(version: str) -> Path:
    """The S3 server's program, built once by Go and kept (2 to 3 minutes of CPU the first time)."""
    program = KEPT / "versitygw" / version / "versitygw"
    if not program.is_file():
        if shutil.which("go") is None:
            raise ImagesUnavailable("not installed: go, which builds the S3 server")
        program.parent.mkdir(parents=True, exist_ok=True)
        environment = {**os.environ, "GOBIN": str(program.parent.resolve()), "CGO_ENABLED": "0"}
        command = ["go", "install", f"github.com/versity/versitygw/cmd/versitygw@{version}"]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=1_800, check=False)
        if done.returncode:
            raise ImagesUnavailable(f"Go could not build versitygw {version}: {done.stderr[-1000:]}")
    return program


def _kafka(context: Path, _version: str) -> str:
    shutil.copytree(fetch_jars(KEPT / "kafka" / "libs"), context / "libs")
    _script(context / "run", _KAFKA_RUN)
    return _KAFKA


def _s3(context: Path, version: str) -> str:
    shutil.copy(versitygw(version), context / "versitygw")
    _script(context / "run", _S3_RUN)
    return _S3


def _prometheus(context: Path, _version: str) -> str:
    program = shutil.which("prometheus")
    if program is None:
        raise ImagesUnavailable("not installed: prometheus")
    shutil.copy(program, context / "prometheus")
    return _PROMETHEUS


_MADE_BY: Final[Mapping[str, Callable[[Path, str], str]]] = {"kafka": _kafka, "s3": _s3, "prometheus": _prometheus}


def make_stand_ins(podman: Podman, composition: Composition) -> None:
    """An image under the name of each service's that is not built here; raises ImagesUnavailable for what a stand-in needs."""
    for name, service in composition.services.items():
        if "build" in service:
            continue
        context = podman.folder / f"context-{name}"
        context.mkdir()
        dockerfile = _MADE_BY[name](context, service["image"].rpartition(":")[2])
        (context / "Dockerfile").write_text(dockerfile.format(base=base_name()))
        build_stand_in(podman, context, f"docker.io/{service['image']}")
        shutil.rmtree(context)


def _script(path: Path, text: str) -> None:
    path.write_text(text)
    path.chmod(0o755)
