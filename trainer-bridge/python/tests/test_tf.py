from __future__ import annotations

import hashlib
from typing import Any

import pytest

from .conftest import Served
from .test_loader import epoch, ids

tf = pytest.importorskip("tensorflow")

from orrery_feed import tf_dataset  # noqa: E402


def numbers(batches: Any) -> list[tuple[int, int]]:
    return ids({name: int(batch[name]) for name in ("epoch", "batch")} for batch in batches)


def test_a_dataset_of_tensorflow_has_the_run_and_goes_on_from_a_state(served: Served) -> None:
    data = tf_dataset(served.origin, run=served.run, epoch=0, epochs=1)
    first = list(data.take(4))
    assert [(batch["source"].numpy().decode(), hashlib.sha256(batch["input_ids"].numpy().tobytes()).hexdigest()) for batch in first] == [
        tuple(each) for each in served.closed[0][:4]
    ]
    assert first[0]["labels"].dtype == tf.int64 and first[0]["labels"].shape == (served.rows, served.sequence_tokens)
    again = tf_dataset(served.origin, run=served.run, epoch=0, epochs=1)
    again.feed.load_state_dict(data.feed.state_dict())
    assert numbers(first) + numbers(again) == epoch(served, 0)
    assert numbers(again) == epoch(served, 1)


def test_losses_are_reported_of_its_batches(served: Served) -> None:
    data = tf_dataset(served.origin, run=served.run, epochs=1)
    for batch in data:
        data.feed.report(tf.constant(2.0), batch)
    assert data.feed.flush(10) and data.feed.plan.epoch == int(batch["epoch"])
    data.feed.close()
