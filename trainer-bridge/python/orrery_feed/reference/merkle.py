"""Merkle trees of RFC 6962 section 2.1 over sha256 (schemas/merkle.ts)."""

import hashlib
from collections.abc import Sequence


def leaf_hash(data: bytes) -> bytes:
    return hashlib.sha256(b"\0" + data).digest()


def _node_hash(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\1" + left + right).digest()


def _left_size(size: int) -> int:
    """The largest power of two below ``size``."""
    return 1 << (size - 1).bit_length() - 1


def merkle_root(leaves: Sequence[bytes]) -> bytes:
    """The root over hashes of leaves, in their order."""
    if not leaves:
        return hashlib.sha256().digest()
    if len(leaves) == 1:
        return leaves[0]
    left = _left_size(len(leaves))
    return _node_hash(merkle_root(leaves[:left]), merkle_root(leaves[left:]))


def audit_path(leaves: Sequence[bytes], index: int) -> list[bytes]:
    """The roots that, with the leaf, make the root; those next to the leaf first."""
    if len(leaves) == 1:
        return []
    left = _left_size(len(leaves))
    if index < left:
        return [*audit_path(leaves[:left], index), merkle_root(leaves[left:])]
    return [*audit_path(leaves[left:], index - left), merkle_root(leaves[:left])]


def is_included(leaf: bytes, index: int, size: int, path: Sequence[bytes], root: bytes) -> bool:
    """Whether the leaf is the one at ``index`` of the ``size`` leaves under ``root``."""
    if not 0 <= index < size:
        return False
    sides: list[bool] = []
    while size > 1:
        left = _left_size(size)
        is_right = index >= left
        sides.append(is_right)
        index, size = (index - left, size - left) if is_right else (index, left)
    if len(sides) != len(path):
        return False
    value = leaf
    for is_right, other in zip(reversed(sides), path, strict=True):
        value = _node_hash(other, value) if is_right else _node_hash(value, other)
    return value == root
