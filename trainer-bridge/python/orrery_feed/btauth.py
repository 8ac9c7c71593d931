"""Requests that a hotkey signs: ``btauth/1`` of the Bittensor SDK 11, which binds method, target, body, time and receiver."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping
from typing import Any

from .hotkey import Hotkey

KIND = "sr25519"
NOBODY = "-"


def message_of(method: str, target: str, content: bytes, nonce: int, sender: str, receiver: str) -> bytes:
    """What is signed, eight lines. ``target`` is the path as it is sent, with its query; ``nonce`` is nanoseconds since the Unix epoch."""
    return "\n".join(["btauth/1", KIND, method.upper(), target, hashlib.sha256(content).hexdigest(), str(nonce), sender, receiver]).encode()


class Signer:
    """Signs for whom, and by which clock, the feed has said that it wants: it says both where it refuses."""

    def __init__(self, hotkey: Hotkey) -> None:
        self._hotkey = hotkey
        self._receiver = NOBODY
        self._ahead_ms = 0
        self._nonce = 0

    def headers(self, method: str, target: str, content: bytes) -> dict[str, str]:
        """Of one request: each is signed anew, also where it is the same again."""
        # A clock may say the same twice, and no nonce may.
        nonce = self._nonce = max(self._nonce + 1, time.time_ns() + self._ahead_ms * 1_000_000)
        signature = self._hotkey.sign(message_of(method, target, content, nonce, self._hotkey.address, self._receiver))
        return {
            "x-bittensor-version": "1",
            "x-bittensor-hotkey": self._hotkey.address,
            "x-bittensor-receiver": self._receiver,
            "x-bittensor-nonce": str(nonce),
            "x-bittensor-signature": f"0x{signature.hex()}",
        }

    def learn(self, details: Mapping[str, Any]) -> bool:
        """Of a refusal; whether another try is worth it."""
        before = (self._receiver, self._ahead_ms)
        receivers, date_ms = details.get("receivers"), details.get("server_time_ms")
        if isinstance(receivers, list) and receivers and isinstance(receivers[0], str) and receivers[0].isalnum() and receivers[0].isascii():
            self._receiver = receivers[0]
        if isinstance(date_ms, (int, float)) and not isinstance(date_ms, bool) and 0 < date_ms < 2**53:
            self._ahead_ms, self._nonce = int(date_ms) - time.time_ns() // 1_000_000, 0
        return before != (self._receiver, self._ahead_ms)
