from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

import orrery_feed
from orrery_feed import exchange


@dataclass(frozen=True)
class Served:
    """What `orrery-feed.long.test.ts` serves: a bridge whose first epochs are closed, and that steers and opens the next as soon as one is settled."""

    origin: str
    run: str
    rows: int
    sequence_tokens: int
    closed: list[list[tuple[str, str]]]
    """Of each closed epoch, source and sha256 of each batch."""
    staked: str
    """A run of the same data where stake admits."""
    hotkey: str
    """File of a hotkey that has it."""
    key: str
    """Of an operator."""

    @property
    def where(self) -> dict[str, Any]:
        return {"url": self.origin, "run": self.run}

    def loader(self, **options: Any) -> orrery_feed.FeedLoader:
        return orrery_feed.loader(**{**self.where, "as_numpy": True, **options})


@pytest.fixture(scope="session")
def served() -> Served:
    path = os.environ.get("ORRERY_FEED_TEST")
    if path is None:
        pytest.skip("no bridge: these run from orrery-feed.long.test.ts")
    return Served(**json.loads(Path(path).read_text()))


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exchange, "PAUSE_SECONDS", (0.001, 0.01))


class Scripted:
    """A server that answers each request with the next of `answers`: (status, headers, body); status 0 hangs up. The last one stays."""

    def __init__(self) -> None:
        self.answers: list[tuple[int, dict[str, str], bytes]] = []
        self.asked: list[tuple[str, str, bytes]] = []
        scripted = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length", 0)))
                at = min(len(scripted.asked), len(scripted.answers) - 1)
                scripted.asked.append((self.command, self.path, body))
                status, headers, content = scripted.answers[at]
                if status == 0:
                    self.close_connection = True
                    return
                self.send_response(status)
                for name, value in {"content-length": str(len(content)), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(content)
                self.close_connection = "content-length" in headers

            do_POST = do_GET

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.origin = f"http://127.0.0.1:{self.server.server_port}"
        Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    def says(self, *answers: tuple[int, dict[str, str], Any]) -> None:
        self.asked.clear()
        self.answers = [(status, headers, body if isinstance(body, bytes) else json.dumps(body).encode()) for status, headers, body in answers]


@pytest.fixture()
def scripted() -> Iterator[Scripted]:
    server = Scripted()
    yield server
    server.server.shutdown()
    server.server.server_close()
