from __future__ import annotations

import json
import os
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from orrery_data import Client


@pytest.fixture(scope="session")
def service() -> dict[str, Any]:
    """What `orrery-data.long.test.ts` serves."""
    path = os.environ.get("ORRERY_DATA_TEST")
    if path is None:
        pytest.skip("no service: these run from orrery-data.long.test.ts")
    return json.loads(Path(path).read_text())


@pytest.fixture()
def client(service: dict[str, Any]) -> Iterator[Client]:
    with Client(service["origin"] + "/", service["key"]) as client:
        yield client


class Scripted:
    """A server that answers each request with the next of `answers`: (status, headers, body); status 0 hangs up. The last one stays."""

    def __init__(self) -> None:
        self.answers: list[tuple[int, dict[str, str], bytes]] = []
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.waited: list[float] = []
        scripted = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                self.rfile.read(int(self.headers.get("content-length", 0)))
                at = min(len(scripted.asked), len(scripted.answers) - 1)
                scripted.asked.append((self.path, {name.lower(): value for name, value in self.headers.items()}))
                status, headers, body = scripted.answers[at]
                if status == 0:
                    self.connection.close()
                    self.close_connection = True
                    return
                self.send_response(status)
                for name, value in {"content-length": str(len(body)), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)
                if headers.get("content-length") is not None:
                    self.close_connection = True

            do_POST = do_GET

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.origin = f"http://127.0.0.1:{self.server.server_port}"
        Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    def client(self, api_key: str | None = None) -> Client:
        return Client(self.origin, api_key, wait=self.waited.append)

    def says(self, *answers: tuple[int, dict[str, str], Any]) -> None:
        self.answers = [(status, headers, body if isinstance(body, bytes) else json.dumps(body).encode()) for status, headers, body in answers]


@pytest.fixture()
def scripted() -> Iterator[Scripted]:
    server = Scripted()
    yield server
    server.server.shutdown()
    server.server.server_close()
