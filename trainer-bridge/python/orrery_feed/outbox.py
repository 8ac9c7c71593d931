from __future__ import annotations

import atexit
import logging
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Collection, Sequence
from itertools import islice
from typing import Generic, TypeVar

from .errors import OrreryError
from .exchange import Stopped, log
from .feed import ITEMS_MAX, Feed, Where

FLUSH_SECONDS = 10.0
"""So long who closes it waits for the feed to take what is left."""

AGAIN_SECONDS = (1.0, 60.0)
"""Before what another node held is sent again: at first, and at most."""

TOO_LATE = {"fenced", "lease_lost", "conflict", "not_found"}

Item = TypeVar("Item")


class Outbox(Generic[Item]):
    """
    Sends what was trained in a thread of its own, so that no step waits for the feed. What it was given is kept until the feed has booked it: after a lost answer
    it is sent again, and booked once.
    :param send: sends some, the oldest first; returns what became of each, ``settled`` or a code
    :param together: whether an item may go in one request with the first
    :param again: codes of items that another node has for now: they are sent again, until they are booked or their epoch is closed. Who holds a batch may give it
        back, and where nobody else trains the epoch would never end
    """

    def __init__(self, where: Where, send: Callable[[Feed, list[Item]], list[str]], together: Callable[[Item, Item], bool], again: Collection[str] = ()) -> None:
        self._stop = threading.Event()
        self._feed = Feed(where, self._stop)
        self._send = send
        self._together = together
        self._again = again
        self._later: list[Item] = []
        self._later_at = 0.0
        self._pause = AGAIN_SECONDS[0]
        self._items: deque[Item] = deque()
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._error: BaseException | None = None
        self.outcomes: Counter[str] = Counter()
        """What became of what was sent: ``settled``, or the code it was refused with."""

    def put(self, items: Sequence[Item]) -> None:
        """Raises what the feed said of those before, where it takes none at all."""
        with self._changed:
            if self._error is not None:
                raise self._error
            self._items.extend(items)
            if self._thread is None and items:
                self._thread = threading.Thread(target=self._work, daemon=True, name="orrery-feed-outbox")
                self._thread.start()
                # A program that ends without a word has trained its last batch, too.
                atexit.register(self.close)
            self._changed.notify_all()

    def pending(self) -> list[Item]:
        """What the feed has not booked, and may."""
        with self._changed:
            return [*self._items, *self._later]

    def flush(self, seconds: float | None = None) -> bool:
        """Waits until the feed has booked all, but what another node holds; false where it has not after so many seconds."""
        with self._changed:
            self._changed.wait_for(lambda: not self._items or self._error is not None, seconds)
            if self._error is not None:
                raise self._error
            return not self._items

    def close(self) -> None:
        """Flushes for a while, and ends."""
        with self._changed:
            self._changed.wait_for(lambda: not self._items or self._error is not None, FLUSH_SECONDS)
            if self._items:
                log.warning("%d losses were not taken by the feed before the end", len(self._items))
            self._stop.set()
            self._changed.notify_all()
        atexit.unregister(self.close)

    def _work(self) -> None:
        try:
            while items := self._next():
                outcomes, again = self._sent(items)
                with self._changed:
                    self._done(outcomes, again)
                    self._changed.notify_all()
        except Stopped:
            pass
        except BaseException as error:
            with self._changed:
                self._error = error
                self._changed.notify_all()
        finally:
            self._feed.close()

    def _done(self, outcomes: list[str], again: Collection[str]) -> None:
        first, longest = AGAIN_SECONDS
        # Of what is sent again and again it is said once.
        level = logging.WARNING if self._pause == first else logging.DEBUG
        for code, count in sorted(Counter(outcomes).items()):
            if code != "settled":
                log.log(level, "the feed took %d of %d losses not: %s", count, len(outcomes), code)
        for outcome in outcomes:
            item = self._items.popleft()
            if outcome in again:
                self._later.append(item)
            else:
                self.outcomes[outcome] += 1
        self._later_at = time.monotonic() + self._pause
        self._pause = min(2 * self._pause, longest) if self._later else first

    def _sent(self, items: list[Item]) -> tuple[list[str], Collection[str]]:
        """What became of each, and which of that is not for good."""
        try:
            return self._send(self._feed, items), self._again
        except OrreryError as error:
            # What an epoch that was closed meanwhile, or another node, has made of no use is no reason to stop.
            if error.code not in TOO_LATE:
                raise
            return [error.code] * len(items), ()

    def _next(self) -> list[Item]:
        with self._changed:
            while not self._items and not self._stop.is_set():
                left = self._later_at - time.monotonic()
                if self._later and left <= 0:
                    self._items.extend(self._later)
                    self._later.clear()
                else:
                    self._changed.wait(left if self._later else None)
            if self._stop.is_set():
                return []
            first = self._items[0]
            together: list[Item] = []
            for item in islice(self._items, ITEMS_MAX):
                if not self._together(first, item):
                    break
                together.append(item)
            return together
