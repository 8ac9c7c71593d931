from __future__ import annotations

import importlib.util
from typing import Any

import numpy as np

from .batch import Batch


def has_torch() -> bool:
    return importlib.util.find_spec("torch") is not None


def as_arrays(batch: Batch) -> dict[str, Any]:
    """
    What a step is given. ``input_ids`` [rows, row_tokens] are the received bytes themselves, as int32: token ids have no sign. ``labels`` are the same ids, as
    int64, which a cross entropy wants: models shift them by one themselves, as those of Hugging Face do.
    """
    input_ids = batch.tokens.view(np.int32)
    return {"input_ids": input_ids, "labels": input_ids.astype(np.int64), **_about(batch)}


def as_tensors(batch: Batch) -> dict[str, Any]:
    """The same as tensors of PyTorch, ``input_ids`` without a copy."""
    import torch

    input_ids = torch.from_numpy(batch.tokens.view(np.int32))
    return {"input_ids": input_ids, "labels": input_ids.long(), **_about(batch)}


def _about(batch: Batch) -> dict[str, Any]:
    """Beside the tokens, in types that every collate function lets through."""
    return {"source": batch.source, "plan_id": batch.plan_id, **batch.numbers()}
