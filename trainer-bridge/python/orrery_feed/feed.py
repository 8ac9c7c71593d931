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

from .errors import OrreryError
from .exchange import Body, Exchange, Malformed, Stopped
from .member import TOKEN, forget_token, keep_token, kept_token, registering
from .wire import Grant, History, Plan, grant_of, history_of, plan_of, seconds_of

Answer = TypeVar("Answer")

ITEMS_MAX = 256
"""Answers of one request."""
WAIT_MS = 20_000
"""So long the feed may keep a request for leases when there are none."""


@dataclass(frozen=True)
class Where:
    """A feed and the run of it that is trained; what worker processes are given."""

    url: str
    run: str
    token: str | None = None
    """Of its operator; absent: the one that the feed gives a node, where it wants one."""


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


class Feed:
    """Everything waits and asks again until it is answered, or ``stop`` is set, unless it says otherwise."""

    def __init__(self, where: Where, stop: threading.Event) -> None:
        self._where = where
        self._exchange = Exchange(where.url, where.token, stop)
        self._job = f"/v1/jobs/{quote(where.run, safe='')}"

    def close(self) -> None:
        self._exchange.close()

    def jobs(self) -> list[str]:
        return self._exchange.ask("GET", "/v1/jobs", lambda answer: [str(job["job"]) for job in answer["jobs"]])

    def newest(self) -> Plan | None:
        """The open epoch, else the last one; None before the first."""

        def parse(answer: Any) -> int | None:
            epoch = answer.get("epoch")
            return epoch if isinstance(epoch, int) else None

        epoch = self._exchange.ask("GET", self._job, parse)
        return None if epoch is None else self.epoch(epoch)

    def epoch(self, epoch: int) -> Plan | None:
        """None where it is not planned, or no longer kept."""
        try:
            return self._exchange.ask("GET", f"{self._job}/epochs/{epoch}", lambda answer: plan_of(answer.get("plan")))
        except OrreryError as error:
            if error.status == 404 and error.code == "not_found":
                return None
            raise

    def block(self, plan: Plan, batch: int) -> tuple[npt.NDArray[np.uint32], str]:
        """Tokens [rows, row_tokens] of a batch, and its source."""
        tokens, headers = self._exchange.block(f"{self._job}/epochs/{plan.epoch}/batches/{batch}", plan.rows, plan.row_tokens)
        return tokens, unquote(headers.get("orrery-label", ""))

    def leased_block(self, grant: Grant, attempts: int) -> npt.NDArray[np.uint32]:
        """Raises ``Failed`` after so many attempts: a batch may be unreadable for good."""
        return self._exchange.block(grant.tokens_path, grant.rows, grant.row_tokens, attempts=attempts)[0]

    def report(self, node: str, epoch: int, losses: Sequence[Loss]) -> list[str]:
        """What became of each: ``settled``, or why not."""
        items = [{"batch": loss.batch, "loss": loss.loss, "tokens": loss.tokens} for loss in losses]
        return self._ask(node, "POST", f"{self._job}/losses", _outcomes(items), {"node": node, "epoch": epoch, "items": items})

    def register(self, node: str) -> None:
        """From now on the name is of whoever has the credential of this request; who was drained leases again."""
        with registering:
            self._register(node)

    def drain(self, node: str) -> None:
        """The node is leaving: one attempt."""
        self._ask(node, "POST", f"/v1/nodes/{quote(node, safe='')}/drain", lambda answer: answer, {}, attempts=1)

    def history(self, node: str) -> History:
        """As the feed has booked it: one attempt."""
        return self._ask(node, "GET", f"/v1/nodes/{quote(node, safe='')}", history_of, attempts=1)

    def lease(self, node: str, limit: int, request_id: str, available: Callable[[], float | None]) -> LeaseAnswer:
        """
        The same ``request_id`` gets the same leases again, so that a lost answer strands none.
        :param available: seconds that the node is still there for, asked at each attempt; None: without end. Raises ``Stopped`` at 0
        """

        def body() -> dict[str, Any]:
            seconds = available()
            if seconds is not None and seconds <= 0:
                raise Stopped
            ends = {} if seconds is None else {"available_for_ms": int(seconds * 1000)}
            return {"node": node, "job": self._where.run, "limit": limit, "request_id": request_id, "wait_ms": WAIT_MS, **ends}

        def parse(answer: Any) -> LeaseAnswer:
            leases, retry = answer.get("leases"), answer.get("retry_after_ms")
            if not isinstance(leases, list) or not isinstance(retry, int):
                raise Malformed("an answer has no leases")
            return LeaseAnswer([grant_of(lease) for lease in leases], seconds_of(retry))

        return self._ask(node, "POST", "/v1/leases", parse, body)

    def renew(self, node: str, grants: Sequence[Grant]) -> list[float | None]:
        """Seconds that each is good for from now on; None where it is lost."""

        def parse(answer: Any) -> list[float | None]:
            told = [seconds_of(item["expires_in_ms"]) if item.get("state") == "renewed" else None for item in answer["items"]]
            if len(told) != len(grants):
                raise Malformed(f"an answer tells of {len(told)} leases, not of {len(grants)}")
            return told

        return self._ask(node, "POST", "/v1/leases/renew", parse, {"node": node, "items": [grant.proof for grant in grants]})

    def ack(self, node: str, acks: Sequence[tuple[Grant, float]]) -> list[str]:
        """What became of each: ``settled``, or why not."""
        items = [{**grant.proof, "loss": loss, "tokens": grant.rows * grant.sequence_tokens} for grant, loss in acks]
        return self._ask(node, "POST", "/v1/acks", _outcomes(items), {"node": node, "items": items})

    def nack(self, node: str, grants: Sequence[Grant], reason: str) -> list[str]:
        """One attempt: what cannot be given back returns when its lease runs out."""
        items = [{**grant.proof, "reason": reason[:200]} for grant in grants]
        return self._ask(node, "POST", "/v1/nacks", _outcomes(items), {"node": node, "items": items}, attempts=1)

    def _ask(self, node: str, method: str, path: str, parse: Callable[[Any], Answer], body: Body = None, *, attempts: int | None = None) -> Answer:
        """In the name of a node. Where the feed wants its token, and there is none or it is over, it registers, once."""
        token = self._token(node)
        try:
            return self._exchange.ask(method, path, parse, body, attempts=attempts, token=token)
        except OrreryError as error:
            if error.code != "unauthorized" or self._where.token is not None:
                raise
        with registering:
            # Another thread may have done so meanwhile.
            if self._token(node) == token:
                forget_token(self._where.url, node)
                self._register(node)
        return self._exchange.ask(method, path, parse, body, attempts=attempts, token=self._token(node))

    def _token(self, node: str) -> str | None:
        return kept_token(self._where.url, node) if self._where.token is None else None

    def _register(self, node: str) -> None:
        def token_of(answer: Any) -> str | None:
            token = answer.get("token")
            if token is not None and not TOKEN.fullmatch(token):
                raise Malformed("an answer has a token that is none")
            return None if token is None else str(token)

        request_id = str(uuid.uuid4())
        """After a lost answer it is asked again: nobody else knows it."""

        def join() -> str | None:
            return self._exchange.ask("POST", "/v1/nodes", token_of, {"node": node, "request_id": request_id}, token=self._token(node))

        try:
            token = join()
        except OrreryError as error:
            if error.code != "unauthorized" or self._token(node) is None:
                raise
            forget_token(self._where.url, node)
            token = join()
        if token is not None and self._where.token is None:
            keep_token(self._where.url, node, token)


def _outcomes(items: Sequence[Any]) -> Callable[[Any], list[str]]:
    """What became of each: an answer of another length is none."""

    def parse(answer: Any) -> list[str]:
        told = [str((item.get("error") or {}).get("code", "refused")) if item["state"] == "refused" else str(item["state"]) for item in answer["items"]]
        if len(told) != len(items):
            raise Malformed(f"an answer tells of {len(told)} batches, not of {len(items)}")
        return told

    return parse
