"""The feed of one run, as a trainer sees it."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import quote, unquote

import numpy as np
import numpy.typing as npt

from .btauth import Signer
from .errors import OrreryError
from .exchange import Body, Exchange, Malformed, Stopped
from .hotkey import hotkey_of
from .member import TOKEN, Member, forget_token, keep_token, kept_token, registering
from .wire import Grant, History, Plan, grant_of, history_of, plan_of, seconds_of

Answer = TypeVar("Answer")

ITEMS_MAX = 256
"""Answers of one request."""
WAIT_MS = 20_000
"""So long the feed may keep a request for leases when there are none."""
JOININGS_MAX = 4
"""Of a node whose token is over, and that knows neither whom to sign for nor what time it is there."""


@dataclass(frozen=True)
class Where:
    """A feed and the run of it that is trained; what worker processes are given."""

    url: str
    run: str
    node: str = ""
    """Name of this one at the feed; empty for who only looks."""
    token: str | None = None
    """Of its operator; absent: the one that the feed gives a node, where it wants one."""
    wallet: str | None = None
    """Whose hotkey the node joins by, as `hotkey_of` has it."""


@dataclass(frozen=True)
class Loss:
    epoch: int
    batch: int
    loss: float
    """Mean cross-entropy over the batch before its update, nats per token."""
    tokens: int


@dataclass(frozen=True)
class LeaseAnswer:
    grants: list[Grant]
    retry_seconds: float
    is_drained: bool
    """The feed gives this name nothing: some process of it has said that it leaves."""


class Feed:
    """Everything waits and asks again until it is answered, or ``stop`` is set, unless it says otherwise."""

    def __init__(self, where: Where, stop: threading.Event) -> None:
        self._where = where
        self._exchange = Exchange(where.url, where.token, stop)
        self._signer = None if where.wallet is None else Signer(hotkey_of(where.wallet))
        self._member = Member(where.url, where.node, "" if where.wallet is None else hotkey_of(where.wallet).address)
        self._job = f"/v1/jobs/{quote(where.run, safe='')}"

    def close(self) -> None:
        self._exchange.close()

    def jobs(self) -> list[str]:
        return self._look("/v1/jobs", lambda answer: [str(job["job"]) for job in answer["jobs"]])

    def newest(self) -> Plan | None:
        """The open epoch, else the last one; None before the first."""

        def parse(answer: Any) -> int | None:
            epoch = answer.get("epoch")
            return epoch if isinstance(epoch, int) else None

        epoch = self._look(self._job, parse)
        return None if epoch is None else self.epoch(epoch)

    def epoch(self, epoch: int) -> Plan | None:
        """None where it is not planned, or no longer kept."""
        try:
            return self._look(f"{self._job}/epochs/{epoch}", lambda answer: plan_of(answer.get("plan")))
        except OrreryError as error:
            if error.status == 404 and error.code == "not_found":
                return None
            raise

    def block(self, plan: Plan, batch: int) -> tuple[npt.NDArray[np.uint32], str]:
        """Tokens [rows, row_tokens] of a batch, and its source."""
        path = f"{self._job}/epochs/{plan.epoch}/batches/{batch}"
        tokens, headers = self._for_hotkey(lambda token: self._exchange.block(path, plan.rows, plan.row_tokens, token=token))
        return tokens, unquote(headers.get("orrery-label", ""))

    def leased_block(self, grant: Grant, attempts: int) -> npt.NDArray[np.uint32]:
        """Raises ``Failed`` after so many attempts: a batch may be unreadable for good."""
        block = self._exchange.block
        return self._for_hotkey(lambda token: block(grant.tokens_path, grant.rows, grant.row_tokens, attempts=attempts, token=token))[0]

    def report(self, epoch: int, losses: Sequence[Loss]) -> list[str]:
        """What became of each: ``settled``, or why not."""
        items = [{"batch": loss.batch, "loss": loss.loss, "tokens": loss.tokens} for loss in losses]
        return self._ask("POST", f"{self._job}/losses", _outcomes(items), {"node": self._where.node, "epoch": epoch, "items": items})

    def register(self) -> None:
        """From now on the name is of whoever has the credential of this request; who was drained leases again."""
        with registering():
            self._register()

    def drain(self) -> None:
        """The node is leaving: one attempt."""
        self._ask("POST", f"/v1/nodes/{quote(self._where.node, safe='')}/drain", lambda answer: answer, {}, attempts=1)

    def history(self) -> History:
        """As the feed has booked it: one attempt."""
        return self._ask("GET", f"/v1/nodes/{quote(self._where.node, safe='')}", history_of, attempts=1)

    def lease(self, limit: int, request_id: str, available: Callable[[], float | None]) -> LeaseAnswer:
        """
        The same ``request_id`` gets the same leases again, so that a lost answer strands none.
        :param available: seconds that the node is still there for, asked at each attempt; None: without end. Raises ``Stopped`` at 0
        """

        def body() -> dict[str, Any]:
            seconds = available()
            if seconds is not None and seconds <= 0:
                raise Stopped
            ends = {} if seconds is None else {"available_for_ms": int(seconds * 1000)}
            return {"node": self._where.node, "job": self._where.run, "limit": limit, "request_id": request_id, "wait_ms": WAIT_MS, **ends}

        def parse(answer: Any) -> LeaseAnswer:
            leases, retry = answer.get("leases"), answer.get("retry_after_ms")
            if not isinstance(leases, list) or not isinstance(retry, int):
                raise Malformed("an answer has no leases")
            return LeaseAnswer([grant_of(lease) for lease in leases], seconds_of(retry), answer.get("state") == "drain")

        return self._ask("POST", "/v1/leases", parse, body)

    def renew(self, grants: Sequence[Grant]) -> list[float | None]:
        """Seconds that each is good for from now on; None where it is lost."""

        def parse(answer: Any) -> list[float | None]:
            told = [seconds_of(item["expires_in_ms"]) if item.get("state") == "renewed" else None for item in answer["items"]]
            if len(told) != len(grants):
                raise Malformed(f"an answer tells of {len(told)} leases, not of {len(grants)}")
            return told

        return self._ask("POST", "/v1/leases/renew", parse, {"node": self._where.node, "items": [grant.proof for grant in grants]})

    def ack(self, acks: Sequence[tuple[Grant, float]]) -> list[str]:
        """What became of each: ``settled``, or why not."""
        items = [{**grant.proof, "loss": loss, "tokens": grant.rows * grant.sequence_tokens} for grant, loss in acks]
        return self._ask("POST", "/v1/acks", _outcomes(items), {"node": self._where.node, "items": items})

    def nack(self, grants: Sequence[Grant], reason: str) -> list[str]:
        """One attempt: what cannot be given back returns when its lease runs out."""
        items = [{**grant.proof, "reason": reason[:200]} for grant in grants]
        return self._ask("POST", "/v1/nacks", _outcomes(items), {"node": self._where.node, "items": items}, attempts=1)

    def _look(self, path: str, parse: Callable[[Any], Answer]) -> Answer:
        return self._for_hotkey(lambda token: self._exchange.ask("GET", path, parse, token=token))

    def _ask(self, method: str, path: str, parse: Callable[[Any], Answer], body: Body = None, *, attempts: int | None = None) -> Answer:
        return self._as_node(lambda token: self._exchange.ask(method, path, parse, body, attempts=attempts, token=token))

    def _for_hotkey(self, ask: Callable[[str | None], Answer]) -> Answer:
        """What names no node is asked by nobody, but where a hotkey has joined: its token opens what is not for all."""
        return ask(None) if self._signer is None else self._as_node(ask)

    def _as_node(self, ask: Callable[[str | None], Answer]) -> Answer:
        """Asks with the token of this node. Where the feed wants one, and there is none or it is over, it registers, once; by a hotkey it does so before."""
        token = self._token()
        if token is None and self._signer is not None:
            token = self._join(None)
        try:
            return ask(token)
        except OrreryError as error:
            if error.code != "unauthorized" or (self._where.token is not None and self._signer is None):
                raise
        return ask(self._join(token))

    def _join(self, over: str | None) -> str | None:
        with registering():
            # Another thread may have done so meanwhile, or another process.
            if self._token() == over:
                forget_token(self._member, over)
                if self._token() is None:
                    self._register()
            return self._token()

    def _token(self) -> str | None:
        return None if self._where.token is not None and self._signer is None else kept_token(self._member)

    def _register(self) -> None:
        def token_of(answer: Any) -> str | None:
            token = answer.get("token")
            if token is not None and not TOKEN.fullmatch(token):
                raise Malformed("an answer has a token that is none")
            return None if token is None else str(token)

        request_id = str(uuid.uuid4())
        """After a lost answer it is asked again: nobody else knows it."""
        asked = {"node": self._where.node, "request_id": request_id}
        for left in reversed(range(JOININGS_MAX)):
            token = self._token()
            try:
                sign = None if token is not None or self._signer is None else self._signer.headers
                given = self._exchange.ask("POST", "/v1/nodes", token_of, asked, token=token, sign=sign)
                break
            except OrreryError as error:
                if error.code != "unauthorized" or left == 0:
                    raise
                if token is not None:
                    forget_token(self._member, token)
                elif self._signer is None or not self._signer.learn(error.details):
                    raise
        if given is not None and (self._where.token is None or self._signer is not None):
            keep_token(self._member, given)


def _outcomes(items: Sequence[Any]) -> Callable[[Any], list[str]]:
    """What became of each: an answer of another length is none."""

    def parse(answer: Any) -> list[str]:
        told = [str((item.get("error") or {}).get("code", "refused")) if item["state"] == "refused" else str(item["state"]) for item in answer["items"]]
        if len(told) != len(items):
            raise Malformed(f"an answer tells of {len(told)} batches, not of {len(items)}")
        return told

    return parse
