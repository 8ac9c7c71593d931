"""What the service answers (``/openapi.json``): sizes in bytes, times ISO 8601 in UTC, hashes lower-case hex sha256."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Literal, TypedDict

Row = dict[str, Any]
"""By the names of the columns."""

Sort = Literal["id", "datetime", "-datetime", "text_bytes", "-text_bytes", "-quality", "relevance"]
Facet = Literal["label", "host", "lang", "source", "licence"]


class Filters(TypedDict, total=False):
    """Which documents are meant. A moment is a datetime with its zone, a day (its beginning in UTC) or a text like them."""

    label: str
    host: str
    """By any spelling of it, with its port or for every port."""
    lang: str
    """ISO 639."""
    uri: str
    source: int | str
    """Data Universe source, by its number or name: web, reddit, x."""
    licence: str
    min_quality: float
    """0..1"""
    since: datetime | date | str
    """First datetime, inclusive."""
    until: datetime | date | str
    """Last datetime, exclusive."""


class Version(TypedDict):
    name: str
    version: int
    sha256: str
    parent: str | None
    documents: int
    text_bytes: int
    files: int
    labels: dict[str, int]
    dropped: dict[str, int]


class Origin(TypedDict):
    code_version: str
    config_sha256: str


class Tokenizer(TypedDict):
    name: str
    fingerprint: str
    vocabulary: int


class Tokens(TypedDict):
    version: int
    sha256: str
    dataset: str
    tokenizer: Tokenizer
    tokens: int
    shards: int


class Dataset(Version):
    sources: list[str]
    origin: Origin
    tokens: Tokens | None


class StoredObject(TypedDict):
    key: str
    sha256: str
    bytes: int
    url: str | None
    """Signed for one hour."""


class File(StoredObject):
    name: str
    rows: int
    live_rows: int
    """Rows that are documents of the version."""
    deletes: StoredObject | None
    """Positions of the rows that are not: a deletion-vector-v1 of Apache Iceberg."""


class Total(TypedDict):
    documents: int
    is_exact: bool


class FacetValue(TypedDict):
    value: str
    documents: int


class FacetCounts(TypedDict):
    field: Facet
    distinct: int
    values: list[FacetValue]


class NoMatch(TypedDict):
    field: str
    value: str
    nearest: list[str]


class Partial(TypedDict):
    documents: int


class Documents(TypedDict):
    """A page of documents."""

    dataset: str
    version: int
    documents: list[Row]
    next_cursor: str | None
    total: Total | None
    facets: list[FacetCounts]
    no_match: list[NoMatch]
    partial: Partial | None
