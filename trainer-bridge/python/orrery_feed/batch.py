from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from .errors import OrreryError

STATE_VERSION = 1


@dataclass(frozen=True)
class Place:
    """How far a run was gone through by all ranks together: whoever goes on from here, in whatever world, repeats and misses nothing."""

    epoch: int
    batch: int
    """Batches of the epoch that are done."""
    plan_id: str
    """Of the epoch; empty where nothing of it is done yet."""
    rows: int
    """Of a batch; 0 where nothing of the epoch is done yet."""

    def state(self, run: str) -> dict[str, Any]:
        """In the words of Mosaic Streaming, as far as it has them: a sample is a row."""
        return {
            "version": STATE_VERSION,
            "run": run,
            "epoch": self.epoch,
            "sample_in_epoch": self.batch * self.rows,
            "batch_size": self.rows,
            "plan_id": self.plan_id,
        }


@dataclass(frozen=True)
class Batch:
    tokens: npt.NDArray[np.uint32]
    """[rows, row_tokens], the bytes as they were received."""
    source: str
    """Label it was drawn of; empty where its rows are of several."""
    epoch: int
    batch: int
    repeated: bool
    """Another rank has it at this step, too: there was none left for this one. It is not reported."""
    trained: int
    """rows x sequence_tokens: what its loss is the mean over."""
    plan_id: str
    after: Place | None = None
    """Of a batch by rank."""

    def numbers(self) -> dict[str, int]:
        """What names it, and says how far its rank is with it; booleans are 0 and 1."""
        done = 0 if self.after is None else self.after.batch * self.after.rows
        return {"epoch": self.epoch, "batch": self.batch, "repeated": int(self.repeated), "trained": self.trained, "sample_in_epoch": done}


def place_of(state: Mapping[str, Any], run: str) -> Place:
    """Raises ``OrreryError`` ``conflict`` for the state of another run, of another program or of leases."""
    numbers = ("epoch", "sample_in_epoch", "batch_size")
    if not isinstance(state, Mapping) or state.get("version") != STATE_VERSION or not all(isinstance(state.get(name), int) for name in numbers):
        raise OrreryError("conflict", "That is no state of a loader by rank of this program; begin with another checkpoint.")
    if state.get("run") != run:
        raise OrreryError("conflict", f"That state is of the run {state.get('run')!r}, and this loader of {run!r}; name the run of the checkpoint.")
    rows = state["batch_size"]
    if rows < 0 or state["epoch"] < 0 or state["sample_in_epoch"] < 0 or (state["sample_in_epoch"] % rows if rows else state["sample_in_epoch"]):
        raise OrreryError("conflict", f"{state['sample_in_epoch']} samples are no whole number of batches of {rows}; begin with another checkpoint.")
    return Place(state["epoch"], state["sample_in_epoch"] // rows if rows else 0, str(state.get("plan_id", "")), rows)
