"""One question to the service, asked until it is answered."""

from __future__ import annotations

import email.utils
import json
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from decimal import Decimal
from typing import Any
from urllib.parse import urljoin

import httpx

from .errors import OrreryError

ATTEMPTS_MAX = 5
BACK_OFF_SECONDS = (0.25, 8.0)
"""Of the first attempt, and at most."""
PATIENCE_SECONDS = 60.0
"""Who asks to be left alone for longer is told to the caller."""
ANSWER_BYTES_MAX = 64 * 2**20
ERROR_BYTES_MAX = 2**16

CODES = {401: "unauthorized", 403: "forbidden", 404: "not_found", 413: "too_large", 429: "rate_limited", 503: "store_unavailable", 504: "timed_out"}
RETRIED = {429, 502, 503, 504}


@dataclass(frozen=True)
class Reply:
    body: bytes
    headers: httpx.Headers

    def json(self) -> Any:
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError) as error:
            raise OrreryError("upstream_failed", "The answer is no JSON; is this the address of a service of datasets?") from error


class Exchange:
    """Sends questions over kept connections; safe to use from threads."""

    def __init__(self, base_url: str, api_key: str | None, wait: Callable[[float], None] = time.sleep) -> None:
        if not _is_address(base_url):
            # Not what stands before an @, which may be a password.
            raise OrreryError("invalid_argument", f"{base_url.rpartition('@')[2]!r} is no address of a service; write one like http://127.0.0.1:8710.")
        if api_key is not None and not (api_key.isascii() and api_key.isprintable()):
            raise OrreryError("invalid_argument", "The API key has characters that no key has; see `orrery dataset key create`.")
        self._base_url = base_url.rstrip("/")
        self._key_headers = {} if api_key is None else {"authorization": f"Bearer {api_key}"}
        self._wait = wait
        # A key is for this service, not for whom it may send one to: no redirect is followed.
        self._http = httpx.Client(timeout=httpx.Timeout(60, connect=10), follow_redirects=False)

    def close(self) -> None:
        self._http.close()

    def ask(self, path: str, query: Mapping[str, Any] | None = None, *, body: Any = None, accept: str = "application/json") -> Reply:
        """A question that changes nothing, so that it may be asked again. Values that are None are left out of the query."""
        parameters = {name: _spelled(value) for name, value in (query or {}).items() if value is not None}
        headers = {"accept": accept, **self._key_headers, **({} if body is None else {"content-type": "application/json"})}
        try:
            content = None if body is None else json.dumps(body, ensure_ascii=False, allow_nan=False).encode()
            request = self._http.build_request("GET" if body is None else "POST", self._base_url + path, params=parameters, content=content, headers=headers)
        except ValueError as error:
            raise OrreryError("invalid_argument", f"The question cannot be sent, for half a character or a number that is none: {error}.") from error
        return self._send(request, ANSWER_BYTES_MAX)

    def read(self, url: str, start: int, size: int) -> bytes:
        """Bytes of an object by its signed URL, which needs no key and gets none."""
        if size == 0:
            return b""
        headers = {"range": f"bytes={start}-{start + size - 1}", "accept-encoding": "identity"}
        try:
            request = self._http.build_request("GET", urljoin(self._base_url + "/", url), headers=headers)
        except (ValueError, httpx.InvalidURL) as error:
            raise OrreryError("upstream_failed", f"The service gave an address of an object that is none: {error}.") from error
        return self._send(request, size, exactly=True).body

    def _send(self, request: httpx.Request, bytes_max: int, *, exactly: bool = False) -> Reply:
        attempt = 1
        while True:
            reply, retry_after = self._once(request, bytes_max, exactly)
            if isinstance(reply, Reply):
                return reply
            first, most = BACK_OFF_SECONDS
            seconds = min(most, first * 2 ** (attempt - 1)) * random.uniform(0.5, 1) if retry_after is None else retry_after
            is_for_now = reply.status in RETRIED or (reply.status is None and reply.code == "upstream_failed")
            if attempt >= ATTEMPTS_MAX or not is_for_now or seconds > PATIENCE_SECONDS:
                raise reply
            self._wait(seconds)
            attempt += 1

    def _once(self, request: httpx.Request, bytes_max: int, exactly: bool) -> tuple[Reply | OrreryError, float | None]:
        try:
            response = self._http.send(request, stream=True)
            try:
                if not response.is_success:
                    return _failure(response), _retry_after(response.headers)
                if exactly and response.status_code != 206:
                    raise OrreryError("upstream_failed", "The store sends objects as wholes alone, and not the bytes that are asked for.")
                body = _body(response, bytes_max)
                if exactly and len(body) != bytes_max:
                    return OrreryError("upstream_failed", f"The store sent {len(body)} bytes of an object where {bytes_max} were asked for."), None
                return Reply(body, response.headers), None
            finally:
                response.close()
        except (httpx.HTTPError, httpx.InvalidURL, OverflowError) as error:  # the last one: a port that is none
            why = str(error) or type(error).__name__
            failure = OrreryError("upstream_failed", f"{self._base_url} gave no answer: {why}.")
            failure.__cause__ = error
            return failure, None


def _is_address(base_url: str) -> bool:
    try:
        url = httpx.URL(base_url)
    except (ValueError, httpx.InvalidURL):
        return False
    return url.scheme in ("http", "https") and url.host != "" and (url.port or 1) < 2**16 and not (url.userinfo or url.query or url.fragment)


def _spelled(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        # In digits alone.
        return format(Decimal(repr(value)), "f")
    return str(value)


def _body(response: httpx.Response, bytes_max: int) -> bytes:
    body = bytearray()
    for piece in response.iter_bytes():
        body += piece
        if len(body) > bytes_max:
            raise OrreryError("too_large", f"The answer has more than {bytes_max} bytes; ask for less.", details={"bytes_max": bytes_max})
    return bytes(body)


def _failure(response: httpx.Response) -> OrreryError:
    """As the service says it, its viewer, or a proxy before it."""
    status = response.status_code
    try:
        said = json.loads(_body(response, ERROR_BYTES_MAX))["error"]
    except (ValueError, KeyError, TypeError, RecursionError, OrreryError):
        said = None
    known = CODES.get(status, "invalid_argument" if 400 <= status < 500 else "upstream_failed")
    message = f"The service answered {status}."
    details: Any = {}
    if isinstance(said, str):
        message = said
    elif isinstance(said, dict):
        known, message, details = str(said.get("code", known)), str(said.get("message", message)), said.get("details")
    return OrreryError(
        known,
        message,
        status=status,
        details=details if isinstance(details, dict) else {},
        request_id=response.headers.get("x-request-id"),
    )


def _retry_after(headers: httpx.Headers) -> float | None:
    """Seconds, or until a date (RFC 9110, section 10.2.3)."""
    said = headers.get("retry-after", "").strip()
    if said.isascii() and said.isdigit():
        return float(said[:9])
    try:
        at = email.utils.parsedate_to_datetime(said)
    except (ValueError, TypeError, IndexError):
        return None
    at = at if at.tzinfo else at.replace(tzinfo=timezone.utc)
    return max(0.0, (at - datetime.now(timezone.utc)).total_seconds())
