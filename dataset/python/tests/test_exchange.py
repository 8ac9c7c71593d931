from __future__ import annotations

import pickle
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from typing import Any

import pytest

from orrery_data import Client, OrreryError

from conftest import Scripted

WEB = (200, {}, {"name": "web"})


def test_who_is_refused_for_now_comes_again(scripted: Scripted) -> None:
    torn = (200, {"content-length": "100"}, b'{"name"')
    scripted.says((429, {"retry-after": "3"}, {}), (503, {}, {}), (0, {}, {}), torn, WEB)
    assert scripted.client("orr_secret").dataset("web") == {"name": "web"}
    assert scripted.waited[0] == 3
    assert len(scripted.waited) == 4 and all(0 < seconds <= 8 for seconds in scripted.waited[1:])
    assert {headers["authorization"] for _, headers in scripted.asked} == {"Bearer orr_secret"}


def test_a_date_to_come_again_is_one_too(scripted: Scripted) -> None:
    at = format_datetime(datetime.now(timezone.utc) + timedelta(seconds=30), usegmt=True)
    scripted.says((503, {"retry-after": at}, {}), (503, {"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}, {}), WEB)
    scripted.client().dataset("web")
    assert 0 < scripted.waited[0] <= 30 and scripted.waited[1] == 0


@pytest.mark.parametrize(
    ("answer", "attempts", "code"),
    [
        ((503, {}, {}), 5, "store_unavailable"),
        ((503, {"retry-after": "-1"}, {}), 5, "store_unavailable"),
        ((503, {"retry-after": "soon"}, {}), 5, "store_unavailable"),
        ((429, {"retry-after": "3600"}, {}), 1, "rate_limited"),
        ((429, {"retry-after": "9" * 400}, {}), 1, "rate_limited"),
        ((0, {}, {}), 5, "upstream_failed"),
        ((302, {"location": "http://127.0.0.1:1/"}, {}), 1, "upstream_failed"),
        ((404, {}, b"<html>"), 1, "not_found"),
        ((400, {}, {"error": "which one?"}), 1, "invalid_argument"),
        ((400, {}, {"error": {"code": "too_large", "message": "no", "details": 3}}), 1, "too_large"),
        ((400, {}, b"[" * 60_000), 1, "invalid_argument"),
        ((500, {}, b"x" * 100_000), 1, "upstream_failed"),
        ((200, {}, b"hello"), 1, "upstream_failed"),
        ((200, {}, b"\xff\xfe"), 1, "upstream_failed"),
        ((200, {}, b"[" * 60_000), 1, "upstream_failed"),
        ((200, {"content-encoding": "gzip"}, b"no gzip"), 5, "upstream_failed"),
    ],
)
def test_what_goes_wrong_is_one_kind_of_error(scripted: Scripted, answer: tuple[int, dict[str, str], Any], attempts: int, code: str) -> None:
    scripted.says(answer)
    with pytest.raises(OrreryError) as failed:
        scripted.client().dataset("web")
    assert (failed.value.code, len(scripted.asked)) == (code, attempts)
    again = pickle.loads(pickle.dumps(failed.value))
    assert (str(again), again.status) == (str(failed.value), failed.value.status)


def test_an_answer_without_end_is_cut(scripted: Scripted, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("orrery_data.exchange.ANSWER_BYTES_MAX", 1000)
    scripted.says((200, {}, b" " * 10_000))
    with pytest.raises(OrreryError) as failed:
        scripted.client().dataset("web")
    assert failed.value.code == "too_large"


def test_pages_that_go_round_in_a_circle_end(scripted: Scripted) -> None:
    scripted.says((200, {}, {"datasets": [], "next_cursor": "same"}))
    with pytest.raises(OrreryError, match="the one before"):
        list(scripted.client().datasets())


def test_rows_of_two_versions_are_not_mixed(scripted: Scripted) -> None:
    page = {"features": [], "rows": [{"row_idx": 0, "row": {"id": "a"}, "truncated_cells": []}], "num_rows_total": 2, "partial": False}
    scripted.says((200, {"x-revision": "1"}, page), (200, {"x-revision": "2"}, page))
    with pytest.raises(OrreryError) as failed:
        list(scripted.client().rows("web"))
    assert failed.value.code == "conflict"


def test_nobody_there_is_said_with_the_address() -> None:
    waited: list[float] = []
    with Client("http://127.0.0.1:9", wait=waited.append) as client, pytest.raises(OrreryError, match="http://127.0.0.1:9 gave no answer"):
        client.dataset("web")
    assert len(waited) == 4


@pytest.mark.parametrize(
    "address",
    [
        "",
        "127.0.0.1:8710",
        "file:///etc",
        "http://",
        "ftp://x",
        "http://x:99999",
        "http://[::1",
        "http://x\n",
        "http://x/?y=z",
        "http://x/#y",
        "http://me:secret@x",
    ],
)
def test_an_address_is_checked_at_once(address: str) -> None:
    with pytest.raises(OrreryError, match="no address of a service") as refused:
        Client(address)
    assert "secret" not in str(refused.value)


def test_a_key_is_checked_and_not_shown() -> None:
    with pytest.raises(OrreryError) as refused:
        Client(api_key="orr_secret\r\nx: y")
    assert "secret" not in str(refused.value)
