from __future__ import annotations

import math
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from orrery_feed.errors import OrreryError
from orrery_feed.hours import parse_hours

BERLIN = ZoneInfo("Europe/Berlin")


def at(text: str, fold: int = 0) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN, fold=fold).timestamp()


def test_hours_over_midnight() -> None:
    hours = parse_hours("22:00-06:00", "Europe/Berlin")
    assert hours.left(at("2026-01-10T23:00")) == 7 * 3600
    assert hours.left(at("2026-01-11T05:59:59")) == 1
    assert hours.left(at("2026-01-11T06:00")) == 0
    assert hours.until(at("2026-01-11T06:00")) == 16 * 3600
    assert hours.until(at("2026-01-10T22:00")) == 0


def test_hours_of_a_day_and_the_whole_day() -> None:
    assert parse_hours("09:00-24:00", "Europe/Berlin").left(at("2026-01-10T23:59")) == 60
    assert parse_hours("9:00-24:00", "Europe/Berlin") == parse_hours("09:00-24:00", "Europe/Berlin")
    assert parse_hours("0:00-24:00", "Europe/Berlin").left(at("2026-01-10T23:59")) == math.inf
    assert parse_hours("00:00-24:00", "Europe/Berlin").until(at("2026-01-10T23:59")) == 0
    assert parse_hours("00:00-23:59", None).left(0) + parse_hours("00:00-23:59", None).until(0) > 0


def test_a_night_in_which_the_clocks_change_is_longer_or_shorter() -> None:
    hours = parse_hours("22:00-06:00", "Europe/Berlin")
    assert hours.left(at("2026-03-28T22:00")) == 7 * 3600
    assert hours.left(at("2026-10-24T22:00")) == 9 * 3600


def test_a_time_that_is_skipped_is_the_moment_of_the_change_and_one_that_comes_twice_its_first() -> None:
    skipped = parse_hours("02:30-04:00", "Europe/Berlin")
    assert skipped.until(at("2026-03-29T01:00")) == 3600
    assert skipped.left(at("2026-03-29T03:00")) == 3600
    twice = parse_hours("02:30-04:00", "Europe/Berlin")
    assert twice.until(at("2026-10-25T02:00", fold=0)) == 1800
    assert twice.left(at("2026-10-25T02:45", fold=0)) == 3600 + 4500
    # Both ends in the hour that there is not: that night has no such hours.
    assert parse_hours("02:10-02:50", "Europe/Berlin").until(at("2026-03-29T01:59")) > 20 * 3600


@pytest.mark.parametrize("text", ["", "22-06", "25:00-06:00", "22:60-06:00", "24:00-06:00", "22:00-24:01", "22:00–06:00", "08:00-08:00", "٠٩:00-10:00", "aa:bb-cc:dd"])
def test_what_is_no_part_of_a_day_is_refused(text: str) -> None:
    with pytest.raises(OrreryError, match="--active"):
        parse_hours(text, None)


@pytest.mark.parametrize("zone", ["Nowhere/Town", "", "../etc/passwd", "Europe/Berlin\0"])
def test_a_zone_that_there_is_not_is_refused(zone: str) -> None:
    with pytest.raises(OrreryError, match="--time-zone"):
        parse_hours("22:00-06:00", zone)
