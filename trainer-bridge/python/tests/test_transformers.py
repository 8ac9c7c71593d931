from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from .conftest import Served

pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")
pytest.importorskip("accelerate")

from torch.utils.data import DataLoader  # noqa: E402

from orrery_feed import FeedDataset  # noqa: E402

pytestmark = pytest.mark.long


class FeedTrainer(transformers.Trainer):  # type: ignore[misc]
    """As the README has it."""

    def __init__(self, feed: FeedDataset, **options: Any) -> None:
        super().__init__(train_dataset=feed, **options)
        self.feed = feed

    def get_train_dataloader(self) -> DataLoader[dict[str, Any]]:
        return DataLoader(self.feed, batch_size=None)

    def compute_loss(self, model: Any, inputs: dict[str, Any], *args: Any, **options: Any) -> Any:
        out = super().compute_loss(model, {name: inputs[name] for name in ("input_ids", "labels")}, *args, **options)
        self.feed.report(out[0] if isinstance(out, tuple) else out, inputs)
        return out


def test_the_trainer_of_hugging_face_trains_an_epoch(served: Served, tmp_path: Path) -> None:
    feed = FeedDataset(**served.where)
    config = transformers.GPT2Config(vocab_size=feed.plan.vocabulary, n_positions=served.sequence_tokens, n_embd=8, n_layer=1, n_head=1)
    options = transformers.TrainingArguments(str(tmp_path), max_steps=len(feed), report_to=[], logging_steps=1, use_cpu=True, save_strategy="no", disable_tqdm=True)
    trainer = FeedTrainer(feed, model=transformers.GPT2LMHeadModel(config), args=options)
    trainer.train()
    losses = [entry["loss"] for entry in trainer.state.log_history if "loss" in entry]
    assert len(losses) == len(feed) and feed.flush(10)
    assert feed.state_dict()["sample_in_epoch"] == served.rows * len(feed)
