"""The hotkey of a Bittensor wallet, as its file lies on disk."""

from __future__ import annotations

import functools
import importlib
import json
import os
import re
from pathlib import Path
from typing import Any, NoReturn

from .errors import OrreryError

WALLETS = Path("~/.bittensor/wallets")
"""Where btcli keeps them."""
FILE_BYTES_MAX = 16_384
SR25519, ED25519 = 1, 0
SEALED = {"$NACL": "$NACL", "$ANSIBLE_VAULT": "ansible-vault", "gAAAA": "Fernet"}
"""First characters of a file that a password keeps, and by what."""
RESTORE = "Restore the file from its backup."


class Hotkey:
    """Signs as sr25519 in the context of Substrate, through the library of the wallets itself."""

    def __init__(self, keypair: Any) -> None:
        self._keypair = keypair
        self.address = str(keypair.ss58_address)

    def sign(self, message: bytes) -> bytes:
        return bytes(self._keypair.sign(message))


@functools.lru_cache(maxsize=16)
def hotkey_of(wallet: str) -> Hotkey:
    """
    :param wallet: name of one of btcli, whose hotkey is ``default``, or path of the file of a hotkey
    :raises OrreryError: ``data_unreadable`` for a file that is missing, kept by a password, no key file, without a secret, of ed25519, or that states another key
        than its secret's; ``invalid_argument`` where the library is missing
    """
    path = (Path(wallet) if os.sep in wallet or "/" in wallet else WALLETS / wallet / "hotkeys" / "default").expanduser()
    try:
        with path.open("rb") as file:
            content = file.read(FILE_BYTES_MAX + 1)
    except (OSError, RuntimeError, ValueError) as error:
        message = f"The key file {path} cannot be read ({error}); name a wallet in {WALLETS}, or the path of a hotkey."
        raise OrreryError("data_unreadable", message) from error
    # What a parser says quotes the file, so that nothing here has it as its cause.
    return Hotkey(_keypair_in(_members_of(content, path), path))


def _members_of(content: bytes, path: Path) -> dict[str, str]:
    """Members of a key file that are there, by their names."""
    if len(content) > FILE_BYTES_MAX:
        _unusable(path, "it is longer than any key", "Point to the file of a hotkey.")
    text = content.decode("utf-8-sig", "replace").strip()
    sealed = next((by for begin, by in SEALED.items() if text.startswith(begin)), None) or ("$…" if text.startswith("$") else None)
    if sealed is not None or re.match(r'\{[^}]{0,4096}"encoded"\s*:', text):
        _unusable(path, f"it is encrypted ({sealed or 'an export of polkadot-js'})", "A node needs a hotkey without a password (btcli wallet regen-hotkey --no-use-password).")
    if re.fullmatch(r"(?:0x)?[0-9a-fA-F]{64}", text):
        return {"secretSeed": text}
    if re.fullmatch(r"[A-Za-z]+(?:\s+[A-Za-z]+){11,23}", text):
        return {"secretPhrase": text}
    try:
        file = json.loads(text)
    except (ValueError, RecursionError):
        file = None
    names = ("accountId", "publicKey", "ss58Address", "secretPhrase", "secretSeed", "privateKey")
    if not isinstance(file, dict) or any(not isinstance(file.get(name), (str, type(None))) for name in names):
        _unusable(path, "it is not the JSON of a Bittensor wallet key", "Point to a file written by btcli or `orrery wallet`.")
    kind = file.get("cryptoType", file.get("crypto_type"))
    if str("" if kind is None else kind).strip().lower() not in ("", "1", "sr25519"):
        _ed25519(path)
    return {name: value.strip() for name in names if (value := file.get(name)) is not None and value.strip()}


def _keypair_in(members: dict[str, str], path: Path) -> Any:
    """By the phrase, else the seed, else the private key; one that cannot be read is passed over where a later one fits what the file states."""
    stated = {name: members[name] for name in ("ss58Address", "publicKey", "accountId") if name in members}
    unread: str | None = None
    for name in ("secretPhrase", "secretSeed", "privateKey"):
        if name not in members:
            continue
        own = _made(name, members[name], ED25519)
        if own is not None and (all(_is_key(own, other, value) for other, value in stated.items()) if stated else _ends_with(members[name], own)):
            _ed25519(path)
        keypair = _made(name, members[name], SR25519)
        if keypair is None:
            unread = unread or f"its {name} is none"
            continue
        wrong = [other for other, value in stated.items() if not _is_key(keypair, other, value)]
        if wrong:
            _unusable(path, f"its secret belongs to {keypair.ss58_address}, not to the {wrong[0]} it states", RESTORE)
        # What was passed over may have been another key.
        if unread is None or stated:
            return keypair
        break
    _unusable(path, unread or "it holds no secret (secretPhrase, secretSeed or privateKey)", RESTORE if unread else "Point to the hotkey itself, not to its public part.")


def _made(name: str, value: str, kind: int) -> Any | None:
    """None for what is no secret."""
    make = _keypairs()
    digits = value.lower().removeprefix("0x")
    try:
        if name == "secretPhrase":
            return make.create_from_mnemonic(" ".join(value.lower().split()), kind)
        if not re.fullmatch(r"[0-9a-f]{64}|[0-9a-f]{128}", digits) or (len(digits) == 128 and name == "secretSeed"):
            return None
        # In 32 bytes it is the seed, and so is the first half of one of ed25519.
        return make.create_from_seed(digits[:64], kind) if len(digits) == 64 or kind == ED25519 else make.create_from_private_key(digits, kind)
    except ValueError:
        return None


def _is_key(keypair: Any, name: str, value: str) -> bool:
    """Whether the member of a file states this key; an address may be that of another network, which is the same key."""
    if name != "ss58Address":
        return value.lower().removeprefix("0x") == _public(keypair)
    try:
        return value == keypair.ss58_address or _public(_keypairs()(ss58_address=value)) == _public(keypair)
    except ValueError:
        return False


def _ends_with(value: str, keypair: Any) -> bool:
    """Of 64 bytes whose second half is the public key, as ed25519 has them."""
    digits = value.lower().removeprefix("0x")
    return len(digits) == 128 and digits.endswith(_public(keypair))


def _public(keypair: Any) -> str:
    return bytes(keypair.public_key).hex()


def _keypairs() -> Any:
    try:
        # Its stubs are not of the functions that it has.
        return importlib.import_module("bittensor_wallet").Keypair
    except ImportError as error:
        message = "To sign as a hotkey takes the library of its wallets: pip install 'orrery-feed[wallet]'."
        raise OrreryError("invalid_argument", message) from error


def _ed25519(path: Path) -> NoReturn:
    _unusable(path, "an ed25519 key; this version signs with sr25519; make one with --crypto-type sr", "The new key is another address: register that one.")


def _unusable(path: Path, what: str, remedy: str) -> NoReturn:
    raise OrreryError("data_unreadable", f"The key file {path} cannot be used: {what}. {remedy}") from None
