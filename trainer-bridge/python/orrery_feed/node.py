"""A training node: the twin of `orrery node run`, with a model of PyTorch."""

from __future__ import annotations

import contextlib
import json
import logging
import math
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import torch

from .batch import Batch
from .errors import OrreryError
from .exchange import Failed, Stopped
from .feed import Feed, Where
from .gpt import GPT, Size
from .hours import Hours
from .leased import LeasedBatches
from .loader import checked_loss
from .wire import Plan

LOOK_SECONDS = 30.0
"""Between two looks at the date outside of the hours: the clock of a machine that sleeps stands still."""
MARGIN_BATCHES = 2.0
"""Before its hours end, a node needs as many times what a batch takes, for the one at hand."""
LEARNING_RATE = 3e-4
LEASED_AHEAD = 2
STOP_LOOK_SECONDS = 0.5
TELL_SECONDS = 30.0
"""Between two looks at what the feed has booked."""
REST_SECONDS = 1.0
"""After a batch that could not be trained: it may be the next one leased again."""

log = logging.getLogger("orrery_feed")


@dataclass
class Standing:
    """What a node did, for who looks at it; what counts is what the feed has booked."""

    batches: int = 0
    tokens: int = 0
    returned: int = 0
    """Batches given back, or lost to another node."""
    batch_seconds: float = 0.0
    """A moving mean."""

    def took(self, seconds: float) -> None:
        self.batch_seconds = seconds if self.batches == 0 else 0.8 * self.batch_seconds + 0.2 * seconds


class Learner:
    """A model that lives as long as the node and its tokenizer."""

    def __init__(self, plan: Plan, device: str) -> None:
        self.plan = plan
        self._device = device
        torch.manual_seed(0)
        self._model = GPT(Size(vocabulary=plan.vocabulary, positions=plan.row_tokens)).to(device)
        self._optimizer = torch.optim.AdamW(self._model.parameters(), lr=LEARNING_RATE)

    def takes(self, batch: Batch) -> bool:
        return bool(batch.tokens.shape[1] <= self._model.size.positions)

    def train(self, batch: Batch) -> float:
        """The loss of the batch under the model as it was before."""
        if int(batch.tokens.max()) >= self.plan.vocabulary:
            raise OrreryError("invalid_record", f"Batch {batch.batch} has tokens outside of the vocabulary of {self.plan.vocabulary}.")
        ids = torch.from_numpy(batch.tokens.view("<i4")).to(self._device).long()
        loss = self._model(ids, ids)
        self._optimizer.zero_grad(set_to_none=True)
        loss.backward()
        self._optimizer.step()
        return float(loss.detach())


class Node:
    """
    Leases, trains, answers, within its hours and until ``stop`` is set; what it holds at their end it gives back, and no lease outlives them.
    :param tell: hears of each batch, and of beginnings and ends of hours
    :param now: seconds since epoch, of the date alone: a clock that runs on would stand still while the machine sleeps
    """

    def __init__(
        self, where: Where, hours: Hours | None, stop: threading.Event, tell: Callable[[dict[str, Any]], None], *, device: str = "cpu", now: Callable[[], float] = time.time
    ) -> None:
        self._where, self._name, self._hours, self._device = where, where.node, hours, device
        self._stop, self._tell, self._now = stop, tell, now
        self._feed = Feed(where, stop)
        self._learner: Learner | None = None
        self.standing = Standing()

    def run(self, batches_max: int | None = None) -> None:
        """:param batches_max: ends after so many; None: never"""
        try:
            while not self._stop.is_set() and (batches_max is None or self.standing.batches < batches_max):
                if self._left() > 0:
                    self._work(batches_max)
                    continue
                wait = 0.0 if self._hours is None else self._hours.until(self._now())
                self._tell({"event": "node.asleep", "node": self._name, "seconds": round(wait)})
                self._sleep_until(self._now() + wait)
        except Stopped:
            pass

    def _left(self) -> float:
        """Seconds for new batches: those of the hours, without what the one at hand takes."""
        left = math.inf if self._hours is None else self._hours.left(self._now())
        return left - MARGIN_BATCHES * self.standing.batch_seconds

    def _available(self) -> float | None:
        left = self._left()
        return None if left == math.inf else left

    def _work(self, batches_max: int | None) -> None:
        leases = LeasedBatches(self._where, LEASED_AHEAD, self._available)
        ended = threading.Event()

        def drain_when_stopped() -> None:
            while not (self._stop.wait(STOP_LOOK_SECONDS) or ended.is_set()):
                pass
            leases.drain()

        threading.Thread(target=drain_when_stopped, daemon=True, name="orrery-feed-stop").start()
        try:
            told = time.monotonic()
            for batch in leases.batches():
                self._train(leases, batch)
                if time.monotonic() - told >= TELL_SECONDS:
                    told = time.monotonic()
                    self._tell_standing(self._feed)
                if batches_max is not None and self.standing.batches >= batches_max:
                    break
        finally:
            ended.set()
            leases.close()
            self.standing.returned += leases.returned
            self._leave(leases.outcomes.get("settled", 0))

    def _train(self, leases: LeasedBatches, batch: Batch) -> None:
        began = time.monotonic()
        try:
            loss = checked_loss(self._learner_for(batch).train(batch))
        except (OrreryError, RuntimeError) as error:
            log.warning("batch %d is given back: %s", batch.batch, error)
            leases.give_back(batch.epoch, batch.batch, str(error))
            self._stop.wait(REST_SECONDS)
            return
        leases.answer(batch.epoch, batch.batch, loss)
        standing = self.standing
        standing.took(time.monotonic() - began)
        standing.batches += 1
        standing.tokens += batch.trained
        self._tell({"event": "node.trained", "node": self._name, "epoch": batch.epoch, "batch": batch.batch, "source": batch.source, "loss": loss})

    def _learner_for(self, batch: Batch) -> Learner:
        learner = self._learner
        if learner is not None and learner.plan.plan_id == batch.plan_id and learner.takes(batch):
            return learner
        plan = self._feed.epoch(batch.epoch)
        if plan is None:
            raise OrreryError("not_found", f"The feed does not have epoch {batch.epoch} any more.")
        if learner is None or learner.plan.tokenizer != plan.tokenizer or learner.plan.vocabulary != plan.vocabulary or not learner.takes(batch):
            learner = self._learner = Learner(plan, self._device)
        learner.plan = plan
        return learner

    def _leave(self, settled: int) -> None:
        """Says so, and tells what the feed took of this turn and has booked of all: one attempt each, also when it was stopped."""
        feed = Feed(self._where, threading.Event())
        with contextlib.suppress(Failed, OrreryError):
            feed.drain()
        self._tell_standing(feed)
        feed.close()
        self._tell({"event": "node.drained", "node": self._name, "settled": settled, "returned": self.standing.returned})

    def _tell_standing(self, feed: Feed) -> None:
        """If the feed says so now."""
        with contextlib.suppress(Failed, OrreryError):
            self._tell({"event": "node.standing", "node": self._name, **asdict(feed.history())})

    def _sleep_until(self, moment: float) -> None:
        while (left := moment - self._now()) > 0 and not self._stop.wait(min(LOOK_SECONDS, left)):
            pass


def print_line(line: dict[str, Any]) -> None:
    print(json.dumps(line), flush=True)
