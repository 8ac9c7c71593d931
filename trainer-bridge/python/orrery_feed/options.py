"""What a loader or a dataset is asked for, looked at before anything is done."""

from __future__ import annotations

import operator
import os
import re
import socket
from dataclasses import dataclass
from typing import Any

from .deal import Share
from .errors import OrreryError
from .feed import Where
from .ranked import Wish

NODE = re.compile(r"[A-Za-z0-9._-]{1,64}")
"""What a feed takes for the name of a node."""
HOST_CHARACTERS_MAX = 48
"""Of the machine's name, in that of its node."""


@dataclass(frozen=True)
class Asked:
    where: Where
    wish: Wish
    share: Share
    epoch: int | None
    """To begin with; the newest where it is None."""


def asked_for(
    *,
    url: str,
    run: str,
    batch_size: int | None,
    seq_len: int | None,
    rank: int | None,
    world_size: int | None,
    node: str | None,
    token: str | None,
    wallet: str | None,
    epoch: int | None,
    epochs: int | None,
    prefetch_factor: int,
) -> Asked:
    """Raises ``OrreryError`` ``invalid_argument`` for what is none: settings of a file, and of the environment, are often text."""
    for name, value in {"url": url, "run": run, "node": node, "token": token, "wallet": wallet}.items():
        if not isinstance(value, str) and (value is not None or name in ("url", "run")):
            raise OrreryError("invalid_argument", f"{name} is a text, not {value!r}.")
    share = share_of(rank, world_size)
    wish = Wish(_whole("batch_size", batch_size, 1), _whole("seq_len", seq_len, 1), max(1, _whole("prefetch_factor", prefetch_factor, 0) or 0), _whole("epochs", epochs, 1))
    return Asked(Where(url, run, name_of_node(node, share), token, wallet), wish, share, _whole("epoch", epoch, 0))


def share_of(rank: int | None, world: int | None) -> Share:
    """Rank and world as `torchrun` says them in RANK and WORLD_SIZE, where they are not given."""
    own = _whole("rank", _environment("RANK", 0) if rank is None else rank, 0)
    size = _whole("world_size", _environment("WORLD_SIZE", 1) if world is None else world, 1)
    assert own is not None and size is not None
    if own >= size:
        raise OrreryError("invalid_argument", f"There is no rank {own} of {size}; ranks are 0..{size - 1}.")
    return Share(own, size)


def name_of_node(node: str | None, share: Share) -> str:
    """One name for each rank. Its default lasts as long as the machine has its own name, so that a trainer that is started again goes on with what it held."""
    name = node if node is not None else re.sub(r"[^A-Za-z0-9._-]", "-", socket.gethostname())[:HOST_CHARACTERS_MAX] or "node"
    name = name if share.world == 1 else f"{name}-{share.rank}"
    if NODE.fullmatch(name):
        return name
    raise OrreryError("invalid_argument", f"{name!r} is no name of a node; write 1..64 letters, digits, '.', '_' or '-', the number of the rank among them.")


def _environment(name: str, default: int) -> int:
    text = os.environ.get(name)
    try:
        return default if text is None else int(text)
    except ValueError:
        raise OrreryError("invalid_argument", f"{name} of the environment is {text!r}, and no whole number.") from None


def _whole(name: str, value: Any, least: int) -> int | None:
    """Also one of NumPy; a truth value is none."""
    try:
        number = None if value is None else operator.index(value)
        if number is None or (number >= least and not isinstance(value, bool)):
            return number
    except TypeError:
        pass
    raise OrreryError("invalid_argument", f"{name} is a whole number from {least}, not {value!r}.")
