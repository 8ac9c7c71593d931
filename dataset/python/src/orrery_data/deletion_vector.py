"""Rows of a file that are gone: the blob ``deletion-vector-v1`` of Apache Iceberg (puffin-spec.md)."""

from __future__ import annotations

import struct
import zlib

from .errors import OrreryError

FILE_ROWS_MAX = 2**25
MAGIC = b"\xd1\xd3\x39\x64"
CHUNK_ROWS = 2**16
BITMAP_BYTES = 8192
ARRAY_VALUES_MAX = 4096
COOKIE, COOKIE_WITH_RUNS = 12346, 12347
OFFSETS_FROM = 4
"""With runs, so many containers have the header of their offsets."""


def kept_rows(blob: bytes, rows: int) -> bytearray:
    """One byte for each row of the file: 1 where it is there, 0 where it is gone.

    :raises OrreryError: ``invalid_record`` for bytes that are no such blob
    """
    kept = bytearray(b"\x01") * rows
    try:
        _delete(_vector_of(blob), kept)
    except (ValueError, struct.error, IndexError) as error:
        raise OrreryError("invalid_record", f"A deletion vector cannot be read: {error}.") from error
    return kept


def _vector_of(blob: bytes) -> bytes:
    (size,) = struct.unpack_from(">I", blob)
    if size != len(blob) - 8 or blob[4:8] != MAGIC:
        raise ValueError("it does not begin as one")
    if struct.unpack(">I", blob[-4:]) != (zlib.crc32(blob[4:-4]),):
        raise ValueError("its checksum is another")
    return blob[8:-4]


def _delete(vector: bytes, kept: bytearray) -> None:
    """A 64-bit Roaring bitmap in the portable format (RoaringFormatSpec, "extension for 64-bit implementations")."""
    (bitmaps,) = struct.unpack_from("<Q", vector)
    if bitmaps == 0:
        return
    if bitmaps != 1 or struct.unpack_from("<I", vector, 8) != (0,):
        raise ValueError("it has rows beyond 2^32")
    at = 12
    (cookie,) = struct.unpack_from("<I", vector, at)
    at += 4
    runs = b""
    if cookie & 0xFFFF == COOKIE_WITH_RUNS:
        containers = (cookie >> 16) + 1
        runs = vector[at : at + (containers + 7) // 8]
        at += len(runs)
    elif cookie == COOKIE:
        (containers,) = struct.unpack_from("<I", vector, at)
        at += 4
    else:
        raise ValueError("it is no Roaring bitmap")
    if containers > CHUNK_ROWS:
        raise ValueError(f"it claims {containers} containers")
    heads = struct.unpack_from(f"<{2 * containers}H", vector, at)
    at += 4 * containers
    if not runs or containers >= OFFSETS_FROM:
        at += 4 * containers
    for n in range(containers):
        first, values = heads[2 * n] * CHUNK_ROWS, heads[2 * n + 1] + 1
        if runs and runs[n // 8] >> n % 8 & 1:
            at = _delete_runs(vector, at, first, kept)
        elif values > ARRAY_VALUES_MAX:
            at = _delete_bitmap(vector, at, first, kept)
        else:
            for value in struct.unpack_from(f"<{values}H", vector, at):
                kept[first + value] = 0
            at += 2 * values
    if at != len(vector):
        raise ValueError("it goes on behind its end")


def _delete_runs(vector: bytes, at: int, first: int, kept: bytearray) -> int:
    count = int.from_bytes(vector[at : at + 2], "little")
    pairs = struct.unpack_from(f"<{2 * count}H", vector, at + 2)
    for start, more in zip(pairs[::2], pairs[1::2]):
        begin, end = first + start, first + start + more + 1
        if end > len(kept):
            raise IndexError("it has rows behind the end of the file")
        kept[begin:end] = bytes(end - begin)
    return at + 2 + 4 * count


def _delete_bitmap(vector: bytes, at: int, first: int, kept: bytearray) -> int:
    bits = vector[at : at + BITMAP_BYTES]
    if len(bits) < BITMAP_BYTES:
        raise ValueError("it is cut off")
    for byte, value in enumerate(bits):
        for bit in range(8) if value else ():
            if value >> bit & 1:
                kept[first + 8 * byte + bit] = 0
    return at + BITMAP_BYTES
