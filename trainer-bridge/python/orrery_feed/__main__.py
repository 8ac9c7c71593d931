"""`python -m orrery_feed`: a training node, and the check of what trainers trained."""

from __future__ import annotations

import argparse
import logging
import os
import signal
import sys
import threading
from dataclasses import replace
from pathlib import Path

from .check import check
from .deal import Share
from .errors import OrreryError
from .feed import Feed, Where
from .hours import parse_hours, parse_zone
from .options import name_of_node


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m orrery_feed", description=__doc__)
    commands = parser.add_subparsers(required=True)
    node = commands.add_parser("node", help="lease, train a small model, answer with the loss, until it is interrupted")
    node.add_argument("--feed", required=True, metavar="URL", help="like http://127.0.0.1:8720")
    node.add_argument("--run", metavar="NAME", help="which job; absent: the only one there is")
    node.add_argument("--node", metavar="NAME", help="name of this node; absent: that of the machine, where a second one beside it wants its own")
    node.add_argument("--active", metavar="HOURS", help="local time in which it works, like 22:00-06:00; absent: always")
    node.add_argument("--time-zone", metavar="ZONE", help="of these hours, like Europe/Berlin; absent: the machine's")
    node.add_argument("--token-file", type=Path, metavar="FILE", help="credential for the feed; absent: ORRERY_NODE_TOKEN, or none")
    node.add_argument("--wallet", metavar="WALLET", help="wallet of btcli by its name, or the file of a hotkey, that it joins by; absent: none signs")
    node.add_argument("--device", default="cpu", help="where the model is, like cuda")
    node.set_defaults(act=run_node)
    checked = commands.add_parser("check", help="print batches that are missing from logs of trainers, or in them more than once")
    checked.add_argument("logs", nargs="+", type=Path, metavar="LOG", help="lines of JSON with an epoch and a batch; one file for each rank")
    checked.add_argument("--feed", metavar="URL", help="the feed that knows how many batches each epoch has; its credential in ORRERY_NODE_TOKEN")
    checked.add_argument("--run", metavar="NAME", help="which job of it; absent: the only one there is")
    checked.set_defaults(act=run_check)
    options = parser.parse_args()
    logging.basicConfig(format="%(message)s")
    try:
        return int(options.act(options))
    except (OrreryError, OSError) as error:
        print(f"orrery_feed: {error}", file=sys.stderr)
        return 1


def run_node(options: argparse.Namespace) -> int:
    from .node import Node, print_line

    parse_zone(options.time_zone)
    hours = None if options.active is None else parse_hours(options.active, options.time_zone)
    token = os.environ.get("ORRERY_NODE_TOKEN") if options.token_file is None else options.token_file.read_text().strip()
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    asker = Where(options.feed, "", name_of_node(options.node, Share()), token, options.wallet)
    Node(replace(asker, run=only_run(asker, options.run, stop)), hours, stop, print_line, device=options.device).run()
    return 0


def run_check(options: argparse.Namespace) -> int:
    stop = threading.Event()
    asker = Where(options.feed, "", token=os.environ.get("ORRERY_NODE_TOKEN"))
    feed = None if options.feed is None else Feed(replace(asker, run=only_run(asker, options.run, stop)), stop)

    def planned(epoch: int) -> int | None:
        plan = None if feed is None else feed.epoch(epoch)
        return None if plan is None else plan.batches

    lines, is_whole = check(options.logs, planned)
    print("\n".join(lines) if lines else "no batches")
    return 0 if is_whole else 1


def only_run(asker: Where, run: str | None, stop: threading.Event) -> str:
    """Raises ``OrreryError`` ``not_found`` where there is no such run, which is not the same as one without epochs."""
    if run is not None:
        Feed(replace(asker, run=run), stop).newest()
        return run
    jobs = Feed(asker, stop).jobs()
    if len(jobs) != 1:
        raise OrreryError("invalid_argument", f"The feed has {len(jobs)} runs{': ' if jobs else ''}{', '.join(jobs[:10])}; name one with --run.")
    return jobs[0]


if __name__ == "__main__":
    sys.exit(main())
