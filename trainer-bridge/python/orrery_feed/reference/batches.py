"""What each batch of an epoch is made of (trainer-bridge/plan/batches.ts), and its tokens."""

import hashlib
import json
import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .merkle import leaf_hash, merkle_root
from .mixing import deal_turns
from .permutation import Permutation

Json = Any

_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True)
class Piece:
    """A run of tokens of one token shard. ``shard``: as the list of its generation has it."""

    shard: Json
    start: int
    tokens: int


@dataclass(frozen=True)
class Window:
    """One row: its source, its place in the generation, where its tokens lie."""

    label: str
    generation: str
    index: int
    pieces: tuple[Piece, ...]


@dataclass(frozen=True)
class Batch:
    batch: int
    windows: tuple[Window, ...]


class Batches:
    """The batches of one epoch.

    ``manifest``: of the epoch, as JSON. ``read``: the bytes of an object by its key. Raises ``ValueError`` for an object that is not what is said of it, and
    ``IndexError`` for no batch.
    """

    def __init__(self, manifest: Json, read: Callable[[str], bytes]) -> None:
        self._read = read
        self._manifest = manifest
        self._strata: Json = self._json(manifest["strata"]["list"])
        root = merkle_root([leaf_hash(canonical_json(stratum)) for stratum in self._strata])
        if root.hex() != manifest["strata"]["root"]:
            raise ValueError("the sources are not those of the manifest")
        geometry = manifest["geometry"]
        is_mixed = geometry["batch_sources"] == "mixed"
        self._turns_per_batch: int = geometry["rows"] if is_mixed else 1
        self._windows_per_turn: int = 1 if is_mixed else geometry["rows"]
        counts = [stratum["each"] for stratum in self._strata]
        self._turns = sum(counts)
        parent = manifest["parent"] or manifest["tokens"]
        self._source, self._ordinal = deal_turns(counts, f"{parent}/{manifest['seed']}")
        self._generations: dict[str, _Generation] = {}
        self._shards: dict[str, bytes] = {}

    def __len__(self) -> int:
        return int(self._manifest["batches"])

    @property
    def row_tokens(self) -> int:
        geometry = self._manifest["geometry"]
        return int(geometry["sequence_tokens"]) + (1 if geometry["next_token"] else 0)

    def __getitem__(self, batch: int) -> Batch:
        if not 0 <= batch < len(self):
            raise IndexError(batch)
        first = batch * self._turns_per_batch
        windows: list[Window] = []
        for turn in range(first, first + self._turns_per_batch):
            period, place = divmod(turn, self._turns)
            stratum = self._strata[self._source[place]]
            m = self._ordinal[place] * self._windows_per_turn
            windows += [self._window(stratum, period, m + row) for row in range(self._windows_per_turn)]
        return Batch(batch, tuple(windows))

    def tokens(self, batch: int) -> bytes:
        """rows × row_tokens u32, little-endian; a row of packed documents is filled up with the end of text."""
        end_of_text = int(self._manifest["end_of_text"]).to_bytes(4, "little")
        rows: list[bytes] = []
        for window in self[batch].windows:
            row = b"".join(self._piece(piece) for piece in window.pieces)
            rows.append(row + end_of_text * (self.row_tokens - len(row) // 4))
        return b"".join(rows)

    def _window(self, stratum: Json, period: int, m: int) -> Window:
        left = sum(generation["each"] for generation in stratum["generations"])
        for each in stratum["generations"]:
            n = m * each["each"] // left
            if (m + 1) * each["each"] // left > n:
                generation = self._open(each)
                place = generation.nth(each["from"], period * each["each"] + n)
                index = generation.order[place]
                return Window(stratum["label"], each["list"]["sha256"], index, generation.pieces(index))
            m -= n
            left -= each["each"]
        raise ValueError(f"the sources have no window {m} in a period")

    def _open(self, generation: Json) -> "_Generation":
        name: str = generation["list"]["sha256"]
        known = self._generations.get(name)
        if known is None:
            known = self._generations[name] = _Generation(self._manifest, generation, self._json(generation["list"]), self._object)
        return known

    def _piece(self, piece: Piece) -> bytes:
        key = piece.shard["key"]
        if key not in self._shards:
            self._shards[key] = self._object(piece.shard)
        shard = self._shards[key]
        width = int.from_bytes(shard[10:12], "little")
        start = 64 + piece.start * width
        raw = shard[start : start + piece.tokens * width]
        return b"".join(raw[at : at + width] + bytes(4 - width) for at in range(0, len(raw), width))

    def _object(self, stored: Json) -> bytes:
        data = self._read(stored["key"])
        if hashlib.sha256(data).hexdigest() != stored["sha256"]:
            raise ValueError(f"{stored['key']} is not what is said of it")
        return data

    def _json(self, stored: Json) -> Json:
        return json.loads(self._object(stored))


class _Generation:
    """Shards in an order of their own (trainer-bridge/plan/generation.ts, layout.ts, skipped.ts)."""

    def __init__(self, manifest: Json, generation: Json, shards: Json, read: Callable[[Json], bytes]) -> None:
        geometry = manifest["geometry"]
        self._shards = shards
        self._layouts: dict[str, _Layout] = {}
        self._read = read
        self._is_packed = geometry["packing"] == "best_fit"
        self._stride: int = 1 if self._is_packed else geometry["sequence_tokens"]
        self._length = self._stride + (1 if geometry["next_token"] and not self._is_packed else 0)
        self._sizes: list[int] = [shard["layout"]["size"] if "layout" in shard else shard["tokens"] for shard in shards]
        self._starts: list[int] = []
        size = 0
        for part in self._sizes:
            self._starts.append(size)
            size += part
        self.order = Permutation(generation["windows"], f"{generation['seed']}/{manifest['pass']}/{generation['list']['sha256']}")
        skipped = b"" if generation["skipped"] is None else read(generation["skipped"])
        self._skipped = _words(skipped)

    def nth(self, start: int, n: int) -> int:
        """The n-th place from ``start`` on that is not left out."""
        before = bisect_left(self._skipped, start)
        low, high = before, len(self._skipped)
        while low < high:
            middle = (low + high) // 2
            if self._skipped[middle] - start - (middle - before) <= n:
                low = middle + 1
            else:
                high = middle
        return start + n + low - before

    def pieces(self, window: int) -> tuple[Piece, ...]:
        at, left = window * self._stride, self._length
        shard = bisect_right(self._starts, at) - 1
        pieces: list[Piece] = []
        while left > 0:
            start = at - self._starts[shard]
            count = min(left, self._sizes[shard] - start)
            pieces += self._laid_out(self._shards[shard], start, count)
            at, left, shard = at + count, left - count, shard + 1
        return tuple(pieces)

    def _laid_out(self, shard: Json, start: int, count: int) -> list[Piece]:
        if "layout" not in shard:
            return [Piece(shard, start, count)] if count > 0 else []
        name = shard["layout"]["sha256"]
        if name not in self._layouts:
            self._layouts[name] = _Layout(_words(self._read(shard["layout"])))
        layout = self._layouts[name]
        runs = layout.row(start) if self._is_packed else layout.stretch(start, count)
        return [Piece(shard, first, tokens) for first, tokens in runs]


class _Layout:
    def __init__(self, words: list[int]) -> None:
        rows = words[0]
        self._row_ends = words[1 : 1 + rows]
        rest = words[1 + rows :]
        self._runs = list(zip(rest[0::2], rest[1::2], strict=True))
        self._before: list[int] = []
        tokens = 0
        for _, length in self._runs:
            self._before.append(tokens)
            tokens += length

    def row(self, row: int) -> list[tuple[int, int]]:
        return self._runs[self._row_ends[row - 1] if row > 0 else 0 : self._row_ends[row]]

    def stretch(self, start: int, tokens: int) -> list[tuple[int, int]]:
        run = bisect_right(self._before, start) - 1
        runs: list[tuple[int, int]] = []
        while tokens > 0:
            first, length = self._runs[run]
            skip = start - self._before[run]
            taken = min(tokens, length - skip)
            runs.append((first + skip, taken))
            start, tokens, run = start + taken, tokens - taken, run + 1
        return runs


def _words(data: bytes) -> list[int]:
    return [int.from_bytes(data[at : at + 4], "little") for at in range(0, len(data), 4)]


def canonical_json(value: Json) -> bytes:
    """RFC 8785, of what a list of sources holds: texts, whole numbers, and weights as ECMAScript writes them."""
    if isinstance(value, dict):
        names = sorted(value, key=lambda name: name.encode("utf-16-be"))
        return b"{" + b",".join(canonical_json(name) + b":" + canonical_json(value[name]) for name in names) + b"}"
    if isinstance(value, list):
        return b"[" + b",".join(map(canonical_json, value)) + b"]"
    if isinstance(value, float):
        return _number(value)
    return _LONE_SURROGATE.sub(lambda found: f"\\u{ord(found[0]):04x}", json.dumps(value, ensure_ascii=False)).encode()


def _number(value: float) -> bytes:
    """As ECMAScript writes it: both languages find the shortest digits; they differ in when they use an exponent."""
    if value == int(value) and abs(value) < 1e21:
        return str(int(value)).encode()
    digits, _, exponent = f"{value!r}".partition("e")
    if not exponent:
        return digits.encode()
    power = int(exponent)
    sign, mantissa = ("-", digits[1:]) if digits.startswith("-") else ("", digits)
    figures = mantissa.replace(".", "").rstrip("0") if "." in mantissa else mantissa
    if -6 <= power < 0:
        return f"{sign}0.{'0' * (-power - 1)}{figures}".encode()
    shown = figures if len(figures) == 1 else f"{figures[0]}.{figures[1:]}"
    return f"{sign}{shown}e{'+' if power > 0 else '-'}{abs(power)}".encode()
