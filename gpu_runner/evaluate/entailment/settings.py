"""Which models judge claims beside the rules."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class GroundingSettings(BaseSettings):
    """None by default: the rules judge."""

    model_config = SettingsConfigDict(extra="ignore", env_ignore_empty=True)

    grounding_entailment_path: Path | None = Field(
        None, description="A model of entailment in transformers' form, in a local folder: it judges claims in the place of the rules."
    )
    grounding_entailment_url: str | None = Field(
        None, description="The same from a server that speaks OpenAI's protocol: the address with its `/v1`, where chat is asked."
    )
    grounding_entailment_model: str | None = Field(None, description="The chat model's name at that server.")
    grounding_embeddings_url: str | None = Field(
        None, description="A server with embeddings, in the same protocol: they choose the sentences that a claim is held against."
    )
    grounding_embeddings_model: str | None = Field(None, description="The embedding model's name at that server.")
    grounding_api_key: SecretStr | None = Field(None, description="The key that both servers are given. Secret.")
    grounding_timeout_s: float = Field(30, gt=0, description="How long a model may take for a claim; after it the rules judge that claim.")

    def unsettled(self) -> str | None:
        """What of these contradicts itself or is not complete, in a sentence; None where nothing does."""
        if self.grounding_entailment_path is not None and self.grounding_entailment_url is not None:
            return "GROUNDING_ENTAILMENT_PATH and GROUNDING_ENTAILMENT_URL are both set: expected one of them"
        for kind in ("entailment", "embeddings"):
            if (getattr(self, f"grounding_{kind}_url") is None) != (getattr(self, f"grounding_{kind}_model") is None):
                name = f"GROUNDING_{kind.upper()}"
                return f"{name}_URL and {name}_MODEL go together: set both or neither"
        return None
