"""The gateway's settings."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from runtime.settings import CollectionSettings, ConsumersAddress, ListeningSettings


class GatewaySettings(ListeningSettings, CollectionSettings, ConsumersAddress):
    """What the gateway is set by; the shared variables are in `runtime.settings`."""

    gateway_port: int = Field(8008, ge=0, le=65535, description="Its port.")
    user_hash_key: str | None = Field(
        None, description="Turns raw user ids into hashes; without one, refused. Unset: what `DATA_DIR/user_hash.key` holds. Secret."
    )
    gateway_max_body_bytes: int = Field(4 * 1024 * 1024, ge=1024, description="The largest request body, counted while it is read.")
    gateway_max_items: int = Field(500, ge=1, description="The most items of one batch.")
    gateway_ack_timeout_s: float = Field(10.0, gt=0, description="How long a request waits for Kafka before it is answered with 503.")

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
