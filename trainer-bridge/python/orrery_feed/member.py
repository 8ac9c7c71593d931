"""The token that a feed gives a node when it registers, where a name alone is not enough."""

from __future__ import annotations

import hashlib
import os
import re
import threading
import uuid
from pathlib import Path

from .errors import OrreryError

TOKEN = re.compile(r"[\x21-\x7e]{1,256}")

_tokens: dict[tuple[str, str], str | None] = {}
registering = threading.Lock()
"""One thread of a process registers at a time: a second registration would take the first one's token away."""


def folder() -> Path:
    """Where tokens stay, for programs that are started again: who has none but its name would not get that name again."""
    return Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local/state") / "orrery-feed"


def kept_token(url: str, node: str) -> str | None:
    """Of this name at this feed, given to this process or to one before it. What cannot be read is none: most feeds want none."""
    known = (url, node)
    if known not in _tokens:
        try:
            text = _path(url, node).read_text("ascii").strip()
        except (OSError, RuntimeError, ValueError):
            text = ""
        _tokens[known] = text if TOKEN.fullmatch(text) else None
    return _tokens[known]


def keep_token(url: str, node: str, token: str) -> None:
    """Whole or not at all, and for no other user's eyes. Raises ``OrreryError`` ``data_unreadable``."""
    try:
        path = _path(url, node)
        staged = path.with_suffix(f".{uuid.uuid4().hex}.new")
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with os.fdopen(os.open(staged, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(token + "\n")
            file.flush()
            os.fsync(file.fileno())
        staged.replace(path)
    except (OSError, RuntimeError) as error:
        message = f"The token of this node cannot be kept ({error}); check the folder and its rights, or name another in XDG_STATE_HOME."
        raise OrreryError("data_unreadable", message) from error
    _tokens[(url, node)] = token


def forget_token(url: str, node: str) -> None:
    """The feed does not know it any more."""
    _tokens[(url, node)] = None


def _path(url: str, node: str) -> Path:
    return folder() / (hashlib.sha256(f"{url}\n{node}".encode()).hexdigest()[:32] + ".token")
