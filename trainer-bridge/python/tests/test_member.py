from __future__ import annotations

import os
import stat
from pathlib import Path
from threading import Event, Thread

import pytest

from orrery_feed import OrreryError, member
from orrery_feed.feed import Feed, Loss, Where
from orrery_feed.member import Member

from .conftest import Scripted, Served

LOSS = Loss(0, 0, 2.0, 64)


@pytest.fixture(autouse=True)
def own_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """As of a machine that has joined nothing yet."""
    monkeypatch.setattr(member, "_tokens", {})
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    return tmp_path


def feed(url: str, node: str = "n", token: str | None = None) -> Feed:
    return Feed(Where(url, "golden", node, token), Event())


def of(url: str) -> Member:
    return Member(url, "n", "")


def files(folder: Path) -> list[Path]:
    return list((folder / "orrery-feed").iterdir())


def test_a_name_is_kept_over_a_restart_by_the_token_of_its_registration(served: Served, own_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    feed(served.origin, "kept").drain()
    (file,) = files(own_folder)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600 and stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    # Another process of the same machine, and then one of another.
    member._tokens.clear()
    feed(served.origin, "kept").drain()
    member._tokens.clear()
    monkeypatch.setenv("XDG_STATE_HOME", str(own_folder / "other"))
    with pytest.raises(OrreryError) as refused:
        feed(served.origin, "kept").drain()
    assert refused.value.code == "forbidden"


def test_threads_that_are_refused_at_once_register_once(served: Served, own_folder: Path) -> None:
    drained: list[int] = []

    def drain(number: int) -> None:
        feed(served.origin, "threads").drain()
        drained.append(number)

    threads = [Thread(target=drain, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(drained) == 8 and len(files(own_folder)) == 1


REGISTERED = (200, {}, {"node": "n", "token": "orn_new"})
REFUSED = (401, {}, {"code": "unauthorized", "detail": "over"})
SETTLED = (200, {}, {"items": [{"batch": 0, "state": "settled"}]})


def test_a_token_that_is_over_is_replaced(scripted: Scripted) -> None:
    member.keep_token(of(scripted.origin), "orn_old")
    scripted.says(REFUSED, REGISTERED, SETTLED)
    assert feed(scripted.origin).report(0, [LOSS]) == ["settled"]
    assert member.kept_token(of(scripted.origin)) == "orn_new"
    member.keep_token(of(scripted.origin), "orn_old")
    scripted.says(REFUSED, REGISTERED)
    feed(scripted.origin).register()
    assert member.kept_token(of(scripted.origin)) == "orn_new"


def test_a_key_of_the_operator_is_not_replaced_and_whoever_is_refused_twice_is_told(scripted: Scripted) -> None:
    for token, asked in (("orr_key", 1), (None, 3)):
        scripted.says(REFUSED, REGISTERED, REFUSED)
        with pytest.raises(OrreryError, match="over"):
            feed(scripted.origin, token=token).report(0, [LOSS])
        assert len(scripted.asked) == asked


@pytest.mark.parametrize("token", [7, "", "a b", "x\r\ncookie: y", "x" * 300])
def test_a_token_that_is_none_is_not_kept(scripted: Scripted, own_folder: Path, token: object) -> None:
    scripted.says((200, {}, {"token": token}))
    with pytest.raises(OrreryError, match="is this the address of a feed"):
        feed(scripted.origin).register()
    assert not (own_folder / "orrery-feed").exists()


def test_what_is_no_token_in_its_file_is_none_and_a_folder_that_cannot_be_written_is_told(scripted: Scripted, own_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    member.keep_token(of("http://a"), "orn_1")
    (file,) = files(own_folder)
    file.write_text("two words\n")
    member._tokens.clear()
    assert member.kept_token(of("http://a")) is None
    (own_folder / "file").touch()
    monkeypatch.setenv("XDG_STATE_HOME", os.fspath(own_folder / "file"))
    scripted.says(REGISTERED)
    with pytest.raises(OrreryError, match="XDG_STATE_HOME"):
        feed(scripted.origin).register()
    # A feed that wants no token is not asked to wait for one.
    scripted.says(SETTLED)
    assert feed(scripted.origin).report(0, [LOSS]) == ["settled"]


def test_a_machine_without_a_home_needs_none_where_the_feed_wants_no_token(scripted: Scripted, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_home() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("XDG_STATE_HOME")
    monkeypatch.setattr(Path, "home", no_home)
    scripted.says(SETTLED, REGISTERED)
    assert feed(scripted.origin).report(0, [LOSS]) == ["settled"]
    with pytest.raises(OrreryError, match="XDG_STATE_HOME"):
        feed(scripted.origin).register()
