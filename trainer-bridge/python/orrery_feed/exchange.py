"""HTTP with the feed: small questions in JSON, and blocks that are read into the array that they become."""

from __future__ import annotations

import hashlib
import http.client
import json
import logging
import random
import ssl
import threading
from collections.abc import Callable, Mapping
from typing import Any, TypeVar
from urllib.parse import urlsplit

import numpy as np
import numpy.typing as npt

from .errors import OrreryError

REQUEST_SECONDS = 40.0
"""What the feed gives itself for one answer, and a connection for one read."""
PAUSE_SECONDS = (0.1, 5.0)
"""Before the second attempt, and at most."""
JSON_BYTES_MAX = 4 * 2**20
FORM_ATTEMPTS_MAX = 6
"""Whoever answers so often in another form is no feed."""
TELL_EVERY = 12
"""Attempts between two lines of the log: about a minute."""

log = logging.getLogger("orrery_feed")
_spread = random.SystemRandom()
"""Not the generator of the program, which trainers seed, all alike, and draw from."""
Answer = TypeVar("Answer")
Body = Mapping[str, Any] | Callable[[], Mapping[str, Any]] | None
Sign = Callable[[str, str, bytes], Mapping[str, str]]
"""Headers that sign a request of this method, target and body."""


class Stopped(Exception):
    """Whoever asked has closed what it asked for."""


class Failed(Exception):
    """It may go better the next time: no connection, 5xx, 429, a cut or wrong answer. Seconds that the feed asks to be left alone for, or 0."""

    def __init__(self, problem: str, pause_seconds: float = 0.0) -> None:
        super().__init__(problem)
        self.pause_seconds = pause_seconds


class Malformed(Failed):
    """The answer is none of a feed's."""


class Exchange:
    """Asks one feed over kept connections, one a thread. What passes by itself is asked again until it is answered or ``stop`` is set."""

    def __init__(self, url: str, token: str | None, stop: threading.Event) -> None:
        parts = urlsplit(url)
        try:
            self._port = parts.port
        except ValueError:
            parts = urlsplit("")
        if parts.scheme not in ("http", "https") or not parts.hostname:
            # Not what stands before an @, which may be a password.
            raise OrreryError("invalid_argument", f"{url.rpartition('@')[2]!r} is no address of a feed; write one like http://127.0.0.1:8720.")
        if token is not None and not (token.isascii() and token.isprintable()):
            raise OrreryError("invalid_argument", "The token has characters that no token has.")
        self._is_tls = parts.scheme == "https"
        self._host = parts.hostname
        self._base = parts.path.rstrip("/")
        self._headers = {"host": parts.netloc.rpartition("@")[2], **_bearer(token)}
        self._own = threading.local()
        self._stop = stop
        self._has_answered = False

    def ask(
        self,
        method: str,
        path: str,
        parse: Callable[[Any], Answer],
        body: Body = None,
        *,
        attempts: int | None = None,
        token: str | None = None,
        sign: Sign | None = None,
    ) -> Answer:
        """
        One question; what is posted may arrive twice, and the feed books it once. Raises ``Failed`` after so many ``attempts``; without, it has no end.
        :param body: what is posted, or what says so anew for each attempt
        :param token: instead of the one that goes with every request
        :param sign: signs each attempt anew
        """
        headers = {**({} if body is None else {"content-type": "application/json"}), **_bearer(token)}

        def once() -> Answer:
            said = body() if callable(body) else body
            content = None if said is None else json.dumps(said, allow_nan=False).encode()
            response = self._send(method, path, content, headers, sign)
            answer = _parsed(_read_all(response), path)
            try:
                return parse(answer)
            except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
                raise Malformed(f"{path} gave an answer of another form") from error

        return self._persist(once, path, attempts)

    def block(
        self, path: str, rows: int, row_tokens: int, *, attempts: int | None = None, token: str | None = None
    ) -> tuple[npt.NDArray[np.uint32], http.client.HTTPMessage]:
        """Tokens [rows, row_tokens] as they came, of exactly the size and hash they must have, and the headers beside them."""

        def once() -> tuple[npt.NDArray[np.uint32], http.client.HTTPMessage]:
            tokens = np.empty((rows, row_tokens), dtype="<u4")
            response = self._send("GET", path, None, {"accept": "application/octet-stream", "accept-encoding": "identity", **_bearer(token)})
            if response.length != tokens.nbytes:
                raise Failed(f"{path} gave {response.length} bytes, not {tokens.nbytes}")
            view = tokens.data.cast("B")
            at = 0
            while at < len(view):
                read = response.readinto(view[at:])
                if read == 0:
                    raise Failed(f"{path} was cut after {at} bytes of {len(view)}")
                at += read
            # Read to its end, or the connection is not free for the next.
            response.read()
            # Weak where a proxy between has compressed and unpacked it: the bytes say the same.
            if (response.headers.get("etag") or "").removeprefix("W/") != f'"{hashlib.sha256(view).hexdigest()}"':
                raise Failed(f"{path} gave bytes that do not have the hash of their ETag")
            return tokens, response.headers

        return self._persist(once, path, attempts)

    def close(self) -> None:
        """Frees the connection of this thread."""
        connection: http.client.HTTPConnection | None = getattr(self._own, "connection", None)
        if connection is not None:
            connection.close()
        self._own.connection = None

    def _persist(self, attempt: Callable[[], Answer], path: str, attempts: int | None) -> Answer:
        pause, longest = PAUSE_SECONDS
        made = 0
        while True:
            if self._stop.is_set():
                raise Stopped
            was_kept = getattr(self._own, "connection", None) is not None
            try:
                return attempt()
            except (Failed, OSError, http.client.HTTPException) as error:
                self.close()
                if isinstance(error, ssl.SSLCertVerificationError) and not self._has_answered:
                    # One that is over in the middle of a training may be renewed.
                    message = f"The certificate of {self._host} is none that this machine trusts ({error.verify_message}); name its authority in SSL_CERT_FILE."
                    raise OrreryError("upstream_failed", message) from error
                if was_kept and isinstance(error, ConnectionError):
                    # One that lay idle for long is closed by the other side: there is nothing to wait for.
                    continue
                made += 1
                if attempts is not None and made >= attempts:
                    raise error if isinstance(error, Failed) else Failed(f"{path}: {error!r}") from error
                if isinstance(error, Malformed) and made >= FORM_ATTEMPTS_MAX:
                    raise OrreryError("upstream_failed", f"{error}, {made} times; is this the address of a feed of Orrery?") from error
                if made % TELL_EVERY == 1:
                    log.warning("the feed at %s is waited for: %s", self._host, error)
                # All nodes of a feed lose it in one moment, and would come back in one.
                asked = error.pause_seconds if isinstance(error, Failed) else 0.0
                self._stop.wait(max(pause * _spread.uniform(0.5, 1.0), asked * _spread.uniform(1.0, 1.5)))
                pause = min(2 * pause, longest)
            except BaseException:
                # What is left of an answer would be taken for the next one.
                self.close()
                raise

    def _send(self, method: str, path: str, content: bytes | None, headers: Mapping[str, str], sign: Sign | None = None) -> http.client.HTTPResponse:
        connection = getattr(self._own, "connection", None)
        if connection is None:
            kind = http.client.HTTPSConnection if self._is_tls else http.client.HTTPConnection
            connection = self._own.connection = kind(self._host, self._port, timeout=REQUEST_SECONDS)
        # What is in front of the path is a proxy's, and is not what the feed receives.
        signed = {} if sign is None else sign(method, path, content or b"")
        connection.request(method, self._base + path, body=content, headers={**self._headers, **headers, **signed})
        response: http.client.HTTPResponse = connection.getresponse()
        self._has_answered = True
        if response.status != 200:
            raise _refusal(response, path)
        return response


def _bearer(token: str | None) -> dict[str, str]:
    return {} if token is None else {"authorization": f"Bearer {token}"}


def _read_all(response: http.client.HTTPResponse) -> bytes:
    body = response.read(JSON_BYTES_MAX + 1)
    if len(body) > JSON_BYTES_MAX:
        raise Failed(f"an answer of more than {JSON_BYTES_MAX} bytes")
    return body


def _parsed(body: bytes, path: str) -> Any:
    try:
        return json.loads(body, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise Malformed(f"{path} gave an answer that is no JSON") from error


def _no_number(name: str) -> float:
    raise ValueError(f"{name} is no number of JSON")


def _refusal(response: http.client.HTTPResponse, path: str) -> Exception:
    """The error of an answer: either form, that of the house (``error``) or problem+json."""
    status = response.status
    try:
        said = _parsed(_read_all(response), path)
    except Failed:
        said = {}
    said = said.get("error", said) if isinstance(said, dict) else {}
    said = said if isinstance(said, dict) else {}
    code, message, details = said.get("code"), said.get("message") or said.get("detail"), said.get("details")
    if status >= 500 or status in (408, 425, 429):
        return Failed(f"{path}: {message or f'status {status}'}", _seconds(response.headers.get("retry-after")))
    if not isinstance(code, str):
        code = {401: "unauthorized", 403: "forbidden", 404: "not_found"}.get(status, "invalid_argument")
    return OrreryError(code, f"The feed refused {path}: {message or f'status {status}'}", status=status, details=details if isinstance(details, dict) else None)


def _seconds(retry_after: str | None) -> float:
    """A feed that names a date, or an hour, is asked again after the longest pause all the same."""
    try:
        return min(max(float(retry_after or 0), 0.0), PAUSE_SECONDS[1])
    except ValueError:
        return 0.0
