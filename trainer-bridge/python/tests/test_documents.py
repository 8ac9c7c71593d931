from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from orrery_feed import OrreryError
from orrery_feed.wire import plan_of

from .conftest import Served
from .test_exchange import PLAN

ROWS = [[5, 6, 9, 7, 9, 9], [9, 1, 2, 3, 4, 5], [1, 2, 3, 4, 5, 6]]
DOCUMENTS = [[0, 0, 0, 1, 1, 2], [0, 1, 1, 1, 1, 1], [0] * 6]


def test_each_token_is_of_the_document_that_its_end_ends() -> None:
    plan = plan_of({**PLAN, "end_of_text": 9})
    assert plan.document_ids(np.array(ROWS, dtype=np.int32)).tolist() == DOCUMENTS
    assert plan.document_ids(ROWS).tolist() == DOCUMENTS


def test_a_feed_says_what_ends_its_documents(served: Served) -> None:
    with served.loader(epoch=0, epochs=1) as loader:
        assert loader.plan.end_of_text is not None
        rows = np.concatenate([batch["input_ids"] for batch in loader])
        documents = loader.plan.document_ids(rows)
    assert documents.max() > 0 and (documents[:, 0] == 0).all()
    with pytest.raises(OrreryError, match="older"):
        replace(loader.plan, end_of_text=None).document_ids(rows)
