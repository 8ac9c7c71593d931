from __future__ import annotations

import itertools
import pickle
from collections.abc import Iterable
from multiprocessing.reduction import ForkingPickler
from typing import Any

import pytest

from .conftest import Served
from .test_documents import DOCUMENTS, ROWS
from .test_exchange import PLAN
from .test_loader import epoch, ids, own

torch = pytest.importorskip("torch")
stateful = pytest.importorskip("torchdata.stateful_dataloader")

from torch.utils.data import DataLoader  # noqa: E402

from orrery_feed import FeedDataset, OrreryError, loader  # noqa: E402
from orrery_feed.batch import Batch  # noqa: E402
from orrery_feed.gpt import GPT, Size  # noqa: E402
from orrery_feed.tensors import as_tensors  # noqa: E402
from orrery_feed.wire import plan_of  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore:.*set_vital.*")
WORKERS = [(0, False), pytest.param(1, False, marks=pytest.mark.long), pytest.param(2, False, marks=pytest.mark.long), (2, True)]


def dataset(served: Served, **options: Any) -> FeedDataset:
    return FeedDataset(**served.where, **{"epoch": 0, **options})


def stateful_loader(dataset: FeedDataset, workers: int, is_kept: bool) -> Any:
    return stateful.StatefulDataLoader(dataset, batch_size=None, num_workers=workers, persistent_workers=is_kept)


def test_tensors_are_the_received_bytes() -> None:
    import numpy as np

    tokens = np.arange(6, dtype="<u4").reshape(2, 3)
    batch = as_tensors(Batch(tokens, "s", 0, 0, False, 6, "p"))
    assert batch["input_ids"].data_ptr() == tokens.ctypes.data
    assert batch["input_ids"].dtype == torch.int32 and batch["labels"].dtype == torch.int64 and batch["labels"].tolist() == tokens.tolist()


def test_documents_of_a_tensor_are_one() -> None:
    documents = plan_of({**PLAN, "end_of_text": 9}).document_ids(torch.tensor(ROWS, dtype=torch.int32))
    assert documents.dtype == torch.int64 and documents.tolist() == DOCUMENTS


def test_each_parameter_of_the_gpt_has_a_gradient_whatever_tokens_a_batch_has() -> None:
    model = GPT(Size(vocabulary=50, width=8, layers=1, heads=1, positions=8, embedding=4))
    ids = torch.zeros((2, 8), dtype=torch.int32)
    for precision in (torch.float32, torch.bfloat16):
        model.zero_grad()
        with torch.autocast("cpu", precision, enabled=precision != torch.float32):
            loss = model(ids, ids.long())
        loss.backward()
        assert loss.dtype == torch.float32 and {part.grad.dtype if part.grad is not None else None for part in model.parameters()} == {torch.float32}


def test_three_lines_to_a_loop(served: Served) -> None:
    with loader(served.origin, run=served.run, batch_size=served.rows, seq_len=served.sequence_tokens, epochs=1, epoch=0) as feed:
        model = torch.nn.Embedding(feed.plan.vocabulary, feed.plan.vocabulary)
        for batch in feed:
            logits = model(batch["input_ids"])
            loss = torch.nn.functional.cross_entropy(logits[:, :-1].flatten(0, 1), batch["labels"][:, 1:].flatten())
        assert torch.isfinite(loss)


@pytest.mark.parametrize(("workers", "is_kept"), WORKERS)
def test_a_stateful_loader_resumes_anywhere_with_batches_in_flight(served: Served, workers: int, is_kept: bool) -> None:
    order = epoch(served, 0) + epoch(served, 1)
    size = len(served.closed[0])
    data = stateful_loader(dataset(served), workers, is_kept)
    states = []
    taken: list[tuple[int, int]] = []
    for _ in range(2):
        for batch in data:
            taken += ids([batch])
            states.append(data.state_dict())
        if len(taken) == size:
            at_end = data.state_dict()
    assert taken == order
    # Twice in one epoch, after its last batch, in the next one, and once it has ended.
    for cuts in ([2, 6, size], [size + 2]):
        taken, state = [], None
        for cut in cuts:
            data = stateful_loader(dataset(served), workers, is_kept)
            if state is not None:
                data.load_state_dict(state)
            while len(taken) < cut:
                for batch in itertools.islice(data, cut - len(taken)):
                    taken += ids([batch])
                    state = data.state_dict()
        data = stateful_loader(dataset(served), workers, is_kept)
        data.load_state_dict(state)
        taken += ids(data)
        if len(taken) < len(order):
            taken += ids(data)
        assert taken == order, cuts
    data = stateful_loader(dataset(served), workers, is_kept)
    data.load_state_dict(at_end)
    assert ids(data) == epoch(served, 1)


@pytest.mark.parametrize(("workers", "is_kept"), [pytest.param(0, False, marks=pytest.mark.long), *WORKERS[1:]])
def test_a_plain_loader_has_the_order_and_the_state_after_a_batch(served: Served, workers: int, is_kept: bool) -> None:
    feed = dataset(served)
    data = DataLoader(feed, batch_size=None, num_workers=workers, persistent_workers=is_kept)
    assert len(data) == len(served.closed[0])
    assert ids(data) + ids(data) == epoch(served, 0) + epoch(served, 1)
    again = dataset(served)
    data = DataLoader(again, batch_size=None, num_workers=workers, persistent_workers=is_kept)
    *_, last = itertools.islice(data, 3)
    if workers > 0:
        with pytest.raises(OrreryError, match="state_after"):
            again.state_dict()
    else:
        assert again.state_dict() == again.state_after(last)
    # Into the same dataset, whose workers may still be there, and into another.
    again.load_state_dict(again.state_after(last))
    assert ids(data) == epoch(served, 0)[3:]
    other = dataset(served)
    other.load_state_dict(again.state_after(last))
    assert ids(other) == epoch(served, 0)[3:]


@pytest.mark.long
def test_ranks_with_workers_have_the_order_between_them(served: Served) -> None:
    ranks = [list(DataLoader(dataset(served, rank=rank, world_size=3), batch_size=None, num_workers=2)) for rank in range(3)]
    assert len({len(rank) for rank in ranks}) == 1
    assert [each for step in zip(*ranks) for each in own(step)] == epoch(served, 0)


def states_of(served: Served, workers: int, world: int, steps: int) -> list[dict[str, Any]]:
    states = []
    for rank in range(world):
        data = stateful_loader(dataset(served, rank=rank, world_size=world), workers, False)
        for _ in itertools.islice(data, steps):
            state = data.state_dict()
        states.append(state)
    return states


def test_another_world_deals_anew_what_is_left(served: Served) -> None:
    state = states_of(served, 0, 2, 2)[1]
    ranks = []
    for rank in range(3):
        data = stateful_loader(dataset(served, rank=rank, world_size=3), 0, False)
        data.load_state_dict(state)
        ranks.append(list(data))
    assert [each for step in zip(*ranks) for each in own(step)] == epoch(served, 0)[4:]


@pytest.mark.parametrize(("workers", "world", "then_workers", "then_world", "words"), [(2, 1, 1, 1, "workers"), (2, 2, 2, 1, "ranks"), (1, 1, 0, 1, ".")])
def test_another_number_of_workers_is_refused_by_its_name(served: Served, workers: int, world: int, then_workers: int, then_world: int, words: str) -> None:
    state = states_of(served, workers, world, 2)[0]
    data = stateful_loader(dataset(served, rank=0, world_size=then_world), then_workers, False)
    data.load_state_dict(state)
    with pytest.raises((OrreryError, AssertionError), match=words if words != "." else None):
        next(iter(data))


def test_losses_are_reported_by_who_trains(served: Served) -> None:
    feed = FeedDataset(**served.where)
    first = feed.plan.epoch
    for batch in DataLoader(feed, batch_size=None, num_workers=1):
        feed.report(torch.tensor(2.5), batch)
    assert batch["epoch"] == first and feed.flush(10)
    assert own(DataLoader(feed, batch_size=None))[0] == (first + 1, 0)


def test_a_dataset_that_has_reported_goes_to_workers_that_are_not_forked(served: Served) -> None:
    feed = FeedDataset(**served.where)
    feed.report(2.5, next(iter(DataLoader(feed, batch_size=None))))
    state = feed.state_dict()
    again = pickle.loads(ForkingPickler.dumps(feed))
    assert {**again.state_dict(), "unsent": []} == {**state, "unsent": []} and again.flush()


@pytest.mark.long
def test_workers_that_are_spawned_have_the_order(served: Served) -> None:
    feed = dataset(served)
    first, *_ = data = list(DataLoader(feed, batch_size=None, num_workers=2, multiprocessing_context="spawn"))
    feed.report(2.5, first)
    data += DataLoader(feed, batch_size=None, num_workers=2, multiprocessing_context="spawn")
    assert ids(data) == epoch(served, 0) + epoch(served, 1)


def test_an_error_of_a_worker_comes_out_as_it_is(served: Served) -> None:
    feed = dataset(served)
    feed.load_state_dict({**feed.state_dict(), "sample_in_epoch": served.rows, "batch_size": served.rows, "plan_id": "f" * 64})
    with pytest.raises(OrreryError, match="another run"):
        next(iter(DataLoader(feed, batch_size=None, num_workers=1)))
