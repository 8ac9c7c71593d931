from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any


class OrreryError(Exception):
    """What the service refused, or why it could not be asked.

    ``code`` is that of the service (``not_found``, ``invalid_argument``, ``rate_limited`` ...), ``upstream_failed`` without an answer;
    ``status`` that of HTTP, None without one.
    """

    def __init__(
        self,
        code: str,
        message: str,
        *,
        status: int | None = None,
        details: Mapping[str, Any] = MappingProxyType({}),
        request_id: str | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status
        self.details = dict(details)
        self.request_id = request_id

    def __str__(self) -> str:
        return f"{self.code}: {self.message}"

    def __reduce__(self) -> tuple[Any, ...]:
        # Worker processes send it to who reads from them.
        return (_again, (self.code, self.message, self.status, self.details, self.request_id))


def _again(code: str, message: str, status: int | None, details: dict[str, Any], request_id: str | None) -> OrreryError:
    return OrreryError(code, message, status=status, details=details, request_id=request_id)


class OrreryWarning(UserWarning):
    """An answer that is not all one might take it for: a filter that can match nothing, an index that does not cover the version yet."""
