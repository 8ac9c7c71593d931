"""Whose turn it is at each place of a period (trainer-bridge/plan/mixing.ts)."""

import heapq
from collections.abc import Callable, Sequence
from typing import TypeVar

from .permutation import fmix32, key_words

_T = TypeVar("_T")

_TIE_BITS = 22
_SOURCES_MAX = 1024
_STRIDE_MAX = 16
_SWEEPS = 2


def deal_turns(counts: Sequence[int], key: str) -> tuple[list[int], list[int]]:
    """The source of each place, and how many turns of that source came before.

    Turn j of a source with count c among n places has the window j*n//c … ceil((j+1)*n/c) - 1.
    """
    places = sum(counts)
    k0, k1 = key_words("mixing/2", key, 2)

    def chance(i: int) -> int:
        return fmix32(fmix32(i ^ k0) ^ k1)

    source, ordinal = _by_deadline(counts, places, chance)
    for sweep in range(1, _SWEEPS + 1):
        _carry(source, ordinal, counts, chance, sweep * places)
    return source, ordinal


def _release(turn: int, count: int, places: int) -> int:
    return turn * places // count


def _deadline(turn: int, count: int, places: int) -> int:
    return -(-(turn + 1) * places // count) - 1


def _by_deadline(counts: Sequence[int], places: int, chance: Callable[[int], int]) -> tuple[list[int], list[int]]:
    source: list[int] = []
    ordinal: list[int] = []
    given = [0] * len(counts)
    # Sources whose next turn becomes ready at a place, in the order in which they were put there.
    ready_at: dict[int, list[int]] = {0: [s for s, count in enumerate(counts) if count > 0]}
    ready: list[int] = []
    draws = 0
    for place in range(places):
        for s in reversed(ready_at.pop(place, [])):
            tie = chance(draws) >> (32 - _TIE_BITS)
            draws += 1
            heapq.heappush(ready, _deadline(given[s], counts[s], places) * 2**32 + tie * _SOURCES_MAX + s)
        s = heapq.heappop(ready) % _SOURCES_MAX
        source.append(s)
        ordinal.append(given[s])
        given[s] += 1
        if given[s] < counts[s]:
            ready_at.setdefault(max(place + 1, _release(given[s], counts[s], places)), []).append(s)
    return source, ordinal


def _carry(source: list[int], ordinal: list[int], counts: Sequence[int], chance: Callable[[int], int], draws: int) -> None:
    places = len(source)
    windows = [(_release(turn, counts[s], places), _deadline(turn, counts[s], places)) for s, turn in zip(source, ordinal, strict=True)]
    for place in range(places):
        release, deadline = windows[place]
        first, last = max(release, place - _STRIDE_MAX), min(deadline, place + _STRIDE_MAX)
        target = first + chance(draws + place) % (last - first + 1)
        at = place
        while at < target and windows[at + 1][0] <= at:
            at += 1
        while at > target and windows[at - 1][1] >= at:
            at -= 1
        _move(source, place, at)
        _move(ordinal, place, at)
        _move(windows, place, at)


def _move(values: list[_T], place: int, to: int) -> None:
    """Moves a value, and those between by one place."""
    if to > place:
        values[place : to + 1] = [*values[place + 1 : to + 1], values[place]]
    elif to < place:
        values[to : place + 1] = [values[place], *values[to:place]]
