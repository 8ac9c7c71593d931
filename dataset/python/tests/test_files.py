from __future__ import annotations

import io
import json
import random
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet
import pytest

from orrery_data import OrreryError, wire
from orrery_data.exchange import Exchange
from orrery_data.files import VersionFiles

from conftest import Scripted

SCHEMA = pyarrow.schema([("id", "string"), ("at", pyarrow.timestamp("us", "UTC")), ("later", "int32")])


def parquet_file(rows: int) -> bytes:
    """As an older writer wrote them: milliseconds, and a column less."""
    table = pyarrow.table({"id": [str(n) for n in range(rows)], "at": pyarrow.array(range(rows), pyarrow.timestamp("ms", "UTC"))})
    sink = io.BytesIO()
    pyarrow.parquet.write_table(table, sink, row_group_size=100)
    return sink.getvalue()


class Served:
    """A store of one file, whose URLs end after some reads."""

    def __init__(self, body: bytes, **listed: Any) -> None:
        self.body, self.listed, self.lists, self.reads, self.bytes = body, listed, 0, 0, 0

    def read(self, url: str, start: int, size: int) -> bytes:
        self.reads += 1
        if url != f"list {self.lists}" or self.reads % 2 == 0:
            raise OrreryError("forbidden", "expired", status=403)
        self.bytes += size
        return self.body[start : start + size]

    def files(self) -> VersionFiles:
        def listing() -> Any:
            self.lists += 1
            yield {"key": "k", "name": "k", "bytes": len(self.body), "rows": 250, "url": f"list {self.lists}", "deletes": None, **self.listed}

        exchange: Any = self
        return VersionFiles(exchange, listing)


def test_urls_that_end_are_asked_for_again() -> None:
    served = Served(parquet_file(250))
    rows = [row for batch in served.files().batches("k", SCHEMA) for row in batch.to_pylist()]
    assert [row["id"] for row in rows] == [str(n) for n in range(250)]
    assert rows[7]["at"].microsecond == 7000 and rows[7]["later"] is None
    assert served.lists > 1
    later = pyarrow.schema([("later", "int32")])
    assert sum(batch.num_rows for batch in served.files().batches("k", later)) == 250


def test_a_row_group_of_the_wanted_columns_is_read_at_a_time() -> None:
    table = pyarrow.table({"id": [str(n) for n in range(250)], "text": [random.Random(n).randbytes(4000).hex() for n in range(250)]})
    sink = io.BytesIO()
    pyarrow.parquet.write_table(table, sink, row_group_size=50)
    served = Served(sink.getvalue())
    texts = served.files().batches("k", pyarrow.schema([("text", "string")]))
    assert next(texts).num_rows == 50
    assert served.bytes < len(served.body) / 2
    ids = Served(sink.getvalue())
    assert sum(batch.num_rows for batch in ids.files().batches("k", SCHEMA)) == 250
    assert ids.bytes < len(ids.body) / 4


@pytest.mark.parametrize(
    ("listed", "code"),
    [({"rows": 249}, "data_unreadable"), ({"url": None}, "not_found"), ({"key": "other"}, "not_found"), ({"rows": 2**40, "deletes": {"bytes": 2**40}}, "invalid_record")],
)
def test_a_listing_that_lies_is_told(listed: dict[str, Any], code: str) -> None:
    with pytest.raises(OrreryError) as failed:
        list(Served(parquet_file(250), **listed).files().batches("k", SCHEMA))
    assert failed.value.code == code


def test_a_damaged_file_is_told() -> None:
    for body in (b"", b"PAR1" * 100, parquet_file(250)[:-100]):
        with pytest.raises(OrreryError) as failed:
            list(Served(body).files().batches("k", SCHEMA))
        assert failed.value.code == "data_unreadable"


def test_bytes_are_asked_for_without_the_key(scripted: Scripted) -> None:
    scripted.says((206, {}, b"abc"))
    exchange = Exchange(scripted.origin, "orr_secret", scripted.waited.append)
    assert exchange.read("/objects/x?signature=1", 5, 3) == b"abc"
    ((path, headers),) = scripted.asked
    assert path == "/objects/x?signature=1" and headers["range"] == "bytes=5-7" and "authorization" not in headers
    scripted.says((200, {}, b"the whole"))
    for address in ("/objects/x", "file:///etc/passwd", "http://[::1", "http://127.0.0.1:99999/"):
        with pytest.raises(OrreryError) as failed:
            exchange.read(address, 5, 3)
        assert failed.value.code == "upstream_failed"


def test_types_are_those_of_the_api() -> None:
    described = json.loads((Path(__file__).parents[2] / "openapi.json").read_text())
    schemas = described["components"]["schemas"]
    for name, known in (("VersionSummary", wire.Version), ("Dataset", wire.Dataset), ("File", wire.File), ("Documents", wire.Documents)):
        assert schemas[name]["properties"].keys() == all_keys(known), name
    parameters = described["paths"]["/v1/datasets/{name}/documents"]["get"]["parameters"]
    asked = {parameter["name"] for parameter in parameters} - {"name", "format", "q", "sort", "facets", "total", "text", "limit", "version", "cursor"}
    assert asked == (wire.Filters.__annotations__.keys() - {"since", "until"}) | {"from", "to"}
    (sort,) = [parameter for parameter in parameters if parameter["name"] == "sort"]
    assert tuple(sort["schema"]["enum"]) == wire.Sort.__args__  # type: ignore[attr-defined]


def all_keys(known: Any) -> set[str]:
    return known.__required_keys__ | known.__optional_keys__
