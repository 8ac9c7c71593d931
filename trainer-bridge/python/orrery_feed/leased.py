"""Batches by lease: the feed says whose they are, and a node answers for each with its loss, or gives it back."""

from __future__ import annotations

import atexit
import threading
import time
import uuid
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from .batch import STATE_VERSION, Batch
from .errors import OrreryError
from .exchange import Failed, Stopped, log
from .feed import ITEMS_MAX, Feed, Where
from .outbox import Outbox
from .wire import Grant

LEASES_MAX = 64
BLOCK_ATTEMPTS_MAX = 8
"""After about 15 seconds a block may be unreadable for good: its batch is given back."""
RENEWED_AT = 1 / 3
"""Of the time that is left to the lease that ends first."""
NO_LESS_SECONDS = 0.05

Ack = tuple[Grant, float]


@dataclass
class Held:
    grant: Grant
    ends: float
    """Of the clock that only this process has."""
    tokens: npt.NDArray[np.uint32] | None = None


def never_ends() -> float | None:
    return None


class LeasedBatches:
    """
    Leases ahead, renews what it holds, and sends the losses. Lost leases are dropped: what was not begun is not delivered, what was trained is not booked.
    :param where: its ``node`` is 1..64 of [A-Za-z0-9._-]
    :param depth: batches that are leased before they are asked for
    :param available: seconds that this node is still there for; no lease outlives them. None: without end. At 0 nothing more is leased, and the iteration ends
    """

    def __init__(self, where: Where, depth: int, available: Callable[[], float | None] = never_ends) -> None:
        self._where, self._available = where, available
        self._depth = min(depth, LEASES_MAX)
        self._stop = threading.Event()
        self._lock = threading.Condition()
        self._queue: deque[Held] = deque()
        self._held: dict[tuple[int, int], Held] = {}
        self._error: BaseException | None = None
        self._is_drained = False
        self._threads: list[threading.Thread] = []
        self._acks: Outbox[Ack] = Outbox(where, lambda feed, acks: feed.ack(acks), lambda first, other: True)
        self.returned = 0
        """Batches given back, or lost to another node."""

    @property
    def outcomes(self) -> Mapping[str, int]:
        return self._acks.outcomes

    def batches(self) -> Iterator[Batch]:
        """Batch after batch, until it is closed, or not available any more."""
        self._start()
        while (held := self._take()) is not None:
            grant, tokens = held.grant, held.tokens
            assert tokens is not None
            yield Batch(tokens, grant.source, grant.epoch, grant.batch, False, grant.rows * grant.sequence_tokens, grant.plan_id)

    def answer(self, epoch: int, batch: int, loss: float) -> None:
        with self._lock:
            held = self._held.pop((epoch, batch), None)
            self._lock.notify_all()
        if held is None:
            log.warning("batch %d was lost to another node; its loss is not sent", batch)
            return
        self._acks.put([(held.grant, loss)])

    def flush(self, seconds: float | None = None) -> bool:
        return self._acks.flush(seconds)

    def give_back(self, epoch: int, batch: int, reason: str) -> None:
        """For a batch that cannot be trained."""
        with self._lock:
            held = self._held.pop((epoch, batch), None)
            self.returned += 1
            self._lock.notify_all()
        if held is not None:
            self._nack([held.grant], reason)

    def state_dict(self) -> dict[str, Any]:
        """What is held, so that a process that takes the place of this one goes on with it instead of waiting for the leases to run out."""
        with self._lock:
            held = [asdict(held.grant) for held in self._held.values()]
        unsent = [[asdict(grant), loss] for grant, loss in self._acks.pending()]
        return {"version": STATE_VERSION, "mode": "lease", "run": self._where.run, "node": self._where.node, "held": held, "unsent": unsent}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Before the first batch. What another node has by now is passed over. Raises ``OrreryError`` ``conflict`` for the state of another run or node."""
        if not isinstance(state, Mapping):
            raise OrreryError("conflict", "That is no state of a loader by lease of this program; begin with another checkpoint.")
        for name, own in (("version", STATE_VERSION), ("mode", "lease"), ("run", self._where.run), ("node", self._where.node)):
            if state.get(name) != own:
                raise OrreryError("conflict", f"That state has {name} {state.get(name)!r}, and this loader {own!r}; leases are kept on by who has them.")
        try:
            unsent = [(Grant(**grant), float(loss)) for grant, loss in state["unsent"]]
            grants = [Grant(**grant) for grant in state["held"]]
        except (LookupError, TypeError, ValueError) as error:
            raise OrreryError("conflict", "The leases of that state are none; begin with another checkpoint.") from error
        self._acks.put(unsent)
        feed = Feed(self._where, self._stop)
        for at in range(0, len(grants), ITEMS_MAX):
            some = grants[at : at + ITEMS_MAX]
            for grant, seconds in zip(some, feed.renew(some)):
                if seconds is not None:
                    self._hold(grant, seconds)
        feed.close()

    def drain(self) -> None:
        """Leases nothing more; the iteration ends after what is here already."""
        with self._lock:
            self._is_drained = True
            self._lock.notify_all()

    def close(self, reason: str = "the node is leaving") -> None:
        """Sends what was reported, gives back what was not."""
        atexit.unregister(self.close)
        self.drain()
        self._acks.close()
        self._stop.set()
        with self._lock:
            grants = [held.grant for held in self._held.values()]
            self._held.clear()
            self._queue.clear()
            self.returned += len(grants)
            self._lock.notify_all()
        self._nack(grants, reason)

    def _start(self) -> None:
        if self._threads:
            return
        self._threads = [threading.Thread(target=work, args=(run,), daemon=True, name="orrery-feed-leases") for work, run in ((self._guarded, self._lease), (self._guarded, self._renew))]
        for thread in self._threads:
            thread.start()
        # What a program holds when it ends is for others at once.
        atexit.register(self.close)

    def _guarded(self, run: Callable[[Feed], None]) -> None:
        feed = Feed(self._where, self._stop)
        try:
            run(feed)
        except Stopped:
            pass
        except BaseException as error:
            with self._lock:
                self._error = error
                self._lock.notify_all()
        finally:
            feed.close()

    def _take(self) -> Held | None:
        with self._lock:
            while True:
                if self._error is not None:
                    raise self._error
                while self._queue:
                    held = self._queue.popleft()
                    self._lock.notify_all()
                    if self._is_held(held):
                        return held
                if self._is_drained or self._stop.is_set():
                    return None
                self._lock.wait()

    def _is_held(self, held: Held) -> bool:
        return self._held.get((held.grant.epoch, held.grant.batch)) is held

    def _hold(self, grant: Grant, seconds: float) -> Held:
        held = Held(grant, time.monotonic() + seconds)
        with self._lock:
            self._held[(grant.epoch, grant.batch)] = held
            self._lock.notify_all()
        return held

    def _lease(self, feed: Feed) -> None:
        feed.register()
        # Those of a loaded state come first.
        with self._lock:
            waiting = list(self._held.values())
        for held in waiting:
            self._fetch(feed, held)
        while not self._is_drained:
            with self._lock:
                self._lock.wait_for(lambda: self._is_drained or self._stop.is_set() or len(self._queue) < self._depth)
                room = self._depth - len(self._queue)
            if self._is_drained or self._stop.is_set():
                break
            try:
                answer = feed.lease(room, uuid.uuid4().hex, self._available)
            except Stopped:
                break
            for held in [self._hold(grant, grant.expires_seconds) for grant in answer.grants]:
                self._fetch(feed, held)
            if answer.is_drained and not self._is_drained:
                log.warning("another process has said that %s leaves; this one stays: give each a name of its own", self._where.node)
                feed.register()
            if not answer.grants:
                self._stop.wait(max(answer.retry_seconds, NO_LESS_SECONDS))
        self.drain()

    def _fetch(self, feed: Feed, held: Held) -> None:
        try:
            held.tokens = feed.leased_block(held.grant, BLOCK_ATTEMPTS_MAX)
        except (Failed, OrreryError) as error:
            log.warning("batch %d is given back: %s", held.grant.batch, error)
            self.give_back(held.grant.epoch, held.grant.batch, str(error))
            return
        with self._lock:
            if self._is_held(held):
                self._queue.append(held)
                self._lock.notify_all()

    def _renew(self, feed: Feed) -> None:
        while not self._stop.is_set():
            with self._lock:
                now = time.monotonic()
                pause = min((held.ends - now for held in self._held.values()), default=1.0) * RENEWED_AT
                self._lock.wait_for(self._stop.is_set, max(pause, NO_LESS_SECONDS))
                now = time.monotonic()
                due = [held for held in self._held.values() if (held.ends - now) * RENEWED_AT <= pause]
            for at in range(0, len(due), ITEMS_MAX):
                some = due[at : at + ITEMS_MAX]
                for held, seconds in zip(some, feed.renew([held.grant for held in some])):
                    self._renewed(held, seconds)

    def _renewed(self, held: Held, seconds: float | None) -> None:
        with self._lock:
            if not self._is_held(held):
                return
            if seconds is not None:
                held.ends = time.monotonic() + seconds
                return
            del self._held[(held.grant.epoch, held.grant.batch)]
            self.returned += 1
            self._lock.notify_all()

    def _nack(self, grants: list[Grant], reason: str) -> None:
        feed = Feed(self._where, threading.Event())
        try:
            for at in range(0, len(grants), ITEMS_MAX):
                feed.nack(grants[at : at + ITEMS_MAX], reason)
        except (Failed, OrreryError) as error:
            log.warning("%d batches could not be given back, and return when their leases run out: %s", len(grants), error)
        finally:
            feed.close()
