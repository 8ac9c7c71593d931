"""Answers of the feed, as far as they are used (schemas/feed.ts, schemas/feed-jobs.ts): fields that are not known here are passed over."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np

from .errors import OrreryError
from .exchange import Malformed

Value = TypeVar("Value")

BLOCK_BYTES_MAX = 2**30
"""1,024 rows of 131,073 tokens, the most the settings of a bridge allow, and something."""

SECONDS_MAX = 86_400.0


@dataclass(frozen=True)
class Plan:
    """One epoch of a run."""

    job: str
    plan_id: str
    epoch: int
    batches: int
    rows: int
    sequence_tokens: int
    row_tokens: int
    """``sequence_tokens``, or one more where rows bring their last target."""
    vocabulary: int
    tokenizer: str
    """Fingerprint: of the same ids have the same meaning."""
    weights: dict[str, float]
    """Source -> weight it is drawn with."""
    end_of_text: int | None = None
    """Id of the token after each document, and of no other; None where the feed is of before and does not say."""

    def document_ids(self, input_ids: Any) -> Any:
        """
        Which document of its row each token is of, [rows, row_tokens], from 0 on: for masks that keep the documents of a row apart. An end is of the document it
        ends; in a row that was filled each token of the filling is one of its own. Of a tensor of PyTorch a tensor, else an array.
        Raises ``OrreryError`` ``not_found`` where the feed does not say what ends a document.
        """
        if self.end_of_text is None:
            raise OrreryError("not_found", f"The feed does not say what ends a document of {self.job!r}; its bridge is of an older release.")
        ends = ((input_ids if hasattr(input_ids, "cumsum") else np.asarray(input_ids)) == self.end_of_text) * 1
        return ends.cumsum(-1) - ends


@dataclass(frozen=True)
class Grant:
    """A lease. ``proof`` is what answers for it."""

    plan_id: str
    epoch: int
    batch: int
    source: str
    rows: int
    sequence_tokens: int
    row_tokens: int
    tokens_path: str
    expires_seconds: float
    proof: dict[str, Any]


def plan_of(answer: Any) -> Plan:
    tokenizer = _field(answer, "tokenizer", dict)
    return Plan(
        job=str(answer.get("job", "")),
        plan_id=_field(answer, "plan_id", str),
        epoch=_field(answer, "epoch", int),
        batches=_field(answer, "batches", int),
        rows=_field(answer, "rows", int),
        sequence_tokens=_field(answer, "sequence_tokens", int),
        row_tokens=_row_tokens(answer),
        vocabulary=_field(tokenizer, "vocabulary", int),
        tokenizer=_field(tokenizer, "fingerprint", str),
        end_of_text=None if answer.get("end_of_text") is None else _field(answer, "end_of_text", int),
        weights={str(source): float(weight) for source, weight in _field(answer, "weights", dict).items()},
    )


def grant_of(answer: Any) -> Grant:
    path = _field(answer, "tokens_path", str)
    if not path.startswith("/"):
        raise Malformed(f"a lease names {path!r} as the path of its tokens")
    return Grant(
        plan_id=_field(answer, "plan_id", str),
        epoch=_field(answer, "epoch", int),
        batch=_field(answer, "batch", int),
        source=_field(answer, "label", str),
        rows=_field(answer, "rows", int),
        sequence_tokens=_field(answer, "sequence_tokens", int),
        row_tokens=_row_tokens(answer),
        tokens_path=path,
        expires_seconds=seconds_of(_field(answer, "expires_in_ms", int)),
        proof={name: answer.get(name) for name in ("plan_id", "epoch", "batch", "token", "fence")},
    )


@dataclass(frozen=True)
class History:
    """Of a node, as the feed has booked it over all days that it remembers: what a node says of itself counts for nothing."""

    batches: int
    tokens: int
    loss: float | None
    """Mean over its batches, nats per token; None before the first."""
    reliability: float | None
    """Of the batches that it had, the part that it settled; None before the first."""
    payout: float | None
    """Of its tokens, by what the operator says to pay, in their own unit; None where they say nothing."""


def history_of(answer: Any) -> History:
    days = _field(answer, "days", list)
    batches, returned, lost, tokens = (sum(_field(day, name, int) for day in days) for name in ("settled", "returned", "lost", "tokens"))
    had = batches + returned + lost
    pay = float(answer.get("pay_per_million_tokens", 0))
    loss = math.fsum(float(day["loss_sum"]) for day in days) / batches if batches else None
    return History(batches, tokens, loss, batches / had if had else None, tokens / 1e6 * pay if pay > 0 else None)


def seconds_of(ms: float) -> float:
    """What a feed says of time, as long as a clock can wait."""
    return min(max(float(ms), 0.0) / 1000, SECONDS_MAX)


def _row_tokens(answer: Any) -> int:
    rows, tokens = _field(answer, "rows", int), _field(answer, "sequence_tokens", int)
    row_tokens = _field({"row_tokens": tokens, **answer}, "row_tokens", int)
    if rows < 1 or not 1 <= tokens <= row_tokens <= tokens + 1 or 4 * rows * row_tokens > BLOCK_BYTES_MAX:
        raise Malformed(f"an answer has {rows} rows of {row_tokens} tokens, which no feed has")
    return row_tokens


def _field(answer: Any, name: str, kind: type[Value]) -> Value:
    value = answer.get(name) if isinstance(answer, Mapping) else None
    if not isinstance(value, kind) or isinstance(value, bool):
        raise Malformed(f"an answer has no {name} that is one")
    return value
