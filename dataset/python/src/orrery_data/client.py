from __future__ import annotations

import itertools
import json
import re
import time
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, datetime
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeVar, cast
from urllib.parse import quote

from .answer import Answer, frame_of, import_arrow, one_table
from .errors import OrreryError, OrreryWarning
from .exchange import Exchange, Reply
from .files import VersionFiles, schema_of
from .wire import Dataset, Documents, Facet, File, Filters, Row, Sort, Version

if TYPE_CHECKING:
    import pandas
    import pyarrow
    from typing_extensions import Self, Unpack

Page = TypeVar("Page")

ARROW = "application/vnd.apache.arrow.stream"
DOCUMENTS_PAGE = 1000
ROWS_PAGE = 100


class Client:
    """A service of datasets, by its HTTP API.

    :param base_url: where it answers
    :param api_key: of ``orrery dataset key create``; on its own machine the service asks for none
    :param wait: waits so many seconds between attempts

    What is refused for now (429, 503), or broke on the way, is asked again, when the service says so or after 0.25 to 8 s, five times in all. Every method
    raises OrreryError as the service says it, ``upstream_failed`` when it cannot be reached. Safe to use from threads; ``close()`` it, or use it by ``with``.
    """

    def __init__(self, base_url: str = "http://127.0.0.1:8710", api_key: str | None = None, *, wait: Callable[[float], None] = time.sleep) -> None:
        self._exchange = Exchange(base_url, api_key, wait)

    def close(self) -> None:
        self._exchange.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def datasets(self) -> Iterator[Version]:
        """The newest version of each dataset, by name."""
        return (cast(Version, item) for page in self._pages("/v1/datasets", {}) for item in page["datasets"])

    def dataset(self, name: str, version: int | None = None) -> Dataset:
        return cast(Dataset, self._exchange.ask(_of(name), {"version": version}).json())

    def versions(self, name: str) -> Iterator[Version]:
        """Newest first."""
        return (cast(Version, item) for page in self._pages(f"{_of(name)}/versions", {}) for item in page["versions"])

    def files(self, name: str, version: int | None = None) -> Iterator[File]:
        """Parquet files of a version. Rows that ``deletes`` names are not in it; ``to_arrow`` and ``load`` leave them out."""
        return (cast(File, item) for page in self._pages(f"{_of(name)}/files", {"version": version}) for item in page["files"])

    def document(self, name: str, id: str, version: int | None = None) -> Row:
        """``{"document": ..., "provenance": ...}``: with its texts, and where it came from."""
        if not re.fullmatch("[0-9a-f]{64}", id):
            raise OrreryError("invalid_argument", f"{id!r} is no id: 64 lower-case hex digits.")
        return cast(Row, self._exchange.ask(f"{_of(name)}/documents/{id}", {"version": version}).json())

    def document_page(
        self,
        name: str,
        *,
        query: str | None = None,
        sort: Sort | None = None,
        facets: Iterable[Facet] = (),
        text: bool = False,
        limit: int = 50,
        version: int | None = None,
        cursor: str | None = None,
        **filters: Unpack[Filters],
    ) -> Documents:
        """One page, with the total, facets, and the filters that can match nothing."""
        asked = {**_question(query, sort, filters), "facets": ",".join(facets) or None, "text": text, "limit": limit, "version": version, "cursor": cursor}
        return cast(Documents, self._exchange.ask(f"{_of(name)}/documents", asked).json())

    def documents(
        self, name: str, *, sort: Sort | None = None, text: bool = False, limit: int | None = None, version: int | None = None, **filters: Unpack[Filters]
    ) -> Answer:
        """All documents that fit, or the first ``limit`` of them, of the version that the first page is of; their texts with ``text=True``."""
        return self._documents(name, _question(None, sort, filters), text=text, limit=limit, version=version)

    def search(
        self,
        name: str,
        query: str,
        *,
        sort: Sort | None = None,
        text: bool = False,
        limit: int | None = None,
        version: int | None = None,
        **filters: Unpack[Filters],
    ) -> Answer:
        """Documents with all these words in title or text, "quoted ones" one after the other; those that say most of them first (``score``, BM25)."""
        return self._documents(name, _question(query, sort, filters), text=text, limit=limit, version=version)

    def rows(self, name: str, *, offset: int = 0, limit: int | None = None) -> Answer:
        """Whole rows of the newest version, by their place."""
        return self._viewer(name, "/rows", {}, offset, limit)

    def filter(self, name: str, where: str, *, order_by: str | None = None, offset: int = 0, limit: int | None = None) -> Answer:
        """Whole rows of the newest version that fit a condition in SQL, like ``text_bytes > 1000 AND lang = 'en'``."""
        return self._viewer(name, "/filter", {"where": where, "orderby": order_by}, offset, limit)

    def sql(
        self, name: str, sql: str, parameters: Sequence[str | int | float | bool | None] = (), *, version: int | None = None, timeout_seconds: float = 30
    ) -> Answer:
        """Rows of one SELECT in the dialect of DuckDB over the view ``documents``: at most 10,000, 16 MiB, 30 seconds."""
        _of(name)
        body = {"dataset": name, "sql": sql, "parameters": list(parameters), "timeout_ms": max(1, round(timeout_seconds * 1000))}
        if version is not None:
            body["version"] = version

        def rows() -> Iterator[Row]:
            yield from self._exchange.ask("/sql", body=body).json()["rows"]

        def tables() -> Iterator[pyarrow.Table]:
            import_arrow()
            yield _table_of(self._exchange.ask("/sql", body=body, accept=ARROW))

        return Answer(rows, tables)

    def stats(self, name: str, version: int | None = None) -> dict[str, Any]:
        """What a version is made of: labels, languages, hosts, licences, ages, sizes, quality, tokens, and what was left out."""
        return cast("dict[str, Any]", self._exchange.ask(f"{_of(name)}/statistics", {"version": version}).json())

    def batches(self, name: str, version: int | None = None, columns: Sequence[str] | None = None) -> Iterator[pyarrow.RecordBatch]:
        """Whole rows of a version as Arrow, file after file, from the Parquet files themselves: a row group of the wanted columns is in memory at a time."""
        return self._batches(name, version, schema_of(self.features(name), columns))

    def to_arrow(self, name: str, version: int | None = None, columns: Sequence[str] | None = None) -> pyarrow.Table:
        """A whole version as one table, in memory."""
        import_arrow()
        import pyarrow

        schema = schema_of(self.features(name), columns)
        return pyarrow.Table.from_batches(self._batches(name, version, schema), schema)

    def to_pandas(self, name: str, version: int | None = None, columns: Sequence[str] | None = None) -> pandas.DataFrame:
        """A whole version as one frame, in memory."""
        return frame_of(self.to_arrow(name, version, columns))

    def features(self, name: str) -> dict[str, dict[str, str]]:
        """Columns of the rows, as ``datasets.Features.from_dict`` takes them. What is nested is JSON."""
        _of(name)
        answer = self._exchange.ask("/info", {"dataset": name, "config": "default"}).json()
        return cast("dict[str, dict[str, str]]", answer["dataset_info"]["features"])

    def version_files(self, name: str, version: int) -> VersionFiles:
        return VersionFiles(self._exchange, lambda: self.files(name, version))

    def _batches(self, name: str, version: int | None, schema: pyarrow.Schema) -> Iterator[pyarrow.RecordBatch]:
        pinned = self.dataset(name, version)["version"]
        files = self.version_files(name, pinned)
        for file in self.files(name, pinned):
            yield from files.batches(file["key"], schema)

    def _pages(self, path: str, asked: dict[str, Any]) -> Iterator[dict[str, Any]]:
        def parse(reply: Reply) -> tuple[dict[str, Any], str | None]:
            page = reply.json()
            return page, page["next_cursor"]

        return self._follow(path, asked, "application/json", parse)

    def _follow(self, path: str, asked: dict[str, Any], accept: str, parse: Callable[[Reply], tuple[Page, str | None]]) -> Iterator[Page]:
        cursor: str | None = None
        while True:
            # A cursor keeps to its version.
            page, following = parse(self._exchange.ask(path, asked if cursor is None else {**asked, "version": None, "cursor": cursor}, accept=accept))
            yield page
            if following is None:
                return
            if following == cursor:
                raise OrreryError("upstream_failed", "The next page is the one before it; ask again.")
            cursor = following

    def _documents(self, name: str, question: dict[str, Any], *, text: bool, limit: int | None, version: int | None) -> Answer:
        path = f"{_of(name)}/documents"
        page = DOCUMENTS_PAGE if limit is None else max(1, min(limit, DOCUMENTS_PAGE))
        asked = {**question, "text": text, "total": False, "limit": page, "version": version}

        def rows() -> Iterator[Row]:
            for answer in self._pages(path, asked):
                _warn(answer)
                yield from answer["documents"]

        def parse(reply: Reply) -> tuple[pyarrow.Table, str | None]:
            table = _table_of(reply)
            members = json.loads(table.schema.metadata[b"orrery"])
            _warn(members)
            return table.replace_schema_metadata(None), members["next_cursor"]

        def tables() -> Iterator[pyarrow.Table]:
            import_arrow()
            left = limit
            for table in self._follow(path, asked, ARROW, parse):
                yield table.slice(0, left)
                left = None if left is None else left - table.num_rows
                if left is not None and left <= 0:
                    return

        return Answer(lambda: itertools.islice(rows(), limit), tables)

    def _viewer(self, name: str, path: str, asked: dict[str, Any], offset: int, limit: int | None) -> Answer:
        _of(name)

        def rows() -> Iterator[Row]:
            return self._viewer_rows(name, path, asked, offset, limit)

        def tables() -> Iterator[pyarrow.Table]:
            schema = schema_of(self.features(name), None)
            import pyarrow

            texts = pyarrow.schema([(field.name, pyarrow.string() if pyarrow.types.is_timestamp(field.type) else field.type) for field in schema])
            yield schema.empty_table()
            found = rows()
            while portion := list(itertools.islice(found, ROWS_PAGE)):
                yield pyarrow.Table.from_pylist(portion, texts).cast(schema)

        return Answer(rows, tables)

    def _viewer_rows(self, name: str, path: str, asked: dict[str, Any], offset: int, limit: int | None) -> Iterator[Row]:
        """Pages by place hold together only while the version stays."""
        revision: str | None = None
        at = offset
        while limit is None or at < offset + limit:
            length = ROWS_PAGE if limit is None else min(ROWS_PAGE, offset + limit - at)
            reply = self._exchange.ask(path, {"dataset": name, "config": "default", "split": "train", **asked, "offset": at, "length": length})
            if revision not in (None, reply.headers.get("x-revision")):
                raise OrreryError("conflict", f"Dataset {name!r} has a newer version by now, where rows have other places; ask again from the first one.")
            revision = reply.headers.get("x-revision")
            answer = reply.json()
            if answer["partial"]:
                warnings.warn("The rows are of a part of the dataset.", OrreryWarning, stacklevel=4)
            for item in answer["rows"]:
                yield self._whole(name, item)
            at += len(answer["rows"])
            if not answer["rows"] or at >= answer["num_rows_total"]:
                return

    def _whole(self, name: str, item: dict[str, Any]) -> Row:
        """The viewer cuts long cells; whoever wants rows wants them whole."""
        row: Row = item["row"]
        if not item["truncated_cells"]:
            return row
        document = self.document(name, row["id"])["document"]
        return {**row, **{column: _cell(document[column]) for column in item["truncated_cells"]}}


def _of(name: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9._=@+-]{1,128}", name) or name in (".", ".."):
        raise OrreryError("invalid_argument", f"{name!r} is no name of a dataset: letters, digits and . _ = @ + -")
    return f"/v1/datasets/{quote(name, safe='')}"


def _question(query: str | None, sort: Sort | None, filters: Filters) -> dict[str, Any]:
    known: dict[str, Any] = dict(filters)
    since, until = known.pop("since", None), known.pop("until", None)
    unknown = known.keys() - Filters.__annotations__.keys()
    if unknown:
        raise TypeError(f"unexpected filter {sorted(unknown)[0]!r}; there are {', '.join(Filters.__annotations__)}")
    return {**known, "from": _moment(since), "to": _moment(until), "q": query, "sort": sort}


def _moment(moment: datetime | date | str | None) -> str | None:
    if isinstance(moment, datetime) and moment.tzinfo is None:
        raise OrreryError("invalid_argument", f"{moment} has no time zone; write one, like datetime(2026, 1, 31, tzinfo=timezone.utc).")
    return moment if moment is None or isinstance(moment, str) else moment.isoformat()


def _table_of(reply: Reply) -> pyarrow.Table:
    import pyarrow

    try:
        return pyarrow.ipc.open_stream(reply.body).read_all()
    except pyarrow.ArrowInvalid as error:
        raise OrreryError("upstream_failed", f"The answer is no Arrow stream: {error}") from error


def _warn(answer: dict[str, Any]) -> None:
    for missing in answer["no_match"]:
        nearest = f"; likest are {', '.join(missing['nearest'])}" if missing["nearest"] else ""
        warnings.warn(f"No document has {missing['field']} {missing['value']!r}{nearest}.", OrreryWarning, stacklevel=4)
    if answer["partial"] is not None:
        message = f"The index covers {answer['partial']['documents']} documents of version {answer['version']} so far, and the answer no others."
        warnings.warn(message, OrreryWarning, stacklevel=4)


def _cell(value: Any) -> Any:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False) if isinstance(value, (dict, list)) else value
