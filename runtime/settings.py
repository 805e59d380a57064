"""The settings that every service shares, from environment variables of the same names in upper case."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from runtime.kafka.connection import KafkaConnection
from schemas.model_name import NamedModel


class KafkaSettings(BaseSettings):
    """How Kafka is reached."""

    model_config = SettingsConfigDict(extra="ignore", env_ignore_empty=True)

    kafka_bootstrap_servers: str = Field("127.0.0.1:29092", description="Addresses of the brokers, `host:port` with commas between.")
    kafka_embedded: bool = Field(False, description="`true` only for the embedded broker, which `abhyas up` sets by itself.")
    kafka_security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = Field(
        "PLAINTEXT", description="`PLAINTEXT`, `SSL`, `SASL_PLAINTEXT` or `SASL_SSL`."
    )
    kafka_sasl_mechanism: str = Field("SCRAM-SHA-512", description="With SASL: the mechanism.")
    kafka_sasl_username: str | None = Field(None, description="With SASL: the user.")
    kafka_sasl_password: str | None = Field(None, description="With SASL: the password. Secret.")
    kafka_ca_file: str | None = Field(None, description="With SSL: the certificate authorities to trust; unset: the system's.")
    topic_prefix: str = Field(
        "abhyas",
        pattern=r"^[a-z0-9][a-z0-9._-]{0,40}$",
        description="First part of every topic's name, so that one cluster can hold several installations.",
    )

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


class ServiceSettings(KafkaSettings):
    """The data folder, the holdout key and logging, beside Kafka; a service's own settings class adds its fields to these.

    An unset `HOLDOUT_KEY` is read from `DATA_DIR/holdout.key`, which `abhyas up` makes once: every service of an
    installation must assign the same holdout.
    """

    data_dir: Path = Field(Path("data"), description="The data folder; `/app/data` in the images.")
    default_model: NamedModel = Field(
        "llama-3.1-8b-instruct-awq", description="The model of an event that names none, by its name or slug (`docs/api.md`)."
    )
    holdout_key: str | None = Field(
        None, description="Assigns the holdout, the same everywhere and for ever. Unset: what `DATA_DIR/holdout.key` holds. Secret."
    )
    holdout_percent: int = Field(10, ge=0, le=50, description="Share of source groups that are held out, in percent.")
    app_debug: bool = Field(False, description="`true`: debug logs, whatever `APP_LOG_LEVEL` says.")
    app_log_level: str = Field("INFO", description="`DEBUG`, `INFO`, `WARNING`, `ERROR` or `CRITICAL`.")

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


class ListeningSettings(ServiceSettings):
    """Where a service that answers HTTP listens, beside its port."""

    host: str = Field("127.0.0.1", description="The address to listen on; `0.0.0.0` in the images.")


class CollectionSettings(ServiceSettings):
    """Whether feedback is collected, for the services that it passes through."""

    feedback_collection_enabled: bool = Field(
        True, description="`false`: the gateway refuses feedback and turns with 403, and stage 1 counts them without collecting them."
    )


class ConsumersAddress(ServiceSettings):
    """Where the stream processor answers, for whoever asks it."""

    consumers_url: str = Field(
        "http://127.0.0.1:8010",
        description="Where the consumers answer: for the live page, the `abhyas` commands and the gateway (what an erasure meets; the "
        "embedded broker).",
    )


class RunLimit(ServiceSettings):
    """How long a run may take, for the services that end one."""

    run_max_hours: float = Field(24, gt=0, description="A run older than this is cancelled.")


class StoreSettings(ServiceSettings):
    """Where the artifact store is, for the services that read or write it."""

    artifacts_dir: Path | None = Field(
        None, description="Folder of the local artifact store; unset: `DATA_DIR/models`. Not used with `MINIO_ENDPOINT`."
    )
    minio_endpoint: str | None = Field(None, description="`host:port` of an S3 server; unset: the local store.")
    minio_access_key: str | None = Field(None, description="Its access key.")
    minio_secret_key: SecretStr | None = Field(None, description="Its secret key. Secret.")
    minio_secure: bool = Field(False, description="`true`: HTTPS.")
    minio_ca_file: Path | None = Field(None, description="With HTTPS: the certificate authorities to trust; unset: the system's.")
    minio_region: str | None = Field(
        None,
        pattern=r"^[A-Za-z0-9][A-Za-z0-9-]{0,62}$",
        description="Its region. Unset: the server is asked (`s3:GetBucketLocation`), or `us-east-1` where the key may not ask.",
    )
    minio_bucket: str = Field(
        "models", pattern=r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", description="The bucket; `s3://models/…` in a request names it."
    )

    def artifacts_root(self) -> Path:
        """The folder of the local artifact store."""
        return self.artifacts_dir or self.data_dir / "models"

    def cache_dir(self) -> Path:
        """Where files of a remote store are kept; anything in it may be deleted while the service does not run."""
        return self.data_dir / "cache"
