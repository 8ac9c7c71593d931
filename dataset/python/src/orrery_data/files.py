"""The Parquet files of a version, read by their signed URLs: of each only the columns that are asked for, without the rows that are gone."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from .answer import import_arrow
from .deletion_vector import FILE_ROWS_MAX, kept_rows
from .errors import OrreryError
from .exchange import Exchange
from .wire import File, StoredObject

if TYPE_CHECKING:
    import pyarrow

BATCH_ROWS = 256
VECTOR_BYTES_MAX = 64 + (FILE_ROWS_MAX // 65536) * (8192 + 16)
ARROW_TYPES = {"string": "string", "int32": "int32", "float64": "float64"}


def schema_of(features: Mapping[str, Mapping[str, str]], columns: Sequence[str] | None) -> pyarrow.Schema:
    """Of features as ``datasets`` spells them.

    :raises OrreryError: ``invalid_argument`` for a column that there is not
    """
    import_arrow()
    import pyarrow

    def type_of(dtype: str) -> pyarrow.DataType:
        return pyarrow.timestamp("us", "UTC") if dtype == "timestamp[us, tz=UTC]" else pyarrow.type_for_alias(ARROW_TYPES.get(dtype, "string"))

    wanted = list(dict.fromkeys(features if columns is None else columns))
    unknown = [name for name in wanted if name not in features]
    if unknown or not wanted:
        raise OrreryError("invalid_argument", f"There is no column {unknown[0]!r}; there are {', '.join(features)}." if unknown else "Name a column at least.")
    return pyarrow.schema([(name, type_of(features[name]["dtype"])) for name in wanted])


class VersionFiles:
    """Files of one version. Their URLs are good for an hour, so that they are listed again when one has ended."""

    def __init__(self, exchange: Exchange, list_files: Callable[[], Iterator[File]]) -> None:
        self._exchange = exchange
        self._list = list_files
        self._files: dict[str, File] = {}

    def batches(self, key: str, schema: pyarrow.Schema) -> Iterator[pyarrow.RecordBatch]:
        """Rows of a file that are in the version, in its order; a column that it has not is null."""
        import pyarrow

        # By a name that is there still when a program ends in the middle.
        damages = (pyarrow.ArrowException, OSError)
        file = self._file(key)
        try:
            yield from self._batches(file, schema)
        except damages as error:
            raise OrreryError("data_unreadable", f"{file['name']} is no Parquet file as it is listed: {error}") from error

    def _batches(self, file: File, schema: pyarrow.Schema) -> Iterator[pyarrow.RecordBatch]:
        import pyarrow
        import pyarrow.parquet

        kept = self._kept(file)
        with pyarrow.PythonFile(_Ranges(self, file), mode="r") as source:
            parquet = pyarrow.parquet.ParquetFile(source, pre_buffer=True)
            if parquet.metadata.num_rows != file["rows"]:
                raise OrreryError("data_unreadable", f"{file['name']} has {parquet.metadata.num_rows} rows where {file['rows']} are listed.")
            # One at least, which says how many rows there are.
            present = [name for name in schema.names if name in parquet.schema_arrow.names] or parquet.schema_arrow.names[:1]
            at = 0
            # What is read ahead is kept until the next call.
            for group in range(parquet.num_row_groups):
                for batch in parquet.iter_batches(BATCH_ROWS, row_groups=[group], columns=present, use_threads=False):
                    mask = None if kept is None else kept[at : at + batch.num_rows]
                    at += batch.num_rows
                    batch = _without(_shaped(batch, schema), mask)
                    if batch.num_rows > 0:
                        yield batch

    def read(self, stored: Callable[[File], StoredObject | None], key: str, start: int, size: int) -> bytes:
        """Bytes of an object of a file, the URL asked for anew once it is refused."""
        try:
            return self._exchange.read(_url_of(stored(self._file(key))), start, size)
        except OrreryError as error:
            if error.status not in (401, 403, 404):
                raise
        self._files.clear()
        return self._exchange.read(_url_of(stored(self._file(key))), start, size)

    def _file(self, key: str) -> File:
        if key not in self._files:
            self._files = {file["key"]: file for file in self._list()}
        if key not in self._files:
            raise OrreryError("not_found", f"The version has no file {key} any more.")
        return self._files[key]

    def _kept(self, file: File) -> bytearray | None:
        vector = file["deletes"]
        if vector is None:
            return None
        if not file["rows"] <= FILE_ROWS_MAX or not vector["bytes"] <= VECTOR_BYTES_MAX:
            raise OrreryError("invalid_record", f"{file['name']} is listed with {file['rows']} rows and {vector['bytes']} bytes of deletions.")
        blob = self.read(lambda of: of["deletes"], file["key"], 0, vector["bytes"])
        if hashlib.sha256(blob).hexdigest() != vector["sha256"]:
            raise OrreryError("invalid_record", f"The deletion vector of {file['name']} has other bytes than are listed.")
        return kept_rows(blob, file["rows"])


def _url_of(stored: StoredObject | None) -> str:
    if stored is None or stored["url"] is None:
        raise OrreryError("not_found", "The store of this service signs no URLs; ask for documents instead.")
    return stored["url"]


def _shaped(batch: pyarrow.RecordBatch, schema: pyarrow.Schema) -> pyarrow.RecordBatch:
    """Older files have milliseconds, or lack a column."""
    import pyarrow

    def column_of(field: pyarrow.Field) -> pyarrow.Array:
        at = batch.schema.get_field_index(field.name)
        return pyarrow.nulls(batch.num_rows, field.type) if at < 0 else batch.column(at).cast(field.type)

    return pyarrow.RecordBatch.from_arrays([column_of(field) for field in schema], schema=schema)


def _without(batch: pyarrow.RecordBatch, mask: bytearray | None) -> pyarrow.RecordBatch:
    import pyarrow

    if mask is None:
        return batch
    ones = pyarrow.Array.from_buffers(pyarrow.uint8(), len(mask), [None, pyarrow.py_buffer(bytes(mask))])
    return batch.filter(ones.cast(pyarrow.bool_()))


class _Ranges(io.RawIOBase):
    """A file of the service, read by ranges."""

    def __init__(self, files: VersionFiles, file: File) -> None:
        super().__init__()
        self._files = files
        self._key = file["key"]
        self._size = file["bytes"]
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._at = max(0, offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence])
        return self._at

    def read(self, size: int | None = -1) -> bytes:
        left = max(0, self._size - self._at)
        wanted = left if size is None or size < 0 else min(size, left)
        piece = self._files.read(lambda of: of, self._key, self._at, wanted)
        self._at += len(piece)
        return piece
