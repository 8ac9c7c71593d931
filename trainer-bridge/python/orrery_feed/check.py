"""Which batches were trained, by the logs of trainers: what is missing and what came twice."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from .errors import OrreryError

BATCHES_MAX = 2**30
RUNS_MAX = 20
"""Runs of ids that are printed of each kind; of the rest the number is told."""


class Seen:
    """Batches of one epoch: a byte each, how often it was there."""

    def __init__(self) -> None:
        self.times = bytearray()

    def add(self, batch: int) -> None:
        if not 0 <= batch < BATCHES_MAX:
            raise OrreryError("invalid_record", f"{batch} is no number of a batch.")
        if batch >= len(self.times):
            self.times.extend(bytes(batch + 1 - len(self.times)))
        self.times[batch] = min(255, self.times[batch] + 1)

    def missing(self, batches: int) -> list[tuple[int, int]]:
        return _runs(n for n in range(batches) if n >= len(self.times) or self.times[n] == 0)

    def repeated(self) -> list[tuple[int, int]]:
        return _runs(n for n, times in enumerate(self.times) if times > 1)

    def beyond(self, batches: int) -> list[tuple[int, int]]:
        return _runs(n for n in range(batches, len(self.times)) if self.times[n])


def check(logs: Iterable[Path], planned: Callable[[int], int | None]) -> tuple[list[str], bool]:
    """
    Reads lines of JSON, those with an ``epoch`` and a ``batch``; one that says ``repeated`` was another rank's, too, and does not count.
    :param planned: batches of an epoch; None where that is not known, and its greatest id is taken to be its last
    :returns: lines that tell of each epoch, and whether each batch was there once
    """
    epochs: dict[int, Seen] = {}
    for log in logs:
        for epoch, batch in _trained(log):
            epochs.setdefault(epoch, Seen()).add(batch)
    lines: list[str] = []
    is_whole = True
    before: int | None = None
    for epoch, seen in sorted(epochs.items()):
        if before is not None and epoch > before + 1:
            is_whole = False
            lines.append(f"epoch{'s' if epoch > before + 2 else ''} {_text([(before + 1, epoch - 1)])}: missing altogether")
        before = epoch
        # The last epoch may still be trained: what comes after its greatest id is not missing yet.
        whole = planned(epoch)
        batches = len(seen.times) if whole is None or epoch == max(epochs) else whole
        beyond = [] if whole is None else seen.beyond(whole)
        found = {"missing": seen.missing(batches), "repeated": seen.repeated(), "not of the plan": beyond}
        told = [f"{name} {_text(runs)}" for name, runs in found.items() if runs]
        is_whole = is_whole and not told
        lines.append(f"epoch {epoch}: {len(seen.times) - seen.times.count(0)} of {batches if whole is None else whole} batches, {'; '.join(told) or 'each once'}")
    return lines, is_whole


def _trained(log: Path) -> Iterator[tuple[int, int]]:
    with log.open(encoding="utf-8", errors="replace") as lines:
        for number, line in enumerate(lines, start=1):
            try:
                entry: Any = json.loads(line)
            except (ValueError, RecursionError):
                # The last line of a trainer that was killed.
                continue
            if not isinstance(entry, dict) or "batch" not in entry or entry.get("repeated"):
                continue
            epoch, batch = entry.get("epoch"), entry["batch"]
            if not isinstance(epoch, int) or not isinstance(batch, int):
                raise OrreryError("invalid_record", f"{log}:{number} names no batch of an epoch by numbers.")
            yield epoch, batch


def _runs(numbers: Iterable[int]) -> list[tuple[int, int]]:
    runs: list[tuple[int, int]] = []
    for number in numbers:
        if runs and runs[-1][1] == number - 1:
            runs[-1] = (runs[-1][0], number)
        else:
            runs.append((number, number))
    return runs


def _text(runs: list[tuple[int, int]]) -> str:
    told = ", ".join(str(first) if first == last else f"{first}-{last}" for first, last in runs[:RUNS_MAX])
    rest = sum(last - first + 1 for first, last in runs[RUNS_MAX:])
    return told if rest == 0 else f"{told} and {rest} more"
