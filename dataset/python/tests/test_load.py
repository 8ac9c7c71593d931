from __future__ import annotations

import pickle
from typing import Any

import pytest

from orrery_data import Client, OrreryError, load

datasets = pytest.importorskip("datasets")


@pytest.fixture()
def where(service: dict[str, Any]) -> dict[str, Any]:
    return {"base_url": service["origin"], "api_key": service["key"]}


def ids_of(rows: Any) -> list[str]:
    return sorted(row["id"] for row in rows)


def test_a_version_streams(service: dict[str, Any], where: dict[str, Any]) -> None:
    stream = load("web", **where)
    assert isinstance(stream, datasets.IterableDataset)
    assert ids_of(stream) == ids_of(stream) == sorted(service["versions"][1])
    assert ids_of(load("web", 1, **where)) == sorted(service["versions"][0])
    (row, *_) = load("web", columns=["text", "id"], **where)
    assert list(row) == ["text", "id"]
    assert stream.features["datetime"].dtype == "timestamp[us, tz=UTC]"


def test_files_are_shared_among_nodes_and_workers(service: dict[str, Any], where: dict[str, Any]) -> None:
    from datasets.distributed import split_dataset_by_node

    stream = load("web", columns=["id"], **where)
    parts = [ids_of(split_dataset_by_node(stream, rank, 2)) for rank in range(2)]
    assert all(parts) and sorted(parts[0] + parts[1]) == sorted(service["versions"][1])
    assert ids_of(pickle.loads(pickle.dumps(stream))) == sorted(service["versions"][1])


def test_a_version_is_kept(service: dict[str, Any], where: dict[str, Any]) -> None:
    kept = load("web", streaming=False, **where)
    assert isinstance(kept, datasets.Dataset) and ids_of(kept) == sorted(service["versions"][1])
    again = load("web", streaming=False, **where)
    assert kept.cache_files == again.cache_files
    assert load("web", 1, streaming=False, columns=["id"], **where).column_names == ["id"]


def test_what_there_is_not_is_said_at_once(where: dict[str, Any]) -> None:
    for ask in (lambda: load("none", **where), lambda: load("web", 9, **where)):
        with pytest.raises(OrreryError) as missing:
            ask()
        assert missing.value.code == "not_found"
    with pytest.raises(OrreryError, match="no column 'nope'"):
        load("web", columns=["nope"], **where)


def test_a_dataset_without_documents_is_empty(where: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Client, "files", lambda *_: iter([]))
    assert list(load("web", **where)) == []
    assert len(load("web", streaming=False, **where)) == 0
