"""The settings that every service shares, from environment variables of the same names in upper case."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from runtime.kafka.connection import KafkaConnection
from schemas.model_name import NamedModel


class ServiceSettings(BaseSettings):
    """Kafka, the data folder, the holdout key and logging; a service's own settings class adds its fields to these.

    An unset `HOLDOUT_KEY` is read from `DATA_DIR/holdout.key`, which `abhyas up` makes once: every service of an
    installation must assign the same holdout.
    """

    model_config = SettingsConfigDict(extra="ignore", env_ignore_empty=True)

    kafka_bootstrap_servers: str = "127.0.0.1:29092"
    kafka_embedded: bool = False
    kafka_security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = "PLAINTEXT"
    kafka_sasl_mechanism: str = "SCRAM-SHA-512"
    kafka_sasl_username: str | None = None
    kafka_sasl_password: str | None = None
    kafka_ca_file: str | None = None
    topic_prefix: str = Field(default="abhyas", pattern=r"^[a-z0-9][a-z0-9._-]{0,40}$")
    data_dir: Path = Path("data")
    default_model: NamedModel = "llama-3.1-8b-instruct-awq"
    holdout_key: str | None = None
    holdout_percent: int = Field(default=10, ge=0, le=50)
    app_debug: bool = False
    app_log_level: str = "INFO"

    def connection(self) -> KafkaConnection:
        """How to reach Kafka."""
        return KafkaConnection(
            bootstrap_servers=self.kafka_bootstrap_servers,
            topic_prefix=self.topic_prefix,
            embedded=self.kafka_embedded,
            security_protocol=self.kafka_security_protocol,
            sasl_mechanism=self.kafka_sasl_mechanism,
            sasl_username=self.kafka_sasl_username,
            sasl_password=self.kafka_sasl_password,
            ca_file=self.kafka_ca_file,
        )

    def holdout_key_bytes(self) -> bytes:
        """The key of the holdout; raises ValueError that says how to make one where there is none."""
        if self.holdout_key:
            return self.holdout_key.encode()
        path = self.data_dir / "holdout.key"
        try:
            key = path.read_bytes().strip() if path.is_file() else None
        except OSError as error:
            raise ValueError(f"HOLDOUT_KEY is not set and {path} can't be read ({error.strerror}): let this service read it") from None
        if key == b"":
            raise ValueError(f"HOLDOUT_KEY is not set and {path} is empty: put the key back, the same for every service")
        if key is not None:
            return key
        raise ValueError(f"HOLDOUT_KEY is not set and {path} does not exist: set it to a long random string, the same for every service")


class StoreSettings(ServiceSettings):
    """Where the artifact store is, for the services that read or write it."""

    artifacts_dir: Path | None = None
    minio_endpoint: str | None = None
    minio_access_key: str | None = None
    minio_secret_key: SecretStr | None = None
    minio_secure: bool = False
    minio_ca_file: Path | None = None
    minio_region: str | None = Field(default=None, pattern=r"^[A-Za-z0-9][A-Za-z0-9-]{0,62}$")
    minio_bucket: str = Field(default="models", pattern=r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$")

    def artifacts_root(self) -> Path:
        """The folder of the local artifact store."""
        return self.artifacts_dir or self.data_dir / "models"

    def cache_dir(self) -> Path:
        """Where files of a remote store are kept; anything in it may be deleted while the service does not run."""
        return self.data_dir / "cache"
