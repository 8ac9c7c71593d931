from __future__ import annotations

import json
import math
import os
import signal
import subprocess
import sys
import threading
import time
from typing import Any

import pytest

from .conftest import Served

pytest.importorskip("torch")

from orrery_feed.feed import Feed, Where  # noqa: E402
from orrery_feed.hours import Hours, parse_hours  # noqa: E402
from orrery_feed.node import Node  # noqa: E402

pytestmark = pytest.mark.long


def node(served: Served, name: str, told: list[dict[str, Any]], hours: Hours | None = None, now: Any = time.time) -> tuple[Node, threading.Event]:
    stop = threading.Event()

    def tell(line: dict[str, Any]) -> None:
        told.append(line)

    return Node(Where(served.origin, served.run, name), hours, stop, tell, now=now), stop


def test_a_node_trains_what_it_is_given_and_learns(served: Served) -> None:
    told: list[dict[str, Any]] = []
    running, _ = node(served, "twin", told)
    running.run(24)
    losses = [line["loss"] for line in told if line["event"] == "node.trained"]
    assert len(losses) == 24 and all(map(math.isfinite, losses)) and sum(losses[-6:]) < sum(losses[:6])
    assert running.standing.tokens == 24 * served.rows * served.sequence_tokens
    standing, drained = told[-2:]
    assert drained["event"] == "node.drained" and drained["settled"] == 24
    # The feed books a while later.
    assert standing["event"] == "node.standing" and standing["batches"] <= 24 and standing["payout"] is None


def test_a_node_sleeps_outside_of_its_hours_and_holds_nothing_then(served: Served) -> None:
    told: list[dict[str, Any]] = []
    clock = [parse_hours("22:00-06:00", "UTC").around(0)[1] - 30.0]
    stop = threading.Event()

    def tell(line: dict[str, Any]) -> None:
        told.append(line)
        if line["event"] == "node.trained":
            # A batch takes ten seconds by its clock.
            clock[0] += 10
        if line["event"] == "node.asleep":
            stop.set()

    running = Node(Where(served.origin, served.run, "nightly"), parse_hours("22:00-06:00", "UTC"), stop, tell, now=lambda: clock[0])
    running.run()
    assert [line["event"] for line in told][-2:] == ["node.drained", "node.asleep"] and 1 <= running.standing.batches <= 5
    assert told[-1]["seconds"] > 15 * 3600
    assert Feed(Where(served.origin, served.run, "nightly"), threading.Event()).history().batches <= running.standing.batches


def test_the_program_ends_in_good_order_when_it_is_told_to(served: Served) -> None:
    args = [sys.executable, "-m", "orrery_feed", "node", "--feed", served.origin, "--node", "program"]
    with subprocess.Popen(args, stdout=subprocess.PIPE, text=True, env=os.environ.copy()) as program:
        assert program.stdout is not None
        first = json.loads(program.stdout.readline())
        program.send_signal(signal.SIGTERM)
        *_, last = program.stdout
    assert first["event"] == "node.trained" and program.returncode == 0
    assert json.loads(last)["event"] == "node.drained" and json.loads(last)["settled"] >= 1
