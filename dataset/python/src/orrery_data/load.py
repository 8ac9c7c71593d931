from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, overload

from .client import Client
from .errors import OrreryError
from .files import schema_of
from .wire import Row

if TYPE_CHECKING:
    import datasets


@overload
def load(
    name: str, version: int | None = None, *, columns: Sequence[str] | None = None, streaming: Literal[True] = True, base_url: str = ..., api_key: str | None = ...
) -> datasets.IterableDataset: ...
@overload
def load(
    name: str, version: int | None = None, *, columns: Sequence[str] | None = None, streaming: Literal[False], base_url: str = ..., api_key: str | None = ...
) -> datasets.Dataset: ...
def load(
    name: str,
    version: int | None = None,
    *,
    columns: Sequence[str] | None = None,
    streaming: bool = True,
    base_url: str = "http://127.0.0.1:8710",
    api_key: str | None = None,
) -> Any:
    """A version of a dataset, the newest when left out, as ``datasets`` has one: its Parquet files without the rows that are gone.

    Streaming reads a file of the columns that are wanted at a time, and each file is a shard: workers of a DataLoader, and nodes by
    ``split_dataset_by_node``, share them. Otherwise all of it is written into the cache of ``datasets``, once for each version.

    :raises OrreryError: as Client does
    """
    try:
        import datasets
    except ImportError as error:
        raise OrreryError("invalid_config", "Datasets need their library; pip install 'orrery-data[datasets]'.") from error
    with Client(base_url, api_key) as client:
        features = client.features(name)
        names = tuple(schema_of(features, columns).names)
        found = client.dataset(name, version)
        keys = [file["key"] for file in client.files(name, found["version"])]
    features = {column: features[column] for column in names}
    kind = datasets.IterableDataset if streaming else datasets.Dataset
    source = _Source(name, found["version"], found["sha256"], names, base_url, api_key)
    if not keys and not streaming:
        return datasets.Dataset.from_dict({column: [] for column in names}, features=datasets.Features.from_dict(features))
    # Of what a generator is given, lists are what is shared among workers; one without members is no list of shards.
    given = {"keys": keys or (), "source": source}
    return kind.from_generator(_examples, features=datasets.Features.from_dict(features), gen_kwargs=given)


@dataclass(frozen=True)
class _Source:
    """What a worker needs to read on its own."""

    name: str
    version: int
    sha256: str
    columns: tuple[str, ...]
    base_url: str
    api_key: str | None = field(repr=False)


def _examples(keys: Sequence[str], source: _Source) -> Iterator[Row]:
    with Client(source.base_url, source.api_key) as client:
        schema = schema_of(client.features(source.name), source.columns)
        files = client.version_files(source.name, source.version)
        for key in keys:
            for batch in files.batches(key, schema):
                yield from batch.to_pylist()

