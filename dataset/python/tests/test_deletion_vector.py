from __future__ import annotations

import base64
import random
import struct
import zlib
from typing import Any

import pytest

from orrery_data import OrreryError
from orrery_data.deletion_vector import kept_rows


def test_rows_are_those_that_the_service_deleted(service: dict[str, Any]) -> None:
    assert len(service["vectors"]) == 6
    for vector in service["vectors"]:
        kept = kept_rows(base64.b64decode(vector["blob"]), vector["rows"])
        assert len(kept) == vector["rows"] and [row for row, is_kept in enumerate(kept) if not is_kept] == vector["deleted"]


def sealed(vector: bytes) -> bytes:
    body = b"\xd1\xd3\x39\x64" + vector
    return struct.pack(">I", len(body)) + body + struct.pack(">I", zlib.crc32(body))


def test_bytes_of_a_stranger_are_refused(service: dict[str, Any]) -> None:
    randoms = random.Random(12)
    refused = 0
    for vector in service["vectors"]:
        blob = base64.b64decode(vector["blob"])
        for _ in range(30):
            at = randoms.randrange(len(blob))
            # One byte is another, or it is cut off; then with a checksum that fits.
            for other in (blob[:at], blob[:at] + bytes([blob[at] ^ 255]) + blob[at + 1 :], sealed(blob[8:-4][:at]), sealed(mutated(blob[8:-4], randoms))):
                try:
                    assert len(kept_rows(other, vector["rows"])) == vector["rows"]
                except OrreryError as error:
                    assert error.code == "invalid_record"
                    refused += 1
    assert refused > 360


def mutated(vector: bytes, randoms: random.Random) -> bytes:
    at = randoms.randrange(len(vector))
    return vector[:at] + bytes([randoms.randrange(256)]) + vector[at + 1 :]


def test_rows_behind_the_end_are_refused(service: dict[str, Any]) -> None:
    for vector in service["vectors"]:
        if vector["deleted"]:
            with pytest.raises(OrreryError):
                kept_rows(base64.b64decode(vector["blob"]), max(vector["deleted"]))
