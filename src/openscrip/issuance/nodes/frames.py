"""Frames in an append-only file: `length u32, crc32 u32`, then the body that both are about. Little endian."""

import asyncio
import os
import struct
import zlib
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

FRAME = struct.Struct("<II")
_CHUNK = 1 << 20


class FrameBroken(Exception):
    """A frame before the end of the file was damaged. `at` is where it starts."""

    def __init__(self, at: int) -> None:
        super().__init__(f"a frame at byte {at} was damaged")
        self.at = at


def frame(body: bytes) -> bytes:
    """The body, which is not empty, with its length and checksum before it."""
    return FRAME.pack(len(body), zlib.crc32(body)) + body


def frames(file: int, size: int) -> Iterator[tuple[int, bytes]]:
    """Each whole frame of the first `size` bytes: where it ends, and its body. One that is cut off at the end is left out.

    Raises `FrameBroken` for a damaged one that is followed by something.
    """
    at, kept_from, kept = 0, 0, b""
    while at + FRAME.size <= size:
        if at + FRAME.size > kept_from + len(kept):
            kept_from, kept = at, os.pread(file, _CHUNK, at)
        length, checksum = FRAME.unpack_from(kept, at - kept_from)
        start, end = at + FRAME.size, at + FRAME.size + length
        if end > size:
            return
        if end > kept_from + len(kept):
            kept_from, kept = at, os.pread(file, max(_CHUNK, end - at), at)
        body = kept[start - kept_from : end - kept_from]
        if zlib.crc32(body) != checksum or not body:  # zeros are no frame
            if end == size:
                return
            raise FrameBroken(at)
        yield end, body
        at = end


class FrameFile:
    """An append-only file of frames. `write` hands over to the system, `durable` waits for the disk; both raise OSError."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self._written = self._synced = 0
        self._sync_running: asyncio.Task[None] | None = None

    def write(self, bodies: Sequence[bytes]) -> None:
        """Write frames of these bodies. On failure nothing of them stays."""
        written = b"".join(frame(body) for body in bodies)
        try:
            if os.pwrite(self._file, written, self._written) != len(written):
                raise OSError("log: the disk took only a part of a record")
        except OSError:
            with suppress(OSError):  # what stays is cut off at the next start
                os.ftruncate(self._file, self._written)
            raise
        self._written += len(written)

    async def durable(self) -> None:
        """Return once everything written so far is on disk. Callers that wait together share one flush."""
        target = self._written
        while self._synced < target:
            if self._sync_running is None:
                self._sync_running = asyncio.create_task(self._sync())
            await asyncio.shield(self._sync_running)

    def flush(self) -> None:
        """Put everything written so far on disk, now."""
        os.fdatasync(self._file)
        self._synced = self._written

    def close(self) -> None:
        """Flush and let go of the file."""
        self.flush()
        os.close(self._file)

    async def _sync(self) -> None:
        upto = self._written
        try:
            await asyncio.get_running_loop().run_in_executor(None, os.fdatasync, self._file)
        finally:
            self._sync_running = None
        self._synced = upto
