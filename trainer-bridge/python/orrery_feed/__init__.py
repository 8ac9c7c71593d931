"""Token batches of an Orrery bridge: leased or by rank, resumable in mid-epoch."""

from typing import TYPE_CHECKING, Any

from .errors import OrreryError
from .loader import FeedLoader, loader
from .wire import Plan

if TYPE_CHECKING:
    from .dataset import FeedDataset
    from .tf import tf_dataset

__all__ = ["FeedDataset", "FeedLoader", "OrreryError", "Plan", "loader", "tf_dataset"]


def __getattr__(name: str) -> Any:
    # PyTorch and TensorFlow are imported by who asks for them.
    if name == "FeedDataset":
        from .dataset import FeedDataset

        return FeedDataset
    if name == "tf_dataset":
        from .tf import tf_dataset

        return tf_dataset
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
