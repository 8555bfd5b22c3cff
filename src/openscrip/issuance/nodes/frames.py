"""Frames in an append-only file: `length u32, crc32 u32`, then the body that both are about. Little endian."""

import os
import struct
import zlib
from collections.abc import Iterator

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
