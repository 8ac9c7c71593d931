"""Datasets of an Orrery service: rows, search, SQL, Arrow, pandas, and streams for training."""

from .answer import Answer
from .client import Client
from .errors import OrreryError, OrreryWarning
from .load import load
from .wire import Dataset, File, Filters, Row, Version

__all__ = ["Answer", "Client", "Dataset", "File", "Filters", "OrreryError", "OrreryWarning", "Row", "Version", "load"]
