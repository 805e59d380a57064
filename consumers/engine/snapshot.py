"""A snapshot: one task's changelog up to an offset, compacted into a file. It only shortens a restore; the changelog stays the truth.

    DATA_DIR/snapshots/<prefix>/<stage>/<partition>

A file is a header in JSON on one line, frames of records (length in 4 bytes, MessagePack), and the sha256 of all before. It holds
what the changelog holds, so no user text.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final

import msgspec

from runtime.whole_files import sync_path, whole_file

# Records in a frame: about 0.5 MB. Encoding one holds the interpreter for about a millisecond.
FRAME_RECORDS: Final = 4096
# Compaction may take tombstones away 24 h after it saw them (delete.retention.ms): a snapshot that missed one would bring its key back.
MAX_AGE_S: Final = 12 * 3600
# A clock may be set back a little between two starts; a snapshot from further ahead has no known age.
MAX_AHEAD_S: Final = 300
_SHA256_BYTES: Final = 32
_LENGTH_BYTES: Final = 4

Record = tuple[bytes, bytes]


class Header(msgspec.Struct, frozen=True):
    """Whose state it is, and up to where. `version` is the state's, `shards` the number that the partition belongs under."""

    topic: str
    topic_id: str
    partition: int
    version: int
    shards: int
    changelog_next: int
    made_at_s: float
    records: int


class UnusableSnapshot(ValueError):
    """The snapshot is not to be believed, or not for this changelog: the changelog is read from its beginning instead."""


@dataclass(frozen=True, slots=True)
class Snapshots:
    """The snapshots of one stage: its folder, and the changelog (full name) whose state is in them."""

    folder: Path
    topic: str
    topic_id: str
    version: int
    now_s: Callable[[], float] = time.time

    def path(self, partition: int) -> Path:
        """The file of a partition; a newer snapshot takes its place."""
        return self.folder / str(partition)

    def write(self, partition: int, records: list[Record], *, shards: int, changelog_next: int) -> int:
        """Replaces the snapshot of a partition in one step and returns its bytes. Blocks: call it in a thread."""
        header = Header(self.topic, self.topic_id, partition, self.version, shards, changelog_next, self.now_s(), len(records))
        self.folder.mkdir(parents=True, exist_ok=True)
        with whole_file(self.path(partition)) as draft, draft.open("wb") as file:
            digest = hashlib.sha256()
            for part in _encoded(header, records):
                digest.update(part)
                file.write(part)
            file.write(digest.digest())
            size = file.tell()
        sync_path(self.folder)
        return size

    def read(self, partition: int) -> tuple[Header, list[Record]] | None:
        """The snapshot of a partition, None where there is none; raises UnusableSnapshot. Blocks: call it in a thread."""
        try:
            raw = self.path(partition).read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise UnusableSnapshot(f"it cannot be read: {error.strerror}") from None
        body = memoryview(raw)[:-_SHA256_BYTES]
        if len(raw) <= _SHA256_BYTES or hashlib.sha256(body).digest() != raw[-_SHA256_BYTES:]:
            raise UnusableSnapshot("its content does not fit its sha256: it was cut off or changed")
        line = raw.index(b"\n") + 1 if b"\n" in raw else 0
        try:
            header = msgspec.json.decode(body[:line], type=Header)
            self._check(header, partition)
            records = [record for frame in _frames(body[line:]) for record in frame]
        except msgspec.DecodeError as error:
            raise UnusableSnapshot(f"it has another form: {error}") from None
        if len(records) != header.records:
            raise UnusableSnapshot(f"{header.records} records expected and {len(records)} found")
        return header, records

    def sweep(self) -> int:
        """Deletes what is too old to be used, drafts of killed writers included; returns how many files."""
        swept = 0
        for path in self.folder.glob("*") if self.folder.is_dir() else ():
            try:
                if self.now_s() - path.stat().st_mtime > MAX_AGE_S:
                    path.unlink()
                    swept += 1
            except FileNotFoundError:
                # Another process of this data folder was faster.
                continue
        return swept

    def _check(self, header: Header, partition: int) -> None:
        if (header.topic, header.partition) != (self.topic, partition):
            raise UnusableSnapshot(f"it is of {header.topic} partition {header.partition}")
        if header.topic_id != self.topic_id:
            raise UnusableSnapshot(f"it is of a topic with id {header.topic_id}, and {self.topic} has {self.topic_id}: it was made anew")
        if header.version != self.version:
            raise UnusableSnapshot(f"its state has version {header.version}, and this release writes {self.version}")
        age_s = self.now_s() - header.made_at_s
        if not -MAX_AHEAD_S <= age_s <= MAX_AGE_S:
            raise UnusableSnapshot(f"it is {age_s / 3600:.1f} h old: expected at most {MAX_AGE_S / 3600:.0f}")


_encode: Final = msgspec.msgpack.Encoder().encode
_decode: Final = msgspec.msgpack.Decoder(list[Record]).decode


def _encoded(header: Header, records: list[Record]) -> Iterator[bytes]:
    yield msgspec.json.encode(header) + b"\n"
    source = iter(records)
    while frame := list(islice(source, FRAME_RECORDS)):
        encoded = _encode(frame)
        yield len(encoded).to_bytes(_LENGTH_BYTES, "big")
        yield encoded


def _frames(body: memoryview) -> Iterator[list[Record]]:
    start = 0
    while start < len(body):
        end = start + _LENGTH_BYTES + int.from_bytes(body[start : start + _LENGTH_BYTES], "big")
        yield _decode(body[start + _LENGTH_BYTES : end])
        start = end
