from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any


class OrreryError(Exception):
    """What the feed refused, or what it cannot be asked for.

    ``code`` is that of the feed (``lease_lost``, ``fenced``, ``not_found``, ``invalid_argument`` ...), ``upstream_failed`` where its answer is none,
    ``conflict`` where a state does not go with what it is loaded into; ``status`` that of HTTP, None without an answer, and
    ``details`` what the feed says beside.
    """

    def __init__(self, code: str, message: str | None = None, *, status: int | None = None, details: Mapping[str, Any] | None = None) -> None:
        if message is None:
            # What a worker of a DataLoader raised is raised anew where it is read from, of its traceback as one text.
            told = re.search(r"OrreryError: (\w+): (.*)\s*$", code)
            code, message = (told[1], told[2]) if told else ("upstream_failed", code)
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status
        self.details = dict(details or {})

    def __str__(self) -> str:
        return f"{self.code}: {self.message}"

    def __reduce__(self) -> tuple[Any, ...]:
        return (_again, (self.code, self.message, self.status, self.details))


def _again(code: str, message: str, status: int | None, details: Mapping[str, Any]) -> OrreryError:
    return OrreryError(code, message, status=status, details=details)
