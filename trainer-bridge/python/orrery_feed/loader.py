from __future__ import annotations

import math
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from types import TracebackType
from typing import Any, Literal, get_args

from .batch import Batch, Place, place_of
from .errors import OrreryError
from .feed import Feed, Loss, Where
from .leased import LeasedBatches
from .options import Asked, asked_for
from .outbox import Outbox
from .ranked import LOOK_SECONDS, RankedIteration, check_geometry
from .tensors import as_arrays, as_tensors, has_torch
from .wire import Plan

HELD = {"fenced", "lease_lost"}
"""Of a batch: another node has it for now, or has settled it."""
Mode = Literal["rank", "lease"]
LOSS_MAX = 1000.0
"""Nats per token; the feed takes no more, and none that is no number."""


def first_plan(where: Where) -> Plan:
    """The newest epoch, once there is one."""
    stop = threading.Event()
    feed = Feed(where, stop)
    pause, longest = LOOK_SECONDS
    try:
        while (plan := feed.newest()) is None:
            stop.wait(pause)
            pause = min(2 * pause, longest)
        return plan
    finally:
        feed.close()


def losses_to(where: Where) -> Outbox[Loss]:
    def send(feed: Feed, losses: list[Loss]) -> list[str]:
        return feed.report(losses[0].epoch, losses)

    return Outbox(where, send, lambda first, other: first.epoch == other.epoch, HELD)


def batch_of(batch: Mapping[str, Any]) -> tuple[int, int, int, bool]:
    """Epoch, number, tokens that were trained, and whether another rank has it, too. Raises ``OrreryError`` ``invalid_argument`` for what is no batch of a loader."""
    try:
        epoch, number, trained, repeated = (int(batch[name]) for name in ("epoch", "batch", "trained", "repeated"))
    except (KeyError, IndexError, TypeError, ValueError, RuntimeError) as error:
        raise OrreryError("invalid_argument", "That is no batch of a loader; report with the one that was taken, or with its epoch, batch, trained and repeated.") from error
    return epoch, number, trained, repeated != 0


def losses_in(state: Mapping[str, Any]) -> list[Loss]:
    """What a state says was reported and not booked. Raises ``OrreryError`` ``conflict``."""
    try:
        unsent = [Loss(int(loss["epoch"]), int(loss["batch"]), float(loss["loss"]), int(loss["tokens"])) for loss in state.get("unsent", [])]
    except (LookupError, TypeError, ValueError) as error:
        raise OrreryError("conflict", "The losses of that state are none; begin with another checkpoint.") from error
    return unsent


def checked_loss(loss: Any) -> float:
    """A number, or a tensor of one. Raises ``OrreryError`` ``invalid_argument`` for what no feed takes: a model that has diverged is for its trainer to see."""
    try:
        value = float(loss.detach() if hasattr(loss, "detach") else loss)
    except (TypeError, ValueError, RuntimeError, OverflowError) as error:
        raise OrreryError("invalid_argument", f"A loss is one number, the mean over its batch, and not {type(loss).__name__}: {error}") from error
    if not (math.isfinite(value) and 0 <= value <= LOSS_MAX):
        raise OrreryError("invalid_argument", f"A loss of {value} is none; the feed takes 0..{LOSS_MAX:.0f} nats per token.")
    return value


class FeedLoader:
    """What `loader` returns: iterate over it. Reading ahead, acks and renewals are in threads of its own; close it, or use it in a ``with``."""

    def __init__(self, asked: Asked, mode: Mode, as_numpy: bool) -> None:
        where, wish, epoch = asked.where, asked.wish, asked.epoch
        self._where, self._wish, self._share = where, wish, asked.share
        self._convert = as_arrays if as_numpy or not has_torch() else as_tensors
        self.plan = first_plan(where)
        """Vocabulary, geometry and weights: of the epoch of the last batch by rank, before it, and by lease, of the newest there was at the beginning."""
        check_geometry(self.plan, wish)
        self._place = Place(self.plan.epoch if epoch is None else epoch, 0, "", 0)
        self._last: Batch | None = None
        self._leases = LeasedBatches(where, wish.prefetch_factor) if mode == "lease" else None
        self._losses = losses_to(where)
        self._running: RankedIteration | None = None
        self.waited_seconds = 0.0
        """For data, of all steps so far."""

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """By rank: from where the last one stopped, `epochs` of them, or without end. By lease: whatever the feed gives, without end."""
        batches = self._ranked() if self._leases is None else self._leases.batches()
        while True:
            began = time.perf_counter()
            batch = next(batches, None)
            self.waited_seconds += time.perf_counter() - began
            if batch is None:
                return
            self._last = batch
            yield self._convert(batch)

    def _ranked(self) -> Iterator[Batch]:
        if self._running is not None:
            self._running.close()
        iteration = self._running = RankedIteration(self._where, self._place, self._share, self._wish)
        try:
            for batch in iteration:
                assert batch.after is not None and iteration.plan is not None
                self._place, self.plan = batch.after, iteration.plan
                yield batch
            if self._running is iteration and iteration.following is not None:
                self._place = iteration.following
        finally:
            iteration.close()

    def report(self, loss: Any, batch: Mapping[str, Any] | None = None) -> None:
        """
        The mean cross-entropy of a batch before its update, nats per token, a number or a tensor: of the last one that was taken, or of the one that is named.
        It is what the bridge steers by, and what ends an epoch: batches that nobody reports are not settled.
        """
        if batch is None:
            if self._last is None:
                raise OrreryError("invalid_argument", "There is no batch to report of yet; take one from the loader first.")
            batch = self._last.numbers()
        value = checked_loss(loss)
        epoch, number, trained, repeated = batch_of(batch)
        if self._leases is not None:
            self._leases.answer(epoch, number, value)
        elif not repeated:
            self._losses.put([Loss(epoch, number, value, trained)])

    def state_dict(self) -> dict[str, Any]:
        """
        By rank: the place after the batch that was taken last, whatever is in flight, the same in each rank; and what was reported and is not booked yet, which is
        a rank's own: save each rank's, or `flush` before. By lease: what this node holds.
        """
        if self._leases is not None:
            return self._leases.state_dict()
        return {**self._place.state(self._where.run), "unsent": [asdict(loss) for loss in self._losses.pending()]}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """The next iteration goes on there, in a world of any size. Raises ``OrreryError`` ``conflict`` for the state of another run, or of another mode."""
        if self._leases is not None:
            self._leases.load_state_dict(state)
            return
        self._place, unsent = place_of(state, self._where.run), losses_in(state)
        self._losses.put(unsent)

    def flush(self, seconds: float | None = None) -> bool:
        """Waits until the feed has booked all that was reported; false where it has not after so many seconds."""
        return self._losses.flush(seconds) if self._leases is None else self._leases.flush(seconds)

    def close(self) -> None:
        """Sends what was reported, gives back what was not."""
        if self._running is not None:
            self._running.close()
        if self._leases is not None:
            self._leases.close()
        self._losses.close()

    def __enter__(self) -> FeedLoader:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()


def loader(
    url: str,
    *,
    run: str,
    batch_size: int | None = None,
    seq_len: int | None = None,
    mode: Mode = "rank",
    rank: int | None = None,
    world_size: int | None = None,
    node: str | None = None,
    token: str | None = None,
    wallet: str | None = None,
    epoch: int | None = None,
    epochs: int | None = None,
    prefetch_factor: int = 4,
    as_numpy: bool = False,
) -> FeedLoader:
    """
    Batches of a run, as tensors of PyTorch where it is installed, else as arrays.

    :param url: of the feed, like ``http://127.0.0.1:8720``
    :param run: name of the job, which is that of its dataset
    :param batch_size: rows of a batch; the bridge's own (``bridge.rows``) where it is None, refused where it is another
    :param seq_len: tokens of a row; ``bridge.sequence_tokens`` in the same way
    :param mode: ``rank``: each rank its turn in the order of the run, exactly resumable. ``lease``: what the feed gives, for nodes that come and go
    :param rank: of ``world_size``; as ``torchrun`` says them in RANK and WORLD_SIZE where they are None
    :param node: name at the feed; that of the machine where it is None
    :param token: credential, where the feed wants one
    :param wallet: name of a wallet of btcli, or path of the file of a hotkey, that the node joins by; wants the extra ``wallet``
    :param epoch: to begin with; the newest where it is None. Ranks that may start while one ends must be told
    :param epochs: how many an iteration goes through; it waits for more without end where it is None
    :param prefetch_factor: batches that are read before they are asked for
    :raises OrreryError: ``invalid_argument`` for a geometry that is not the run's, ``not_found`` for a run that there is not
    """
    if mode not in get_args(Mode):
        raise OrreryError("invalid_argument", f"There is no mode {mode!r}; take {' or '.join(get_args(Mode))}.")
    if mode == "lease" and (epochs is not None or epoch is not None):
        raise OrreryError("invalid_argument", "By lease the feed says of which epoch a batch is; leave epoch and epochs out.")
    asked = asked_for(
        url=url,
        run=run,
        batch_size=batch_size,
        seq_len=seq_len,
        rank=rank,
        world_size=world_size,
        node=node,
        token=token,
        wallet=wallet,
        epoch=epoch,
        epochs=epochs,
        prefetch_factor=prefetch_factor,
    )
    return FeedLoader(asked, mode, as_numpy)
