from __future__ import annotations

import hashlib
import itertools
import json
import logging
import subprocess
import sys
from collections.abc import Iterable
from threading import Event
from typing import Any

import numpy as np
import pytest

import orrery_feed
from orrery_feed import OrreryError, outbox, ranked
from orrery_feed.batch import Batch
from orrery_feed.feed import Feed, Where
from orrery_feed.leased import LeasedBatches
from orrery_feed.tensors import as_arrays

from .conftest import Scripted, Served


def ids(batches: Iterable[dict[str, Any]]) -> list[tuple[int, int]]:
    return [(batch["epoch"], batch["batch"]) for batch in batches]


def own(batches: Iterable[dict[str, Any]]) -> list[tuple[int, int]]:
    """Without those that another rank has, too."""
    return ids(batch for batch in batches if not batch["repeated"])


def epoch(served: Served, number: int) -> list[tuple[int, int]]:
    return [(number, batch) for batch in range(len(served.closed[number]))]


def test_an_epoch_in_its_order_with_its_sources_and_its_bytes(served: Served) -> None:
    with served.loader(batch_size=served.rows, seq_len=served.sequence_tokens, epoch=0, epochs=1) as loader:
        batches = list(loader)
    assert ids(batches) == epoch(served, 0)
    assert [(batch["source"], hashlib.sha256(batch["input_ids"].tobytes()).hexdigest()) for batch in batches] == [tuple(each) for each in served.closed[0]]
    assert len({batch["source"] for batch in batches}) > 1
    for batch in batches:
        assert batch["input_ids"].dtype == np.int32 and batch["labels"].dtype == np.int64 and batch["input_ids"].shape == (served.rows, served.sequence_tokens)
        assert (batch["input_ids"] == batch["labels"]).all()


def test_ids_are_the_received_bytes_and_no_copy_of_them() -> None:
    tokens = np.arange(6, dtype="<u4").reshape(2, 3)
    assert np.shares_memory(as_arrays(Batch(tokens, "s", 0, 0, False, 6, "p"))["input_ids"], tokens)


def test_one_iteration_goes_on_over_the_ends_of_epochs_and_the_next_where_it_stopped(served: Served) -> None:
    order = epoch(served, 0) + epoch(served, 1)
    with served.loader(epoch=0) as loader:
        assert ids(itertools.islice(loader, 3)) + ids(itertools.islice(loader, len(order) - 3)) == order


def test_resume_twice_in_one_epoch_and_at_its_end(served: Served) -> None:
    order = epoch(served, 0) + epoch(served, 1)
    for cuts in ([2, 7], [1, len(served.closed[0])], [0, len(served.closed[0]) - 1], [len(served.closed[0]) + 1]):
        taken: list[tuple[int, int]] = []
        state: dict[str, Any] | None = None
        for cut in [*cuts, len(order)]:
            with served.loader(epoch=0, prefetch_factor=5) as loader:
                if state is not None:
                    loader.load_state_dict(state)
                # What is read ahead when it is cut off does not count.
                taken += ids(itertools.islice(loader, cut - len(taken)))
                state = json.loads(json.dumps(loader.state_dict()))
        assert taken == order
        assert state is not None and state["sample_in_epoch"] == served.rows * len(served.closed[1])


def test_the_order_is_the_same_for_any_world_and_after_each_change_of_it(served: Served) -> None:
    order = epoch(served, 0)
    state: dict[str, Any] | None = None
    taken: list[tuple[int, int]] = []
    for world, steps in ((1, 1), (2, 2), (3, 1), (8, 9)):
        ranks = [served.loader(epoch=0, epochs=1, rank=rank, world_size=world) for rank in range(world)]
        for loader in ranks:
            if state is not None:
                loader.load_state_dict(state)
        dealt = [list(itertools.islice(loader, steps)) for loader in ranks]
        taken += [each for step in itertools.zip_longest(*dealt) for each in own(filter(None, step))]
        states = [loader.state_dict() for loader in ranks]
        assert all(each == states[0] for each in states)
        state = states[0]
        for loader in ranks:
            loader.close()
    assert taken == order


def test_ranks_are_those_of_torchrun(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RANK", "1")
    monkeypatch.setenv("WORLD_SIZE", "2")
    with served.loader(epoch=0, epochs=1) as loader:
        assert own(loader) == epoch(served, 0)[1::2]
    with pytest.raises(OrreryError, match="no rank 2 of 2"):
        served.loader(rank=2, world_size=2)


def test_what_does_not_go_together_is_refused_by_its_name(served: Served, scripted: Scripted) -> None:
    for options, words in (({"batch_size": served.rows + 1}, "bridge.rows"), ({"seq_len": 7}, "bridge.sequence_tokens"), ({"mode": "lease", "epochs": 1}, "epochs")):
        with pytest.raises(OrreryError, match=words) as refused:
            served.loader(**options)
        assert refused.value.code == "invalid_argument"
    with pytest.raises(OrreryError) as unknown:
        served.loader(run="constructor/../web")
    assert unknown.value.code == "not_found"
    with served.loader(epoch=0) as loader:
        next(iter(loader))
        state = loader.state_dict()
        for wrong in ({"run": "other"}, {"version": 9}, {"sample_in_epoch": 1}, {"epoch": "0"}, {"epoch": -1}, {"mode": "lease", "version": None}):
            with pytest.raises(OrreryError) as refused:
                loader.load_state_dict({**state, **wrong})
            assert refused.value.code == "conflict"
        loader.load_state_dict({**state, "plan_id": "f" * 64})
        with pytest.raises(OrreryError, match="another run"):
            next(iter(loader))
        for loss in (float("nan"), float("inf"), -1, 1e9):
            with pytest.raises(OrreryError, match="loss"):
                loader.report(loss)


NO_OPTIONS: list[dict[str, Any]] = [
    {"batch_size": "2"},
    {"batch_size": 2.0},
    {"batch_size": True},
    {"batch_size": 0},
    {"seq_len": "32"},
    {"prefetch_factor": "4"},
    {"prefetch_factor": -1},
    {"epoch": "0"},
    {"epoch": -1},
    {"epochs": 0},
    {"epochs": "1"},
    {"rank": "0"},
    {"rank": -1},
    {"world_size": 0},
    {"mode": "leases"},
    {"url": None},
    {"run": None},
    {"node": "a b"},
    {"node": ""},
    {"node": "x" * 64, "rank": 0, "world_size": 2},
    {"token": 5},
    {"wallet": 5},
]


@pytest.mark.parametrize("options", NO_OPTIONS, ids=str)
def test_what_is_no_option_is_refused_by_its_name(served: Served, options: dict[str, Any]) -> None:
    with pytest.raises(OrreryError, match=f"{next(iter(options))}|no name of a node|no rank") as refused:
        served.loader(**options)
    assert refused.value.code == "invalid_argument"


def test_options_may_be_numbers_of_numpy_and_ranks_of_the_environment_must_be_some(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    with served.loader(batch_size=np.int64(served.rows), epoch=np.int32(0), epochs=1) as loader:
        assert next(iter(loader))["batch"] == 0
    monkeypatch.setenv("RANK", "first")
    with pytest.raises(OrreryError, match="RANK of the environment"):
        served.loader()


def test_no_state_but_its_own_is_gone_on_with(served: Served) -> None:
    with served.loader(epoch=0, epochs=1) as loader:
        next(iter(loader))
        state = loader.state_dict()
        whole = served.rows * len(served.closed[0])
        wrong: list[Any] = [None, [], {}, {**state, "unsent": 5}, {**state, "unsent": [{"batch": 1}]}, {**state, "epoch": True, "version": 0}]
        for each in wrong:
            with pytest.raises(OrreryError) as refused:
                loader.load_state_dict(each)
            assert refused.value.code == "conflict"
        # The rows are of other batches, or there are not so many.
        for of_rows in ({"batch_size": 2 * served.rows, "sample_in_epoch": 2 * served.rows}, {"sample_in_epoch": whole + served.rows}):
            loader.load_state_dict({**state, **of_rows})
            with pytest.raises(OrreryError, match="begin with another checkpoint"):
                next(iter(loader))
        loader.load_state_dict({**state, "sample_in_epoch": whole})
        assert next(iter(loader))["epoch"] == 1


@pytest.mark.parametrize("loss", ["x", None, [1.0, 2.0], {}, np.array([1.0, 2.0]), object()], ids=repr)
def test_what_is_no_loss_is_refused_where_it_is_reported(served: Served, loss: object) -> None:
    with served.loader(epoch=0) as loader:
        batch = next(iter(loader))
        with pytest.raises(OrreryError, match="loss"):
            loader.report(loss)
        for no_batch in ({}, {"epoch": 0}, {**batch, "batch": None}, 7):
            with pytest.raises(OrreryError, match="no batch of a loader"):
                loader.report(2.0, no_batch)  # type: ignore[arg-type]


def test_proxies_of_the_environment_are_not_asked(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    with served.loader(epoch=0, epochs=1) as loader:
        assert next(iter(loader))["batch"] == 0


def test_losses_of_ranks_settle_an_epoch_and_the_next_one_follows_by_itself(served: Served) -> None:
    with served.loader(node="ranked") as loader:
        first = loader.plan.epoch
        trained = 0
        for batch in loader:
            if batch["epoch"] > first:
                break
            trained += 1
            loader.report(1.0 if batch["source"] == "docs" else 5.0)
            # Twice is once.
            loader.report(9.0, batch)
        assert trained == loader.plan.batches or loader.plan.epoch == first + 1
        assert batch["epoch"] == first + 1 and batch["batch"] == 0 and loader.flush(10)


def test_an_epoch_that_does_not_come_is_told_of(served: Served, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setattr(ranked, "TELL_SECONDS", 0.05)
    with served.loader() as loader:
        told = logging.Handler()
        told.emit = lambda _: loader._running is not None and loader._running.close()  # type: ignore[method-assign]
        logging.getLogger("orrery_feed").addHandler(told)
        assert {batch["epoch"] for batch in loader} == {loader.plan.epoch}
        logging.getLogger("orrery_feed").removeHandler(told)
    assert f"epoch {loader.plan.epoch + 1} is waited for" in caplog.text


def test_a_batch_that_another_node_held_is_booked_once_that_gives_it_back(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbox, "AGAIN_SECONDS", (0.01, 0.05))
    with served.loader(node="beside") as loader:
        loader._losses._pause = 0.01
        feed = Feed(Where(served.origin, served.run, "holder"), Event())
        held = feed.lease(2, "held", lambda: None).grants
        first = loader.plan.epoch
        for batch in itertools.islice(loader, loader.plan.batches):
            loader.report(2.0)
        assert held and loader.flush(10) and {loss["batch"] for loss in loader.state_dict()["unsent"]} >= {grant.batch for grant in held}
        assert feed.epoch(first + 1) is None
        # One that it settles is for it, and one that it gives back for whoever trained it, too.
        feed.ack([(held[0], 2.0)])
        feed.nack(held[1:], "leaving")
        assert next(iter(loader))["epoch"] == first + 1


def test_what_was_reported_and_not_booked_goes_along_in_the_state(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbox, "FLUSH_SECONDS", 0.01)
    with served.loader(node="killed") as loader:
        first = loader.plan.epoch
        batches = loader.plan.batches
        loader._losses._stop.set()
        for _ in range(batches):
            next(iter(loader))
            loader.report(2.0)
        state = loader.state_dict()
        assert [loss["batch"] for loss in state["unsent"]] == list(range(batches))
    with served.loader(node="killed") as loader:
        loader.load_state_dict(state)
        assert next(iter(loader))["epoch"] == first + 1


def test_leases_settle_an_epoch_too_and_what_is_held_is_given_back_or_gone_on_with(served: Served) -> None:
    taken: list[tuple[int, int]] = []
    loader = served.loader(mode="lease", node="one", prefetch_factor=2)
    first = loader.plan.epoch
    for batch in itertools.islice(loader, 3):
        taken.append((batch["epoch"], batch["batch"]))
        loader.report(3.0)
    # A process that is killed gives nothing back; another takes its place.
    assert loader._leases is not None
    with loader._leases._lock:
        assert loader._leases._lock.wait_for(lambda: loader._leases._queue, 10)
    loader._leases.drain()
    loader._leases._threads[0].join()
    held = next(iter(loader))
    state = json.loads(json.dumps(loader.state_dict()))
    loader._leases._stop.set()
    with pytest.raises(OrreryError, match="node"):
        served.loader(mode="lease", node="two").load_state_dict(state)
    with served.loader(mode="lease", node="one") as again:
        again.load_state_dict(state)
        for batch in again:
            taken.append((batch["epoch"], batch["batch"]))
            again.report(3.0)
            if batch["epoch"] > first:
                break
    assert (held["epoch"], held["batch"]) in taken
    assert sorted(each for each in taken if each[0] == first) == [(first, batch) for batch in range(len(taken) - 1)]


def test_a_lost_request_for_leases_is_made_again_for_what_is_left_of_the_time_and_not_after_its_end(scripted: Scripted) -> None:
    left = iter([100.0, 40.0, 0.0])
    scripted.says((200, {}, {}), (503, {}, {}))
    leases = LeasedBatches(Where(scripted.origin, "web", "n"), 1, lambda: next(left))
    assert list(leases.batches()) == []
    asked = [json.loads(body) for _, path, body in scripted.asked if path == "/v1/leases"]
    assert [each["available_for_ms"] for each in asked] == [100_000, 40_000]
    assert asked[0]["request_id"] == asked[1]["request_id"]


def test_the_package_names_what_it_has() -> None:
    assert set(orrery_feed.__all__) >= {"FeedDataset", "FeedLoader", "OrreryError", "loader", "tf_dataset"}
    with pytest.raises(AttributeError):
        orrery_feed.nothing


def test_a_node_stays_where_another_of_its_name_has_left(served: Served, caplog: pytest.LogCaptureFixture) -> None:
    with served.loader(mode="lease", node="twins", prefetch_factor=1) as loader:
        batches = iter(loader)
        next(batches)
        loader.report(3.0)
        Feed(Where(served.origin, served.run, "twins"), Event()).drain()
        for _ in range(3):
            next(batches)
            loader.report(3.0)
    assert "another process has said that twins leaves" in caplog.text


ENDS = """
import itertools, sys
import orrery_feed
feed = orrery_feed.loader(sys.argv[1], run=sys.argv[2], mode=sys.argv[3], node="ends", as_numpy=True)
for batch in itertools.islice(feed, 2):
    feed.report(2.5)
print(batch["epoch"], batch["batch"])
if sys.argv[3] == "lease":
    next(iter(feed))
"""


@pytest.mark.parametrize("mode", ["rank", "lease"])
def test_a_program_that_ends_without_a_word_has_sent_its_losses_and_holds_nothing(served: Served, mode: str) -> None:
    ended = subprocess.run([sys.executable, "-c", ENDS, served.origin, served.run, mode], capture_output=True, text=True, timeout=60, check=True)
    last, batch = map(int, ended.stdout.split())
    assert "not taken" not in ended.stderr
    feed = Feed(Where(served.origin, served.run, "after"), Event())
    grants = feed.lease(64, f"after-{mode}", lambda: None).grants
    # What it had left is lent again, and what it has settled is not.
    assert (last, batch) not in {(grant.epoch, grant.batch) for grant in grants}
    feed.nack(grants, "done")
    assert len(grants) >= 1 or feed.epoch(last + 1) is not None


@pytest.mark.parametrize("odd", [None, [], {"unsent": 7}, {"unsent": [[{"batch": 1}, 2.0]]}, {"unsent": [[]]}, {"held": [None]}, {"held": {"a": 1}}])
def test_a_state_by_lease_that_is_none_is_a_conflict(odd: object) -> None:
    leases = LeasedBatches(Where("http://127.0.0.1:1", "web", "n"), 1)
    state = {**leases.state_dict(), **odd} if isinstance(odd, dict) else odd
    with pytest.raises(OrreryError, match="conflict"):
        leases.load_state_dict(state)  # type: ignore[arg-type]
