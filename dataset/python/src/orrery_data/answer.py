from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

from .errors import OrreryError
from .wire import Row

if TYPE_CHECKING:
    import pandas
    import pyarrow


class Answer(Iterable[Row]):
    """Rows of a question. They are asked for page by page while they are read; whoever reads them again asks again."""

    def __init__(self, rows: Callable[[], Iterator[Row]], tables: Callable[[], Iterator[pyarrow.Table]]) -> None:
        self._rows = rows
        self._tables = tables

    def __iter__(self) -> Iterator[Row]:
        return self._rows()

    def to_arrow(self) -> pyarrow.Table:
        """All of them as one table, in memory."""
        return one_table(list(self._tables()))

    def to_pandas(self) -> pandas.DataFrame:
        """All of them as one frame, in memory."""
        return frame_of(self.to_arrow())


def import_arrow() -> object:
    try:
        import pyarrow
    except ImportError as error:
        raise OrreryError("invalid_config", "Tables need pyarrow; pip install 'orrery-data[arrow]'.") from error
    return pyarrow


def one_table(tables: list[pyarrow.Table]) -> pyarrow.Table:
    import_arrow()
    import pyarrow

    return pyarrow.concat_tables(tables)


def frame_of(table: pyarrow.Table) -> pandas.DataFrame:
    try:
        import pandas  # noqa: F401
    except ImportError as error:
        raise OrreryError("invalid_config", "Frames need pandas; pip install 'orrery-data[pandas]'.") from error
    return table.to_pandas()
