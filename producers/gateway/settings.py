"""The gateway's settings."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from runtime.settings import ServiceSettings


class GatewaySettings(ServiceSettings):
    """Environment variables of the gateway, beside those of every service (`runtime.settings`).

    HOST, GATEWAY_PORT              where it listens (127.0.0.1:8008)
    USER_HASH_KEY                   the secret that turns a raw `user` into its hash; unset: DATA_DIR/user_hash.key;
                                    without either, a request with `user` is refused
    FEEDBACK_COLLECTION_ENABLED     false: feedback is refused with 403, documents are taken
    GATEWAY_MAX_BODY_BYTES          the largest request body (4 MiB), counted while it is read
    GATEWAY_MAX_ITEMS               the most items of one batch (500)
    GATEWAY_ACK_TIMEOUT_S           how long a request waits for Kafka before it is answered with 503 (10)
    CONSUMERS_URL                   where the stream processor says how many samples an erasure meets and, on the embedded broker, how far
                                    stage 1 is (http://127.0.0.1:8010)
    """

    host: str = "127.0.0.1"
    gateway_port: int = Field(default=8008, ge=0, le=65535)
    user_hash_key: str | None = None
    feedback_collection_enabled: bool = True
    gateway_max_body_bytes: int = Field(default=4 * 1024 * 1024, ge=1024)
    gateway_max_items: int = Field(default=500, ge=1)
    gateway_ack_timeout_s: float = Field(default=10.0, gt=0)
    consumers_url: str = "http://127.0.0.1:8010"

    def user_hash_key_bytes(self) -> bytes | None:
        """The key of user hashes; None where there is none."""
        return user_hash_key(self.user_hash_key, self.data_dir)

    def names_key_bytes(self) -> bytes | None:
        """The key that names with an identity number are hashed by, the holdout key; None where there is none."""
        return names_key(self.holdout_key, self.data_dir)


def user_hash_key(given: str | None, data_dir: Path) -> bytes | None:
    """The key that was given, else what DATA_DIR/user_hash.key holds, else None."""
    return _key(given, data_dir / "user_hash.key")


def names_key(given: str | None, data_dir: Path) -> bytes | None:
    """The holdout key that was given, else what DATA_DIR/holdout.key holds, else None."""
    return _key(given, data_dir / "holdout.key")


def _key(given: str | None, path: Path) -> bytes | None:
    if given:
        return given.encode()
    return path.read_bytes().strip() or None if path.is_file() else None
