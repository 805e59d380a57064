"""Java, and Apache Kafka's jars from Maven Central: found, fetched once, or an error that says what to install."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Final

POM: Final = Path(__file__).with_name("pom.xml")
OLDEST_JAVA: Final = 17  # Kafka 4's brokers are compiled for it


class KafkaUnavailable(RuntimeError):
    """Apache Kafka cannot be had on this machine as it is: Java, Maven or the jars are missing; the message says which."""


def kafka_version() -> str:
    """The version that pom.xml asks for."""
    found = re.search(r"<kafka\.version>([^<]+)</kafka\.version>", POM.read_text())
    if found is None:
        raise KafkaUnavailable(f"{POM} names no kafka.version")
    return found.group(1)


def java() -> str:
    """The Java to run: `$JAVA_HOME/bin/java`, else `java` on PATH; raises KafkaUnavailable below Java 17."""
    home = os.environ.get("JAVA_HOME")
    program = str(Path(home) / "bin" / "java") if home else shutil.which("java")
    if program is None:
        raise KafkaUnavailable(f"Apache Kafka needs Java {OLDEST_JAVA} or newer: install it, or set JAVA_HOME (`java` is not on PATH)")
    try:
        said = subprocess.run([program, "-version"], capture_output=True, text=True, timeout=30, check=True).stderr
    except (OSError, subprocess.SubprocessError) as error:
        raise KafkaUnavailable(f"Apache Kafka needs Java {OLDEST_JAVA} or newer, but {program} did not run: {error}") from error
    found = re.search(r'version "(\d+)', said)
    if found is None or int(found.group(1)) < OLDEST_JAVA:
        version = said.splitlines()[0] if said else "of unknown version"
        raise KafkaUnavailable(f"Apache Kafka needs Java {OLDEST_JAVA} or newer; {program} is {version}: install one or set JAVA_HOME")
    return program


def fetch_jars(libs: Path) -> Path:
    """The folder `libs` with pom.xml's jars, fetched by Maven unless they are there already (45 MB, about 10 s).

    Maven writes into a folder beside it that is renamed at the end, so an interrupted fetch leaves nothing that looks complete.
    """
    proof = libs / f"kafka_2.13-{kafka_version()}.jar"
    if proof.is_file():
        return libs
    maven = shutil.which("mvn")
    if maven is None:
        raise KafkaUnavailable(f"Apache Kafka's jars are not in {libs} and Maven is not on PATH to fetch them: install Maven (`mvn`)")
    libs.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=f"{libs.name}.", dir=libs.parent))
    try:
        command = [maven, "-q", "-B", "-f", str(POM), "dependency:copy-dependencies"]
        command += [f"-DoutputDirectory={draft.resolve()}", "-DincludeScope=runtime"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
        if done.returncode:
            raise KafkaUnavailable(f"Maven could not fetch Apache Kafka {kafka_version()}:\n{(done.stdout + done.stderr)[-2000:]}")
        if proof.is_file():
            return libs  # another command fetched them meanwhile, and a broker may run from them
        draft.chmod(0o755)
        if libs.exists():
            shutil.rmtree(libs)  # the jars of another version
        draft.replace(libs)
    except subprocess.TimeoutExpired as error:
        raise KafkaUnavailable(f"Maven did not fetch Apache Kafka {kafka_version()} within 600 s: is Maven Central reachable?") from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return libs
