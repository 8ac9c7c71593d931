from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from orrery_feed.__main__ import main
from orrery_feed.check import check
from orrery_feed.errors import OrreryError

from .conftest import Scripted, Served


def log(path: Path, *batches: tuple[int, int], cut: str = "") -> Path:
    path.write_text("".join(json.dumps({"epoch": epoch, "batch": batch, "loss": 1.0}) + "\n" for epoch, batch in batches) + cut)
    return path


def test_each_batch_once_over_the_logs_of_all_ranks(tmp_path: Path) -> None:
    ranks = [log(tmp_path / f"{rank}", *((0, batch) for batch in range(rank, 6, 2)), (1, rank)) for rank in range(2)]
    ranks[1].write_text(ranks[1].read_text() + '{"epoch": 0, "batch": 5, "repeated": true}\n{"weights": {"batch": 1}}\n')
    assert check(ranks, {0: 6, 1: 6}.get) == (["epoch 0: 6 of 6 batches, each once", "epoch 1: 2 of 6 batches, each once"], True)


def test_what_is_missing_and_what_came_twice_is_told_by_its_numbers(tmp_path: Path) -> None:
    path = log(tmp_path / "log", (0, 0), (0, 3), (0, 3), (0, 9), (2, 1), cut='{"epoch": 2, "ba')
    lines, is_whole = check([path], {0: 8}.get)
    assert not is_whole
    assert lines == [
        "epoch 0: 3 of 8 batches, missing 1-2, 4-7; repeated 3; not of the plan 9",
        "epoch 1: missing altogether",
        "epoch 2: 1 of 2 batches, missing 0",
    ]


def test_however_many_are_missing_the_line_is_short(tmp_path: Path) -> None:
    assert check([log(tmp_path / "log", (3, 0), (10**12, 0))], lambda _: None)[0][1] == "epochs 4-999999999999: missing altogether"
    lines, _ = check([log(tmp_path / "log", *((0, batch) for batch in range(0, 2000, 2)))], lambda _: None)
    assert len(lines[0]) < 200 and lines[0].endswith("and 979 more")


def test_a_log_without_batches_and_one_of_something_else(tmp_path: Path) -> None:
    assert check([log(tmp_path / "empty")], lambda _: None) == ([], True)
    for wrong in ('{"batch": "1", "epoch": 0}', '{"batch": 1}', '{"batch": -1, "epoch": 0}', '{"batch": 1e300, "epoch": 0}', f'{{"batch": {2**40}, "epoch": 0}}'):
        (tmp_path / "wrong").write_text(wrong + "\n")
        with pytest.raises(OrreryError, match="number"):
            check([tmp_path / "wrong"], lambda _: None)


def test_a_run_that_there_is_not_is_no_whole_one(scripted: Scripted, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    scripted.says((404, {}, {"code": "not_found", "detail": "no job"}))
    monkeypatch.setattr(sys, "argv", ["orrery_feed", "check", str(log(tmp_path / "log", (0, 0))), "--feed", scripted.origin, "--run", "nope"])
    assert main() == 1
    assert "no job" in capsys.readouterr().err


def test_a_feed_that_is_not_for_all_is_asked_with_the_credential_of_the_environment(
    served: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["orrery_feed", "check", str(log(tmp_path / "log", (0, 0))), "--feed", served.staked])
    assert main() == 1 and "unauthorized" in capsys.readouterr().err
    monkeypatch.setenv("ORRERY_NODE_TOKEN", served.key)
    assert main() == 0 and capsys.readouterr().out == f"epoch 0: 1 of {len(served.closed[0])} batches, each once\n"
