from __future__ import annotations

import hashlib
import http.client
import json
import random
import ssl
import threading

import numpy as np
import pytest

from orrery_feed.errors import OrreryError
from orrery_feed.exchange import JSON_BYTES_MAX, Exchange, Failed
from orrery_feed.feed import Feed, Loss, Where
from orrery_feed.wire import grant_of, plan_of

from .conftest import Scripted

TOKENS = np.arange(6, dtype="<u4").reshape(2, 3)
BLOCK = TOKENS.tobytes()
WHOLE = (200, {"etag": f'"{hashlib.sha256(BLOCK).hexdigest()}"', "orrery-label": "docs%2Fa%20b"}, BLOCK)
PLAN = {
    "job": "web",
    "plan_id": "p",
    "epoch": 0,
    "batches": 3,
    "rows": 2,
    "sequence_tokens": 3,
    "row_tokens": 3,
    "tokenizer": {"name": "t", "fingerprint": "f", "vocabulary": 9},
    "weights": {"constructor": 1},
}


def exchange(origin: str) -> Exchange:
    return Exchange(origin, None, threading.Event())


BAD_BLOCKS = {
    "short": (200, WHOLE[1], BLOCK[:-4]),
    "long": (200, WHOLE[1], BLOCK + b"0000"),
    "cut": (200, {**WHOLE[1], "content-length": str(len(BLOCK) + 0)}, BLOCK[:-1]),
    "of another hash": (200, WHOLE[1], BLOCK[:-1] + b"x"),
    "without a hash": (200, {}, BLOCK),
    "hung up": (0, {}, b""),
    "away": (503, {"retry-after": "1e308"}, b"<html>"),
    "away until a date": (503, {"retry-after": "Fri, 31 Dec 1999 23:59:59 GMT"}, {}),
    "too many": (429, {}, {"code": "rate_limited", "detail": "slowly"}),
    "a proxy's": (502, {}, b""),
}


@pytest.mark.parametrize("bad", BAD_BLOCKS)
def test_a_block_that_is_not_whole_is_read_again(scripted: Scripted, bad: str) -> None:
    scripted.says(BAD_BLOCKS[bad], BAD_BLOCKS[bad], WHOLE)
    tokens, headers = exchange(scripted.origin).block("/b", 2, 3)
    assert tokens.tobytes() == BLOCK and tokens.shape == (2, 3) and len(scripted.asked) == 3
    assert headers["orrery-label"] == "docs%2Fa%20b"


def test_a_tag_that_a_proxy_has_made_weak_is_still_the_hash(scripted: Scripted) -> None:
    scripted.says((200, {"etag": f"W/{WHOLE[1]['etag']}"}, BLOCK))
    assert exchange(scripted.origin).block("/b", 2, 3, attempts=1)[0].tobytes() == BLOCK


def test_attempts_end_where_they_are_to_end(scripted: Scripted) -> None:
    scripted.says(BAD_BLOCKS["short"])
    with pytest.raises(Failed, match="gave 20 bytes, not 24"):
        exchange(scripted.origin).block("/b", 2, 3, attempts=3)
    assert len(scripted.asked) == 3


def test_a_connection_is_kept(scripted: Scripted) -> None:
    scripted.says(WHOLE)
    kept = exchange(scripted.origin)
    kept.block("/b", 2, 3)
    first = kept._own.connection.sock
    kept.block("/b", 2, 3)
    assert kept._own.connection.sock is first


def test_a_kept_connection_that_was_closed_meanwhile_is_no_attempt(scripted: Scripted) -> None:
    scripted.says(WHOLE, (0, {}, b""), WHOLE)
    kept = exchange(scripted.origin)
    for _ in range(2):
        assert kept.block("/b", 2, 3, attempts=1)[0].tobytes() == BLOCK
    assert len(scripted.asked) == 3


@pytest.mark.parametrize("body", [{"error": {"code": "fenced", "message": "closed"}}, {"code": "fenced", "detail": "closed", "status": 409}])
def test_an_error_has_the_code_of_the_feed_in_either_form(scripted: Scripted, body: object) -> None:
    scripted.says((409, {}, body))
    with pytest.raises(OrreryError, match="closed") as refused:
        exchange(scripted.origin).ask("GET", "/x", lambda answer: answer)
    assert (refused.value.code, refused.value.status, len(scripted.asked)) == ("fenced", 409, 1)


@pytest.mark.parametrize(("status", "code"), [(301, "invalid_argument"), (401, "unauthorized"), (404, "not_found"), (418, "invalid_argument")])
@pytest.mark.parametrize("body", [b"", b"[]", b'{"error": []}', b'{"code": 7}', b"[" * 100_000])
def test_whatever_else_refuses_is_told_by_its_status(scripted: Scripted, status: int, code: str, body: bytes) -> None:
    scripted.says((status, {"location": "http://127.0.0.1:1/"}, body))
    with pytest.raises(OrreryError) as refused:
        exchange(scripted.origin).ask("GET", "/x", lambda answer: answer)
    assert refused.value.code == code


@pytest.mark.parametrize("body", [b"", b"{", b'"' + b"x" * JSON_BYTES_MAX + b'"', b"[" * 100_000, b"null", b"[1]", json.dumps({"plan": {**PLAN, "rows": "2"}}).encode()])
def test_an_answer_that_is_none_is_asked_for_again(scripted: Scripted, body: bytes) -> None:
    scripted.says((200, {}, body), (200, {}, {"plan": PLAN}))
    plan = Feed(Where(scripted.origin, "web"), threading.Event()).epoch(0)
    assert plan is not None and plan.weights == {"constructor": 1.0} and len(scripted.asked) == 2


def test_whoever_never_answers_as_a_feed_does_is_told(scripted: Scripted) -> None:
    scripted.says((200, {}, b"<!doctype html>"))
    with pytest.raises(OrreryError, match="is this the address of a feed"):
        Feed(Where(scripted.origin, "web"), threading.Event()).newest()
    scripted.says((200, {}, {"items": []}))
    with pytest.raises(OrreryError, match="another form|tells of 0"):
        Feed(Where(scripted.origin, "web", "n"), threading.Event()).report(0, [Loss(0, 1, 2.0, 6)])


@pytest.mark.parametrize("wrong", [{"rows": 0}, {"rows": 2**31}, {"sequence_tokens": 0}, {"row_tokens": 5}, {"row_tokens": 2}, {"rows": True}, {"tokenizer": None}, {"weights": []}])
def test_no_plan_makes_the_client_take_any_memory(wrong: dict[str, object]) -> None:
    with pytest.raises(Failed):
        plan_of({**PLAN, **wrong})


def test_a_lease_names_a_path_of_its_own_feed() -> None:
    grant = {"plan_id": "p", "epoch": 0, "batch": 1, "label": "x", "token": "t", "fence": 0, "expires_in_ms": 5, "rows": 1, "sequence_tokens": 2, "tokens_path": "/b"}
    assert grant_of(grant).proof == {"plan_id": "p", "epoch": 0, "batch": 1, "token": "t", "fence": 0}
    with pytest.raises(Failed):
        grant_of({**grant, "tokens_path": "http://elsewhere/b"})


@pytest.mark.parametrize("url", ["", "127.0.0.1:8720", "ftp://host", "http://", "http://host:port", "http://user:secret@"])
def test_what_is_no_address_is_refused_without_its_password(url: str) -> None:
    with pytest.raises(OrreryError, match="no address") as refused:
        exchange(url)
    assert "secret" not in str(refused.value)


def test_a_certificate_that_nobody_vouches_for_is_told_at_once_and_waited_for_where_there_was_a_good_one(monkeypatch: pytest.MonkeyPatch) -> None:
    def connect(_: object) -> None:
        error = ssl.SSLCertVerificationError(1, "certificate verify failed")
        error.verify_message = "self-signed certificate"
        raise error

    monkeypatch.setattr(http.client.HTTPSConnection, "connect", connect)
    asking = exchange("https://127.0.0.1:1/")
    with pytest.raises(OrreryError, match="self-signed certificate.*SSL_CERT_FILE"):
        asking.ask("GET", "/x", lambda answer: answer)
    asking._has_answered = True
    with pytest.raises(Failed, match="certificate verify failed"):
        asking.ask("GET", "/x", lambda answer: answer, attempts=2)


def test_a_feed_behind_a_path_is_asked_there_and_what_is_signed_is_what_it_receives(scripted: Scripted) -> None:
    scripted.says((200, {}, {}))
    signed: list[tuple[str, str, bytes]] = []

    def sign(method: str, target: str, content: bytes) -> dict[str, str]:
        signed.append((method, target, content))
        return {"x-signed": "1"}

    exchange(f"{scripted.origin}/base/").ask("POST", "/v1/nodes", lambda answer: answer, {"a": 1}, sign=sign)
    assert scripted.asked == [("POST", "/base/v1/nodes", b'{"a": 1}')] and signed == [("POST", "/v1/nodes", b'{"a": 1}')]


def test_a_token_goes_with_each_request(scripted: Scripted) -> None:
    with pytest.raises(OrreryError, match="token"):
        Exchange(scripted.origin, "orr_1\n", threading.Event())


class Waits(threading.Event):
    """Nobody sleeps: what would be slept is kept."""

    def __init__(self) -> None:
        super().__init__()
        self.seconds: list[float] = []

    def wait(self, timeout: float | None = None) -> bool:
        self.seconds.append(timeout or 0.0)
        return False


def test_nodes_that_lost_their_feed_in_one_moment_come_back_at_moments_of_their_own(scripted: Scripted, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("orrery_feed.exchange.PAUSE_SECONDS", (0.1, 5.0))

    def waits_of(asked: str) -> list[float]:
        # A trainer seeds its generators, in each of its ranks alike.
        random.seed(7)
        scripted.says((503, {"retry-after": asked}, {}))
        waits = Waits()
        with pytest.raises(Failed):
            Exchange(scripted.origin, None, waits).ask("GET", "/x", lambda answer: answer, attempts=9)
        return waits.seconds

    first, second = waits_of("0"), waits_of("0")
    assert all(least / 2 <= waited <= least for least, waited in zip([0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0], first))
    assert not set(first) & set(second)
    assert all(2.0 <= waited <= 5.0 for waited in waits_of("2"))
    assert random.random() == random.Random(7).random()
