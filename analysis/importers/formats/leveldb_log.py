"""The log that an offline wandb run is written to: records in chunks, chunks in blocks.

The file begins with `:W&B`, a magic number and a version. Blocks of 32 KiB follow, the first one
counted from the beginning of the file; a record is one chunk or several, and a chunk never crosses
a block. A chunk is a checksum (CRC-32 of type and data), a length, a type, and data. This is the
log format of LevelDB (`doc/log_format.md` there) with another checksum.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator

IDENT = b":W&B"
FILE_HEADER = struct.Struct("<4sHB")  # ident, magic, version
CHUNK_HEADER = struct.Struct("<IHB")  # checksum, length, type
MAGIC = 0xBEE1
BLOCK = 32 * 1024
FULL, FIRST, MIDDLE, LAST = 1, 2, 3, 4


def is_wandb(content: bytes) -> bool:
    """Whether the content begins as a `run-ID.wandb` file does."""
    return content[:4] == IDENT


def records(content: bytes) -> list[bytes]:
    """Every whole record of a file, in order; damaged and torn ones are left out.

    Writers before wandb 0.17 did not agree whether blocks are counted from the beginning of the
    file or from the end of its header, so that both are tried and the one that fits is taken.
    """
    found = [list(_records(content, start)) for start in (0, FILE_HEADER.size)]
    return max(found, key=len)


def _records(content: bytes, start: int) -> Iterator[bytes]:
    parts: list[bytes] = []
    for kind, data in _chunks(content, start):
        if kind in (FULL, FIRST):
            parts = [data]
        elif parts:
            parts.append(data)
        if kind in (FULL, LAST) and parts:
            yield b"".join(parts)
        if kind not in (FIRST, MIDDLE):
            parts = []


def _chunks(content: bytes, start: int) -> Iterator[tuple[int, bytes]]:
    """(type, data) of each sound chunk; type 0 where something is missing before the next one."""
    at = FILE_HEADER.size
    while at + CHUNK_HEADER.size <= len(content):
        block_end = at - (at - start) % BLOCK + BLOCK
        if at + CHUNK_HEADER.size > block_end:
            at = block_end
            continue
        checksum, length, kind = CHUNK_HEADER.unpack_from(content, at)
        begin = at + CHUNK_HEADER.size
        data = content[begin : begin + length]
        whole = len(data) == length and begin + length <= block_end
        if (
            whole
            and FULL <= kind <= LAST
            and checksum == zlib.crc32(data, zlib.crc32(bytes([kind])))
        ):
            yield kind, data
            at = begin + length
        else:
            yield 0, b""
            at = block_end
