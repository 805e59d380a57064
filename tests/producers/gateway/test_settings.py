"""The gateway's settings."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from producers.gateway.settings import GatewaySettings, user_hash_key


def test_variables_are_read_by_their_names(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each documented variable sets its field; an empty one is as good as none."""
    monkeypatch.setenv("GATEWAY_PORT", "9008")
    monkeypatch.setenv("USER_HASH_KEY", "secret")
    monkeypatch.setenv("FEEDBACK_COLLECTION_ENABLED", "false")
    monkeypatch.setenv("GATEWAY_MAX_ITEMS", "")
    settings = GatewaySettings()
    assert (settings.gateway_port, settings.user_hash_key_bytes(), settings.feedback_collection_enabled) == (9008, b"secret", False)
    assert settings.gateway_max_items == 500


def test_the_key_comes_from_its_variable_or_file(tmp_path: Path) -> None:
    """The variable wins over DATA_DIR/user_hash.key; an empty file is no key."""
    assert user_hash_key(None, tmp_path) is None
    (tmp_path / "user_hash.key").write_text("\n")
    assert user_hash_key(None, tmp_path) is None
    (tmp_path / "user_hash.key").write_text("from file\n")
    assert user_hash_key(None, tmp_path) == b"from file"
    assert user_hash_key("given", tmp_path) == b"given"


def test_a_limit_that_allows_nothing_is_refused() -> None:
    """A body limit of zero would refuse every request."""
    with pytest.raises(ValidationError, match="gateway_max_body_bytes"):
        GatewaySettings(gateway_max_body_bytes=0)
