"""The feed as a dataset of PyTorch, for its DataLoader and for torchdata's StatefulDataLoader."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any

# Workers seed it: loaded once before they are forked, since an import in one may be broken by what the collector ends of its parent.
import numpy.random  # noqa: F401
import torch
from torch.utils.data import IterableDataset, get_worker_info

from .batch import Place, place_of
from .deal import Share
from .errors import OrreryError
from .feed import Loss
from .loader import batch_of, checked_loss, first_plan, losses_in, losses_to
from .options import asked_for
from .outbox import Outbox
from .ranked import RankedIteration, check_geometry
from .tensors import as_tensors

EPOCH, BATCH, ROWS, IS_AHEAD = range(4)
WORKERS_MAX = 4096
PLAN_ID_BYTES = 128


class FeedDataset(IterableDataset[dict[str, Any]]):
    """
    Batches of a run by rank; its arguments are those of `loader`. An item is a whole batch: ``DataLoader(dataset, batch_size=None)``. The batches of a rank are
    dealt to its workers so that the DataLoader has them in their order.

    ``state_dict`` of a dataset without workers is exact. Workers read ahead of the loop, so that with them the state is that of a StatefulDataLoader, or
    ``state_after(batch)``; a loop that is broken off begins its epoch anew unless one is loaded, as with any dataset.
    """

    def __init__(
        self,
        url: str,
        *,
        run: str,
        batch_size: int | None = None,
        seq_len: int | None = None,
        rank: int | None = None,
        world_size: int | None = None,
        node: str | None = None,
        token: str | None = None,
        wallet: str | None = None,
        epoch: int | None = None,
        epochs: int | None = 1,
        prefetch_factor: int = 4,
    ) -> None:
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
        self._where, self._wish, self._share = asked.where, asked.wish, asked.share
        self.plan = first_plan(self._where)
        check_geometry(self.plan, self._wish)
        # Where the next iteration begins, for this process and its workers: those of the next epoch may be other processes than those that went through the last.
        self._shared = _shared(4, torch.int64)
        self._plan_id = _shared(PLAN_ID_BYTES, torch.uint8)
        # Of each worker, whether it is through with its part of this iteration. Only when all are does the next one begin elsewhere: one may start late.
        self._through = _shared(WORKERS_MAX, torch.uint8)
        # Of a worker that has no more, while others may have.
        self._followed: Place | None = None
        self._losses: Outbox[Loss] | None = None
        self._begin(Place(self.plan.epoch if asked.epoch is None else asked.epoch, 0, "", 0))

    def __iter__(self) -> Iterator[dict[str, Any]]:
        info = get_worker_info()
        share = self._share
        if info is not None:
            share = Share(share.rank, share.world, info.id, info.num_workers)
            self._through[info.id] = 0
        self._followed = None
        return _Items(self, RankedIteration(self._where, self._place(), share, self._wish), share)

    def __getstate__(self) -> dict[str, Any]:
        """For workers that are not forked: who trains reports, and they do not."""
        return {**self.__dict__, "_losses": None}

    def __len__(self) -> int:
        """Steps of this rank in an iteration, by the epoch that the run had when this was made. Raises ``TypeError`` for one without end."""
        if self._wish.epochs is None:
            raise TypeError("An iteration over epochs without end has no length.")
        return -(-self.plan.batches // self._share.world) * self._wish.epochs

    def report(self, loss: Any, batch: Mapping[str, Any]) -> None:
        """As of a loader; from the process that trains."""
        value = checked_loss(loss)
        epoch, number, trained, repeated = batch_of(batch)
        if repeated:
            return
        if self._losses is None:
            self._losses = losses_to(self._where)
        self._losses.put([Loss(epoch, number, value, trained)])

    def flush(self, seconds: float | None = None) -> bool:
        """Waits until the feed has booked all that was reported; false where it has not after so many seconds."""
        return self._losses is None or self._losses.flush(seconds)

    def state_after(self, batch: Mapping[str, Any]) -> dict[str, Any]:
        """Of who has taken this batch as its last, however far workers have read ahead."""
        rows = len(batch["input_ids"])
        return self._state(Place(int(batch["epoch"]), int(batch["sample_in_epoch"]) // rows, str(batch["plan_id"]), rows))

    def state_dict(self) -> dict[str, Any]:
        """Raises ``OrreryError`` ``conflict`` where workers have read ahead."""
        if get_worker_info() is None and self._shared[IS_AHEAD]:
            message = "Workers read ahead of the loop; save state_after(batch), or the state of a StatefulDataLoader, or take orrery_feed.loader."
            raise OrreryError("conflict", message)
        return self._state(self._followed or self._place())

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Raises ``OrreryError`` ``conflict`` for the state of another run."""
        place, unsent = place_of(state, self._where.run), losses_in(state)
        self._begin(place)
        if unsent and get_worker_info() is None:
            self._losses = self._losses or losses_to(self._where)
            self._losses.put(unsent)

    def _state(self, place: Place) -> dict[str, Any]:
        # Not in a worker: one that was forked has the outbox of then, whose lock another thread may have held.
        losses = self._losses if get_worker_info() is None else None
        unsent = [] if losses is None else [asdict(loss) for loss in losses.pending()]
        return {**place.state(self._where.run), "unsent": unsent}

    def _begin(self, place: Place) -> None:
        self._shared[EPOCH], self._shared[BATCH], self._shared[ROWS] = place.epoch, place.batch, place.rows
        plan_id = place.plan_id.encode("ascii", "replace")[:PLAN_ID_BYTES]
        self._plan_id[:] = torch.tensor(list(plan_id.ljust(PLAN_ID_BYTES, b"\0")), dtype=torch.uint8)
        if get_worker_info() is None:
            self._shared[IS_AHEAD] = 0

    def _place(self) -> Place:
        epoch, batch, rows = (int(self._shared[part]) for part in (EPOCH, BATCH, ROWS))
        return Place(epoch, batch, bytes(self._plan_id.tolist()).rstrip(b"\0").decode(), rows)

    def _went_through(self, share: Share, following: Place) -> None:
        """A worker is through with its part."""
        self._through[share.worker] = 1
        if bool(self._through[: share.workers].all()):
            self._begin(following)
            self._through[: share.workers] = 0


def _shared(size: int, dtype: torch.dtype) -> torch.Tensor:
    values = torch.zeros(size, dtype=dtype)
    values.share_memory_()  # type: ignore[no-untyped-call,unused-ignore]
    return values


class _Items(Iterator[dict[str, Any]]):
    """An iteration whose state a StatefulDataLoader keeps beside that of the dataset."""

    def __init__(self, dataset: FeedDataset, iteration: RankedIteration, share: Share) -> None:
        self._dataset = dataset
        self._iteration = iteration
        self._share = share

    def __next__(self) -> dict[str, Any]:
        dataset = self._dataset
        is_worker = get_worker_info() is not None
        if is_worker:
            dataset._shared[IS_AHEAD] = 1
        try:
            batch = next(self._iteration)
        except StopIteration:
            if self._iteration.following is not None:
                dataset._went_through(self._share, self._iteration.following)
            raise
        if is_worker:
            # A StatefulDataLoader keeps the state of a worker as it was with its last batch.
            dataset._followed = self._iteration.following
        elif batch.after is not None:
            dataset._begin(batch.after)
        return as_tensors(batch)

    def state_dict(self) -> dict[str, Any]:
        return self._iteration.state_dict()

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        self._iteration.load_state_dict(state)
