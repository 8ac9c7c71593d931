from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from .errors import OrreryError

DAY_MINUTES = 24 * 60


@dataclass(frozen=True)
class Hours:
    """A part of each day in local time, minutes since midnight; it may go over midnight."""

    start: int
    end: int
    zone: tzinfo | None
    """None: that of the machine."""

    def around(self, now: float) -> tuple[float, float]:
        """The window that ``now`` (seconds since epoch) is in, else the next one: its start and its end, seconds since epoch."""
        today = self._local(now).date()
        windows = (self._window(today + timedelta(days)) for days in range(-1, 3))
        return next((start, end) for start, end in windows if now < end and start < end)

    def left(self, now: float) -> float:
        """Seconds that the window still lasts: 0 outside of it, without end where it is the whole day."""
        if (self.end - self.start) % DAY_MINUTES == 0:
            return math.inf
        start, end = self.around(now)
        return end - now if start <= now else 0.0

    def until(self, now: float) -> float:
        """Seconds until a window begins; 0 within one."""
        return 0.0 if self.left(now) > 0 else self.around(now)[0] - now

    def _window(self, day: date) -> tuple[float, float]:
        return self._moment(day, self.start), self._moment(day + timedelta(days=self.end <= self.start), self.end)

    def _moment(self, day: date, minute: int) -> float:
        """Of a time of the clock: one that is skipped is the moment of the change, one that comes twice its first."""
        wanted = datetime(day.year, day.month, day.day) + timedelta(minutes=minute)
        before, after = (int(wanted.replace(tzinfo=self.zone, fold=fold).timestamp()) for fold in (1, 0))
        if self._clock(after) == wanted:
            return float(after)
        # It is skipped, and the change lies between what it would be by the offset after it and by that before it.
        while before < after:
            middle = (before + after) // 2
            before, after = (before, middle) if self._clock(middle) >= wanted else (middle + 1, after)
        return float(before)

    def _clock(self, moment: float) -> datetime:
        return self._local(moment).replace(tzinfo=None)

    def _local(self, moment: float) -> datetime:
        return datetime.fromtimestamp(moment, timezone.utc).astimezone(self.zone)


def parse_hours(text: str, zone: str | None) -> Hours:
    """``22:00-06:00``, as `orrery node run` takes it; zone is a name of IANA. Raises ``OrreryError`` ``invalid_argument``."""
    match = re.fullmatch(r"([0-9]{1,2}):([0-5][0-9])-([0-9]{1,2}):([0-5][0-9])", text)
    start, end = (int(match[1]) * 60 + int(match[2]), int(match[3]) * 60 + int(match[4])) if match else (DAY_MINUTES, 0)
    if start >= DAY_MINUTES or end > DAY_MINUTES or start == end:
        raise OrreryError("invalid_argument", f"--active {text!r} is no part of a day; write it like 22:00-06:00, or leave it out to be always active.")
    return Hours(start, end, parse_zone(zone))


def parse_zone(zone: str | None) -> tzinfo | None:
    """None: that of the machine. Raises ``OrreryError`` ``invalid_argument``."""
    try:
        return None if zone is None else ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise OrreryError("invalid_argument", f"--time-zone {zone!r} is no zone that this machine knows; write one like Europe/Berlin.") from error
