from __future__ import annotations

from datetime import date, datetime, timezone
from typing import Any

import pyarrow
import pytest

from orrery_data import Client, OrreryError, OrreryWarning


def ids_of(rows: Any) -> list[str]:
    return [row["id"] for row in rows]


def test_lists_come_whole(client: Client, service: dict[str, Any]) -> None:
    assert [found["name"] for found in client.datasets()] == ["web"]
    assert [found["version"] for found in client.versions("web")] == [2, 1]
    assert client.dataset("web", 1)["documents"] == len(service["versions"][0])
    assert [file["live_rows"] for file in client.files("web", 1)] == [13]
    assert sum(file["rows"] - file["live_rows"] for file in client.files("web")) == 1


@pytest.mark.parametrize("version", [1, 2])
def test_documents_of_a_version(client: Client, service: dict[str, Any], version: int) -> None:
    expected = sorted(service["versions"][version - 1])
    found = client.documents("web", version=version)
    assert ids_of(found) == expected
    assert ids_of(found) == expected
    assert found.to_arrow().column("id").to_pylist() == expected
    assert list(found.to_pandas()["id"]) == expected


def test_pages_follow_each_other(client: Client, service: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("orrery_data.client.DOCUMENTS_PAGE", 7)
    monkeypatch.setattr("orrery_data.client.ROWS_PAGE", 7)
    expected = sorted(service["versions"][1])
    assert ids_of(client.documents("web")) == expected
    assert client.documents("web").to_arrow().column("id").to_pylist() == expected
    assert sorted(ids_of(client.rows("web"))) == expected
    assert ids_of(client.documents("web", limit=9)) == expected[:9]
    assert client.documents("web", limit=9).to_arrow().num_rows == 9
    assert len(list(client.rows("web", limit=9))) == client.rows("web", limit=9).to_arrow().num_rows == 9
    assert list(client.documents("web", limit=0)) == list(client.rows("web", limit=0)) == []
    assert client.rows("web", limit=0).to_arrow().num_rows == client.documents("web", limit=0).to_arrow().num_rows == 0


def test_search_and_filters(client: Client, service: dict[str, Any]) -> None:
    (found,) = client.search("web", "NEEDLE", text=True)
    assert found["label"] == "constructor" and found["text"].endswith("in all this hay") and found["score"] > 0
    assert ids_of(client.search("web", '"sisyphus rolls"', label="example", sort="id")) == sorted(one["id"] for one in service["long"])
    minutes = [datetime(2026, 1, 5, 0, n, tzinfo=timezone.utc) for n in (4, 7)]
    assert len(list(client.documents("web", since=minutes[0], until=minutes[1]))) == 3
    assert list(client.documents("web", until=date(2026, 1, 5))) == []
    page = client.document_page("web", query="needle", facets=["label", "host"])
    assert page["total"] == {"documents": 1, "is_exact": True} and [counts["field"] for counts in page["facets"]] == ["label", "host"]
    for source in (8, "web"):
        assert len(list(client.documents("web", source=source, limit=3))) == 3
    assert [len(list(client.documents("web", min_quality=least))) for least in (0.0, 1e-7)] == [34, 0]
    with pytest.raises(TypeError, match="unexpected filter 'lable'"):
        client.documents("web", lable="example")  # type: ignore[call-arg]
    with pytest.raises(OrreryError, match="no time zone"):
        client.documents("web", since=datetime(2026, 1, 5))


def test_a_filter_that_can_match_nothing_warns(client: Client) -> None:
    with pytest.warns(OrreryWarning, match="No document has label 'exmaple'; likest are example"):
        assert list(client.documents("web", label="exmaple")) == []


def test_rows_are_whole(client: Client, service: dict[str, Any]) -> None:
    texts = {one["id"]: one["text"] for one in service["long"]}
    rows = list(client.filter("web", "title = 'long'", order_by="datetime DESC"))
    assert [row["text"] for row in rows] == [texts[row["id"]] for row in rows] and len(rows) == 3
    assert rows[0]["datetime"] > rows[-1]["datetime"]
    assert len(list(client.rows("web", offset=30, limit=2))) == 2
    assert len(list(client.rows("web", offset=1000))) == 0


def test_rows_are_the_same_any_way(client: Client, service: dict[str, Any]) -> None:
    whole = client.to_arrow("web")
    assert sorted(whole.column("id").to_pylist()) == sorted(service["versions"][1])
    assert client.rows("web").to_arrow().equals(whole)
    assert client.filter("web", "true").to_arrow().equals(whole)
    assert whole.schema.field("datetime").type == pyarrow.timestamp("us", "UTC")
    some = client.to_pandas("web", 1, ["title", "id"])
    assert list(some.columns) == ["title", "id"] and sorted(some["id"]) == sorted(service["versions"][0])
    assert sum(batch.num_rows for batch in client.batches("web", columns=["text", "text"])) == len(service["versions"][1])
    for columns in (["nope"], []):
        with pytest.raises(OrreryError, match="column"):
            client.to_arrow("web", columns=columns)


def test_sql(client: Client) -> None:
    found = client.sql("web", "SELECT label, count(*) AS n FROM documents WHERE lang = ? GROUP BY label ORDER BY n", ["en"])
    assert list(found) == [{"label": "constructor", "n": 1}, {"label": "example", "n": 33}]
    assert found.to_arrow().to_pylist() == list(found)
    assert found.to_pandas()["n"].sum() == 34
    assert list(client.sql("web", "SELECT count(*) AS n FROM documents", version=1)) == [{"n": 13}]
    with pytest.raises(OrreryError) as refused:
        list(client.sql("web", "SELECT * FROM read_csv('/etc/passwd')"))
    assert refused.value.status == 400
    with pytest.raises(OrreryError) as late:
        list(client.sql("web", "SELECT count(*) AS n FROM range(1000000000000000)", timeout_seconds=0.05))
    assert late.value.code == "timed_out"


def test_one_document_and_statistics(client: Client, service: dict[str, Any]) -> None:
    (one, *_) = service["long"]
    found = client.document("web", one["id"])
    assert found["document"]["text"] == one["text"] and found["provenance"]["dataset"]["version"] == 2
    assert client.stats("web", 1)["documents"] == 13


@pytest.mark.parametrize("name", ["", "..", "../web", "a/b", "web?x=1", "web#", "ä", "x" * 129, "web\x00"])
def test_a_name_is_no_path(client: Client, name: str) -> None:
    for ask in (client.dataset, client.to_arrow, client.stats, client.rows, lambda name: client.sql(name, "SELECT 1 AS a"), client.documents):
        with pytest.raises(OrreryError) as refused:
            ask(name)
        assert refused.value.code == "invalid_argument"


@pytest.mark.parametrize("id", ["", "..", "../files", "0" * 63, "A" * 64])
def test_an_id_is_no_path(client: Client, id: str) -> None:
    with pytest.raises(OrreryError, match="is no id"):
        client.document("web", id)


def test_words_of_anybody_are_words(client: Client) -> None:
    for label in ("a&b=c", "ß#?%2e", "__proto__", "' OR 1=1 --"):
        with pytest.warns(OrreryWarning, match="No document has label"):
            assert list(client.documents("web", label=label)) == []
    for ask in (lambda: client.documents("web", label="\ud800"), lambda: client.sql("web", "SELECT ? AS x", ["\ud800"]), lambda: client.sql("web", "SELECT ? AS x", [float("nan")])):
        with pytest.raises(OrreryError) as refused:
            list(ask())
        assert refused.value.code == "invalid_argument"


def test_errors_are_those_of_the_service(client: Client, service: dict[str, Any]) -> None:
    for ask in (lambda: client.dataset("none"), lambda: client.dataset("web", 9), lambda: next(iter(client.rows("none"))), lambda: client.document("web", "0" * 64)):
        with pytest.raises(OrreryError) as missing:
            ask()
        assert (missing.value.code, missing.value.status) == ("not_found", 404)
    with pytest.raises(OrreryError, match="nope"):
        list(client.filter("web", "nope = 1"))
    with Client(service["origin"]) as stranger, pytest.raises(OrreryError) as unknown:
        stranger.dataset("web")
    assert unknown.value.code == "unauthorized" and unknown.value.request_id
