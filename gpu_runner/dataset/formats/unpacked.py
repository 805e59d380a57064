"""The bytes of a file, gzip-compressed or not: told by its content, whatever it is called, and bounded when it is unpacked."""

from __future__ import annotations

import gzip
import io
import zlib
from typing import Any, BinaryIO, Final, cast

from gpu_runner.dataset.fields import DataError
from schemas.reading.json_text import BOM, foreign

GZIP: Final = b"\x1f\x8b"
# Above any dataset of questions by far; a few kilobytes can unpack to more than a disk holds.
MOST_UNPACKED_BYTES: Final = 1024 * 1024 * 1024
_PART_BYTES: Final = 64 * 1024
_DAMAGED: Final = (OSError, EOFError, zlib.error)


def unpacked(handle: BinaryIO, name: str, *, most_bytes: int = MOST_UNPACKED_BYTES) -> BinaryIO:
    """The content of an open file that is called `name`, from its start and seekable; raises DataError for one that is no text of ours.

    What is gzip-compressed is unpacked while it is read, and refused (DataError, from the read) where it is damaged or unpacks to more than
    `most_bytes`. Compressed twice, zip, UTF-16 and UTF-32 are refused at once.
    """
    start = _start(handle)
    if start.startswith(GZIP):
        handle = cast(BinaryIO, io.BufferedReader(_Gunzipped(handle, name, most_bytes)))
        start = _start(handle)
    if (stated := foreign(start)) is not None:
        raise DataError(f"{name}: {stated}")
    return handle


def unpacked_start(data: bytes, name: str, *, whole: bool, most_bytes: int) -> tuple[bytes, bool]:
    """The first `most_bytes` of what the first bytes of a file unpack to, and whether that is all of it; `data` itself where it is plain.

    Raises DataError for a damaged file, and for one that holds no text of ours.
    """
    if not data.startswith(GZIP):
        return data, whole
    found, file = bytearray(), gzip.GzipFile(fileobj=io.BytesIO(data))
    try:
        while len(found) <= most_bytes and (part := file.read1(_PART_BYTES)):
            found += part
    except _DAMAGED as error:
        if whole or isinstance(error, zlib.error):
            raise _damaged(name) from None
    if (stated := foreign(bytes(found[:8]))) is not None:
        raise DataError(f"{name}: {stated}")
    return bytes(found[:most_bytes]), whole and len(found) <= most_bytes


def _start(handle: BinaryIO) -> bytes:
    handle.seek(0)
    start = handle.read(8).removeprefix(BOM)
    handle.seek(0)
    return start


def _damaged(name: str) -> DataError:
    return DataError(f"{name}: is compressed (gzip) and damaged or cut off: compress it again")


class _Gunzipped(io.RawIOBase):
    """Unpacks while it is read; seeking back starts again."""

    def __init__(self, handle: BinaryIO, name: str, most_bytes: int) -> None:
        super().__init__()
        self._file = gzip.GzipFile(fileobj=handle, mode="rb")
        self._name = name
        self._most = most_bytes

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._file.tell()

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        return self._file.seek(offset, whence)

    def readinto(self, buffer: Any) -> int:
        try:
            data = self._file.read(len(buffer))
        except _DAMAGED:
            raise _damaged(self._name) from None
        if self._file.tell() > self._most:
            raise DataError(f"{self._name}: unpacks to more than {self._most} bytes: expected less, or the file as it is, unpacked")
        buffer[: len(data)] = data
        return len(data)
