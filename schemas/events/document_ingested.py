"""document.ingested: a document of the ministry, or a new version of one."""

from __future__ import annotations

import hashlib
from typing import ClassVar, Self

from pydantic import BaseModel, Field, model_validator

from schemas import topics
from schemas.fields import EVENT_CONFIG, DocumentText, Group, Identifier, Language, Sha256, Tag, Title
from schemas.model_name import NamedModel


class DocumentIngested(BaseModel):
    """A document by its inline text (up to 256 KiB) or by a reference into the object store; `sha256` is of its UTF-8 text."""

    TOPIC: ClassVar[str] = topics.DOCUMENT_INGESTED
    model_config = EVENT_CONFIG

    doc_id: Identifier
    version: int = Field(default=1, ge=0)
    model: NamedModel | None = None
    sha256: Sha256
    text: DocumentText | None = None
    uri: str | None = Field(default=None, max_length=1000, pattern=r"^s3://[^/\s]+/\S+$")
    title: Title | None = None
    publisher: str | None = Field(default=None, max_length=300)
    language: Language | None = None
    source_group: Group | None = None
    tags: tuple[Tag, ...] = Field(default=(), max_length=20)

    @model_validator(mode="after")
    def _one_body(self) -> Self:
        if (self.text is None) == (self.uri is None):
            raise ValueError("text and uri: expected exactly one of them (text inline, up to 256 KiB; or uri s3://bucket/key)")
        if self.text is not None:
            body = self.text.encode()
            if len(body) > 256 * 1024:
                raise ValueError(f"text has {len(body)} bytes: expected at most 262144; larger documents go by uri")
            if hashlib.sha256(body).hexdigest() != self.sha256:
                raise ValueError("sha256 is not that of text: expected the sha256 of its UTF-8 bytes")
        return self

    def key(self) -> str:
        """The Kafka key: the document id."""
        return self.doc_id

    def event_id(self) -> str:
        """The same for every retry of this version with this content."""
        return f"{self.doc_id}:{self.version}:{self.sha256[:16]}"
