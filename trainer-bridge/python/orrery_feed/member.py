"""The token that a feed gives a node when it registers, where a name alone is not enough."""

from __future__ import annotations

import hashlib
import os
import re
import threading
import uuid
from dataclasses import dataclass
from pathlib import Path

from .errors import OrreryError

TOKEN = re.compile(r"[\x21-\x7e]{1,256}")


@dataclass(frozen=True)
class Member:
    """Whom a feed gives a token."""

    url: str
    node: str
    hotkey: str
    """Address of the one that signs, empty without: a token is of who joined, and another hotkey is another."""


_tokens: dict[Member, str | None] = {}
_registering = threading.Lock()


def registering() -> threading.Lock:
    """One thread of a process registers at a time: a second registration would take the first one's token away."""
    return _registering


def _in_child() -> None:
    global _registering
    # Whichever thread held it is not there after a fork.
    _registering = threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_in_child)


def folder() -> Path:
    """Where tokens stay, for programs that are started again: who has none but its name would not get that name again."""
    return Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local/state") / "orrery-feed"


def kept_token(member: Member) -> str | None:
    """Given to this process or to one before it. What cannot be read is none: most feeds want none."""
    if member not in _tokens:
        try:
            text = _path(member).read_text("ascii").strip()
        except (OSError, RuntimeError, ValueError):
            text = ""
        _tokens[member] = text if TOKEN.fullmatch(text) else None
    return _tokens[member]


def keep_token(member: Member, token: str) -> None:
    """Whole or not at all, and for no other user's eyes. Raises ``OrreryError`` ``data_unreadable``."""
    try:
        path = _path(member)
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
    _tokens[member] = token


def forget_token(member: Member, refused: str | None) -> None:
    """The feed does not know it any more. Another process may have got a new one meanwhile, which is good for this one, too."""
    _tokens.pop(member, None)
    if kept_token(member) == refused:
        _tokens[member] = None


def _path(member: Member) -> Path:
    named = "\n".join([member.url, member.node, *([member.hotkey] if member.hotkey else [])])
    return folder() / (hashlib.sha256(named.encode()).hexdigest()[:32] + ".token")
