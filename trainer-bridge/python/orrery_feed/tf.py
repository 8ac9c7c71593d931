"""The feed as a dataset of TensorFlow."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import tensorflow as tf

from .loader import loader


def tf_dataset(url: str, *, run: str, **options: Any) -> Any:
    """
    A ``tf.data.Dataset`` of the batches of a run; options are those of `loader`, and so is what a batch has, as tensors of TensorFlow. Each iteration goes on
    where the last one stopped. Its loader is ``dataset.feed``, for ``report(loss, batch)`` and ``state_dict()``: what a ``prefetch`` behind it has read counts as
    taken, so leave reading ahead to the loader.
    """
    feed = loader(url, run=run, as_numpy=True, **options)
    shape = (feed.plan.rows, feed.plan.row_tokens)

    def batches() -> Iterator[dict[str, Any]]:
        for batch in feed:
            yield {name: batch[name] for name in signature}

    numbers = ("epoch", "batch", "repeated", "trained", "sample_in_epoch")
    signature = {
        "input_ids": tf.TensorSpec(shape, tf.int32),
        "labels": tf.TensorSpec(shape, tf.int64),
        "source": tf.TensorSpec((), tf.string),
        **{name: tf.TensorSpec((), tf.int64) for name in numbers},
    }
    dataset = tf.data.Dataset.from_generator(batches, output_signature=signature)
    dataset.feed = feed
    return dataset
