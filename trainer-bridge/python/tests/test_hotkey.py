from __future__ import annotations

import itertools
import json
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

bittensor_wallet = pytest.importorskip("bittensor_wallet")

from orrery_feed import OrreryError, hotkey, loader, member  # noqa: E402
from orrery_feed.btauth import Signer, message_of  # noqa: E402
from orrery_feed.feed import Feed, Where  # noqa: E402
from orrery_feed.hotkey import Hotkey, hotkey_of  # noqa: E402

from .conftest import Scripted, Served  # noqa: E402

PHRASE = "bottom drive obey lake curtain smoke basket hold race lonely fit walk"
SEED = "0xfac7959dbfe72f052e5a0c3c8d6530f202b02fd8f9f5ca3580ec8deb7797479e"
ADDRESS = "5DfhGyQdFobKM8NsWvEeAKk5EQQgYe9AydgJ7rMB6E1EqRzV"
PUBLIC = "0x46ebddef8cd9bb167dc30878d7113b7e168e6f0646beffd77d69d39bad76b47a"
PRIVATE = "0x05d65584630d16cd4af6d0bec10f34bb504a5dcb62dba2122d49f5a663763d0afd190cce74df356432b410bd64682309d6dedb27c76845daf388557cbac3ca34"
"""The same key in the form that a wallet keeps: the scalar and the nonce of schnorrkel."""
ED25519 = {"publicKey": "0x345071da55e5dccefaaa440339415ef9f2663338a38f7da0df21be5ab4e055ef", "ss58Address": "5DFJF7tY4bpbpcKPJcBTQaKuCDEPCpiz8TRjpmLeTtweqmXL"}
OTHER = "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY"
OTHER_NETWORK = "12bzRJfh7arnnfPPUZHeJUaE62QLEwhK48QnH9LXeK2m1iZU"


@pytest.fixture(autouse=True)
def own_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(member, "_tokens", {})
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    hotkey_of.cache_clear()


def read(folder: Path, content: Any) -> Hotkey:
    path = folder / "key"
    path.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
    hotkey_of.cache_clear()
    return hotkey_of(str(path))


TAKEN = {
    "the phrase first": {"secretPhrase": PHRASE, "secretSeed": "0x" + "00" * 32, "privateKey": "0x" + "11" * 64},
    "else the seed": {"secretPhrase": None, "secretSeed": SEED, "privateKey": "0x" + "11" * 64},
    "else the private key": {"secretPhrase": "", "privateKey": PRIVATE},
    "hex without 0x": {"secretSeed": SEED[2:].upper()},
    "a seed as the private key": {"privateKey": SEED, "ss58Address": ADDRESS, "publicKey": PUBLIC},
    "a number for its kind": {"secretSeed": SEED, "cryptoType": 1, "accountId": PUBLIC, "ss58Address": ADDRESS, "made_by": {"another": 7}},
    "the address of another network": {"secretPhrase": PHRASE, "ss58Address": OTHER_NETWORK},
    "words over lines and in capitals": {"secretPhrase": f" {PHRASE.upper()} ".replace(" ", "\n ")},
    "what cannot be read passed over for what is stated": {"secretPhrase": "one two", "secretSeed": SEED, "publicKey": PUBLIC},
    "a mark of its order of bytes": b"\xef\xbb\xbf" + json.dumps({"secretSeed": SEED}, indent=2).replace("\n", "\r\n").encode(),
    "words alone": PHRASE.encode() + b"\n",
    "a seed alone": SEED.encode(),
}


@pytest.mark.parametrize("form", TAKEN)
def test_a_key_file_is_taken_in_each_form_that_wallets_write(tmp_path: Path, form: str) -> None:
    key = read(tmp_path, TAKEN[form])
    assert key.address == ADDRESS and bittensor_wallet.Keypair(ss58_address=ADDRESS).verify(b"m", key.sign(b"m"))


REFUSED = {
    "$NACL": (b"$NACL\x01\x02secret", "encrypted .$NACL"),
    "vault": (b"$ANSIBLE_VAULT;1.1;AES256", "encrypted .ansible-vault"),
    "Fernet": (b"gAAAAABjxyz", "encrypted .Fernet"),
    "an export": ({"encoded": "MFMC", "address": ADDRESS}, "encrypted .an export of polkadot-js"),
    "no JSON": (b"not json", "not the JSON of a Bittensor wallet key"),
    "a list": ([], "not the JSON"),
    "deep": (b"[" * 16_000, "not the JSON"),
    "long": (b" " * 20_000, "longer than any key"),
    "a number": ({"secretSeed": 7}, "not the JSON"),
    "public": ({"ss58Address": ADDRESS}, "holds no secret"),
    "no words": ({"secretPhrase": "one two three"}, "secretPhrase is none"),
    "short": ({"secretSeed": "0x12"}, "secretSeed is none"),
    "no scalar": ({"privateKey": "0x" + "ff" * 64}, "privateKey is none"),
    "another's address": ({"secretSeed": SEED, "ss58Address": OTHER}, "not to the ss58Address it states"),
    "no address": ({"secretSeed": SEED, "ss58Address": "nobody"}, "not to the ss58Address it states"),
    "ed25519 by its kind": ({"cryptoType": 0, "secretPhrase": PHRASE, **ED25519}, "an ed25519 key"),
    "ed25519 by what it states": ({"secretPhrase": PHRASE, **ED25519}, "an ed25519 key"),
    "ed25519 by its form": ({"privateKey": SEED + ED25519["publicKey"][2:]}, "an ed25519 key"),
}


@pytest.mark.parametrize("form", REFUSED)
def test_what_cannot_be_used_is_told_with_its_file_and_without_its_secret(tmp_path: Path, form: str) -> None:
    content, words = REFUSED[form]
    with pytest.raises(OrreryError, match=words.replace("$", r"\$")) as refused:
        read(tmp_path, content)
    assert refused.value.code == "data_unreadable" and str(tmp_path / "key") in str(refused.value)
    assert not any(secret in str(refused.value) for secret in (PHRASE, SEED[2:], "one two three", "ff" * 8))


def test_a_wallet_is_found_by_its_name_where_btcli_keeps_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hotkey, "WALLETS", tmp_path)
    with pytest.raises(OrreryError, match="miner-1"):
        hotkey_of("miner-1")
    (tmp_path / "miner-1" / "hotkeys").mkdir(parents=True)
    (tmp_path / "miner-1" / "hotkeys" / "default").write_text(json.dumps({"secretSeed": SEED}))
    assert hotkey_of("miner-1").address == ADDRESS


def test_what_is_signed_is_that_of_the_bittensor_sdk() -> None:
    """The vector of its guide to signed requests."""
    alice, bob = OTHER, "5FHneW46xGXgs5mUiveU4sbTyGBzmstUspZC92UhjJM694ty"
    message = message_of("POST", "/generate?stream=false", b'{"prompt": "hello"}', 1752076800000000000, alice, bob)
    digest = "341c57448e531310fbbe83f44cea2a5e838bd9e8a6b82b269f01d0dbbc23c3cc"
    assert message.decode() == f"btauth/1\nsr25519\nPOST\n/generate?stream=false\n{digest}\n1752076800000000000\n{alice}\n{bob}"


def test_no_two_requests_have_one_nonce_and_a_refusal_teaches_nothing_but_what_it_is_about(tmp_path: Path) -> None:
    signer = Signer(read(tmp_path, {"secretSeed": SEED}))
    assert len({signer.headers("GET", "/", b"")["x-bittensor-nonce"] for _ in range(100)}) == 100
    for details in ({}, {"receivers": []}, {"receivers": "x"}, {"receivers": [7]}, {"receivers": ["a\nb"]}, {"server_time_ms": "5"}, {"server_time_ms": float("inf")}, {"server_time_ms": 10**400}):
        assert not signer.learn(details)
    assert signer.learn({"receivers": [OTHER]}) and not signer.learn({"receivers": [OTHER]})
    assert signer.headers("GET", "/", b"")["x-bittensor-receiver"] == OTHER


def test_a_hotkey_joins_where_its_stake_admits_it_and_its_token_opens_the_rest(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    # By a clock that is ten minutes off, too.
    monkeypatch.setattr("orrery_feed.btauth.time.time_ns", lambda: 1_000_000_000)
    with loader(served.staked, run=served.run, mode="lease", node="staked", wallet=served.hotkey, as_numpy=True) as feed:
        batch = next(iter(feed))
        feed.report(2.0, batch)
        assert feed.flush(10) and feed._leases is not None and feed._leases.outcomes == {"settled": 1}
    # Another process finds the token where it is kept, and another hotkey does not.
    member._tokens.clear()
    assert member.kept_token(member.Member(served.staked, "staked", hotkey_of(served.hotkey).address)) is not None
    assert member.kept_token(member.Member(served.staked, "staked", "")) is None


def test_a_hotkey_without_stake_is_told_so_and_one_with_a_key_of_the_operator_trains_by_rank(served: Served, tmp_path: Path) -> None:
    (tmp_path / "poor").write_text(json.dumps({"secretSeed": SEED}))
    poor = str(tmp_path / "poor")
    with pytest.raises(OrreryError, match="less stake") as refused:
        loader(served.staked, run=served.run, node="poor", wallet=poor)
    assert refused.value.code == "forbidden"
    with loader(served.staked, run=served.run, node="poor", wallet=poor, token=served.key, as_numpy=True) as feed:
        for batch in itertools.islice(feed, feed.plan.batches):
            feed.report(2.0, batch)
        assert feed.flush(10) and feed._losses.outcomes["settled"] > 0


def test_a_token_that_is_over_is_replaced_by_a_signature(scripted: Scripted, tmp_path: Path) -> None:
    (tmp_path / "own").write_text(json.dumps({"secretSeed": SEED}))
    where = Where(scripted.origin, "web", "n", wallet=str(tmp_path / "own"))
    member.keep_token(member.Member(scripted.origin, "n", ADDRESS), "orn_old")
    over = (401, {}, {"error": {"code": "unauthorized", "message": "over"}})
    wrong = (401, {}, {"error": {"code": "unauthorized", "message": "for another", "details": {"receivers": [OTHER]}}})
    scripted.says(over, wrong, (200, {}, {"node": "n", "token": "orn_new"}), (200, {}, {"jobs": []}))
    assert Feed(where, threading.Event()).jobs() == []
    assert [path for _, path, _ in scripted.asked] == ["/v1/jobs", "/v1/nodes", "/v1/nodes", "/v1/jobs"]
    # One that no signature helps ends.
    scripted.says(over)
    with pytest.raises(OrreryError, match="over"):
        Feed(where, threading.Event()).jobs()


def test_without_the_library_of_wallets_its_name_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "bittensor_wallet", None)
    with pytest.raises(OrreryError, match=r"orrery-feed\[wallet\]"):
        read(tmp_path, {"secretSeed": SEED})


@pytest.mark.long
def test_the_node_program_joins_by_a_hotkey(served: Served) -> None:
    args = [sys.executable, "-m", "orrery_feed", "node", "--feed", served.staked, "--node", "gpu-1", "--wallet", served.hotkey]
    with subprocess.Popen(args, stdout=subprocess.PIPE, text=True) as program:
        assert program.stdout is not None
        first = json.loads(program.stdout.readline())
        program.send_signal(signal.SIGTERM)
        *_, last = map(json.loads, program.stdout)
    assert first["event"] == "node.trained" and last["settled"] >= 1 and program.returncode == 0
