"""Which batches of an epoch are whose: pure arithmetic, the same in every rank and worker."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class Share:
    """Rank ``rank`` of ``world``, and in it worker ``worker`` of ``workers``."""

    rank: int = 0
    world: int = 1
    worker: int = 0
    workers: int = 1


@dataclass(frozen=True)
class Turn:
    """What a rank does at one step."""

    step: int
    batch: int
    repeated: bool
    """Another rank has this batch at this step: there was none left for this one, and ranks step together."""


def steps_of(batches: int, start: int, world: int) -> int:
    """Steps from batch ``start`` on to the end of an epoch of ``batches``."""
    return -(-max(0, batches - start) // world)


def consumed(batches: int, start: int, world: int, steps: int) -> int:
    """Batches of the epoch that all ranks together have gone through after ``steps`` steps from ``start`` on. Who goes on from there, in whatever world, repeats and misses none."""
    return min(batches, start + steps * world)


def deal(batches: int, start: int, share: Share, *, first_step: int = 0, first_turn: int = 0) -> Iterator[Turn]:
    """
    Batches start, start + 1 … in the order of the epoch are dealt to ranks one by one, and the steps of a rank to its workers in turn: put together, the ranks
    have the order of the epoch whatever the world is. Where the last step has fewer batches than ranks, the others get its last one ``repeated``.
    :param first_step: the first step that is wanted
    :param first_turn: worker whose turn step 0 is; a DataLoader takes from its workers round and round, over the ends of epochs
    """
    for step in range(first_step, steps_of(batches, start, share.world)):
        if (first_turn + step) % share.workers != share.worker:
            continue
        batch = start + step * share.world + share.rank
        yield Turn(step, min(batch, batches - 1), batch >= batches)
