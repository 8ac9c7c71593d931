"""Batches by rank, without leases: the order of the run alone says whose turn what is."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from .ahead import made_ahead
from .batch import Batch, Place
from .deal import Share, Turn, consumed, deal, steps_of
from .errors import OrreryError
from .exchange import Stopped, log
from .feed import Feed, Where
from .wire import Plan

AHEAD_BYTES_MAX = 2**28
"""Blocks that are read ahead take no more, however many are asked for; one is always."""
LOOK_SECONDS = (0.05, 1.0)
"""Between two looks for an epoch that is not planned yet: at first, and at most."""
TELL_SECONDS = 60.0
"""Between two lines of the log while it is waited for."""


@dataclass(frozen=True)
class Wish:
    """What a loader was asked for."""

    batch_size: int | None
    seq_len: int | None
    prefetch_factor: int
    epochs: int | None
    """Epochs of an iteration; without end where it is None."""


def check_geometry(plan: Plan, wish: Wish) -> None:
    for setting, wanted, given in (("bridge.rows", wish.batch_size, plan.rows), ("bridge.sequence_tokens", wish.seq_len, plan.sequence_tokens)):
        if wanted is not None and wanted != given:
            name = "batch_size" if setting == "bridge.rows" else "seq_len"
            message = f"Epoch {plan.epoch} of {plan.job!r} has {name} {given}, not {wanted}; ask for that, or set {setting} where the bridge runs."
            raise OrreryError("invalid_argument", message)


class RankedIteration(Iterator[Batch]):
    """One way through the batches of a rank, or of a worker of it, from a place on. ``state`` is that of what was delivered, whatever is in flight."""

    def __init__(self, where: Where, place: Place, share: Share, wish: Wish) -> None:
        self._stop = threading.Event()
        self._feed = Feed(where, self._stop)
        self._share = share
        self._wish = wish
        self.plan: Plan | None = None
        """Of the epoch of the batch that was delivered last."""
        self._begin(place)
        self._batches: Iterator[Batch] | None = None

    def _begin(self, start: Place, *, step: int = 0, turn: int = 0, left: int | None = None, resumed: bool = False) -> None:
        self._start = start
        self._step = step
        self._turn = turn
        self._left = self._wish.epochs if left is None else left
        self._is_resumed = resumed
        self.following: Place | None = None
        """Where the iteration after this one begins, once this one has no more: known with its last batch."""

    def __next__(self) -> Batch:
        if self._batches is None:
            self._batches = self._go_through()
        try:
            return next(self._batches)
        except Stopped:
            raise StopIteration from None

    def close(self) -> None:
        self._stop.set()
        if self._batches is not None:
            # A thread that waits in it ends it itself, now that it is stopped.
            with contextlib.suppress(ValueError):
                self._batches.close()  # type: ignore[attr-defined]
        self._feed.close()

    def __del__(self) -> None:
        self._stop.set()

    def state_dict(self) -> dict[str, Any]:
        """Of this very iteration: how many epochs are left of it, and whose turn it is among workers, who each have a state of their own."""
        start = self._start
        return {
            "epoch": start.epoch,
            "start": start.batch,
            "plan_id": start.plan_id,
            "batch_size": start.rows,
            "step": self._step,
            "turn": self._turn,
            "left": self._left,
            "world": self._share.world,
            "workers": self._share.workers,
            "worker": self._share.worker,
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """
        Without workers a change of the world deals anew what is left. Each worker knows its own place alone, so with workers it is refused, as another number of
        them is. Raises ``OrreryError`` ``conflict``.
        """
        share = self._share
        numbers = ("epoch", "start", "batch_size", "step", "turn", "world", "workers", "worker")
        if not isinstance(state, Mapping) or not all(isinstance(state.get(name), int) for name in numbers) or "left" not in state:
            raise OrreryError("conflict", "That is no state of an iteration of this program; begin with another checkpoint.")
        start, step = Place(state["epoch"], state["start"], str(state.get("plan_id", "")), state["batch_size"]), state["step"]
        if state["workers"] != share.workers or state["worker"] != share.worker:
            message = f"The state is of worker {state['worker']} of {state['workers']}, this is {share.worker} of {share.workers}; take as many workers as then."
            raise OrreryError("conflict", message)
        if state["world"] != share.world:
            if share.workers > 1:
                message = f"The state is of {state['world']} ranks with {share.workers} workers each, and there are {share.world} ranks; take as many as then, or no workers."
                raise OrreryError("conflict", message)
            # As far as all had gone; the last step of an epoch may go beyond its end.
            start, step = Place(start.epoch, start.batch + step * state["world"], start.plan_id, start.rows), 0
        self._begin(start, step=step, turn=state["turn"], left=state["left"], resumed=True)

    def _go_through(self) -> Iterator[Batch]:
        try:
            while self._left is None or self._left > 0:
                plan = self._plan_of(self._start)
                # A new iteration that begins at the end of an epoch is one of the next.
                if self._start.batch < plan.batches or self._is_resumed or self._start.batch == 0:
                    yield from self._epoch(plan)
                    self._turn = (self._turn + steps_of(plan.batches, self._start.batch, self._share.world)) % self._share.workers
                    self._left = None if self._left is None else self._left - 1
                self._start, self._step, self._is_resumed = Place(plan.epoch + 1, 0, "", 0), 0, False
            self.following = self._start
        finally:
            self._stop.set()
            self._feed.close()

    def _epoch(self, plan: Plan) -> Iterator[Batch]:
        share, start = self._share, self._start.batch
        self._start = Place(plan.epoch, start, plan.plan_id, plan.rows)
        depth = max(1, min(self._wish.prefetch_factor, AHEAD_BYTES_MAX // (4 * plan.rows * plan.row_tokens)))
        turns = deal(plan.batches, start, share, first_step=self._step, first_turn=self._turn)

        def fetch(turn: Turn) -> tuple[Turn, Batch]:
            tokens, source = self._feed.block(plan, turn.batch)
            after = Place(plan.epoch, consumed(plan.batches, start, share.world, turn.step + 1), plan.plan_id, plan.rows)
            return turn, Batch(tokens, source, plan.epoch, turn.batch, turn.repeated, plan.rows * plan.sequence_tokens, plan.plan_id, after)

        for turn, batch in made_ahead(turns, fetch, depth, self._feed.close):
            self._step = turn.step + 1
            self.plan = plan
            if self._left == 1 and turn.step + share.workers >= steps_of(plan.batches, start, share.world):
                self.following = Place(plan.epoch + 1, 0, "", 0)
            yield batch

    def _plan_of(self, start: Place) -> Plan:
        """The epoch of a place, once it is planned."""
        pause, longest = LOOK_SECONDS
        told = time.monotonic()
        while (plan := self._feed.epoch(start.epoch)) is None:
            newest = self._feed.newest()
            if newest is not None and newest.epoch > start.epoch:
                raise OrreryError("not_found", f"Epoch {start.epoch} is not kept any more, the newest is {newest.epoch}; begin there.")
            if self._stop.wait(pause):
                raise Stopped
            if time.monotonic() - told >= TELL_SECONDS:
                told = time.monotonic()
                log.warning("epoch %d is waited for: it comes once all batches of the one before are reported, and as long as the run has tokens left", start.epoch)
            pause = min(2 * pause, longest)
        if start.batch > 0 and plan.plan_id != start.plan_id:
            message = f"Epoch {start.epoch} of {plan.job!r} is plan {plan.plan_id}, and the state is of {start.plan_id}: another run; ask the feed it is of."
            raise OrreryError("conflict", message)
        if start.rows not in (0, plan.rows) or start.batch > plan.batches:
            message = f"The state is after batch {start.batch} of {start.rows} rows, and epoch {start.epoch} has {plan.batches} of {plan.rows}; begin with another checkpoint."
            raise OrreryError("conflict", message)
        check_geometry(plan, self._wish)
        return plan
