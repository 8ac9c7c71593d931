"""The keyed order of the windows of a generation (trainer-bridge/plan/permutation.ts)."""

import hashlib

_ROUNDS = 8


def fmix32(word: int) -> int:
    """MurmurHash3's finalizer, of a 32-bit word."""
    word ^= word >> 16
    word = word * 0x85EBCA6B & 0xFFFFFFFF
    word ^= word >> 13
    word = word * 0xC2B2AE35 & 0xFFFFFFFF
    return word ^ word >> 16


def key_words(use: str, key: str, count: int) -> list[int]:
    """The first little-endian 32-bit words, at most eight, of sha256("orrery/{use}\\n" + key)."""
    digest = hashlib.sha256(f"orrery/{use}\n{key}".encode()).digest()
    return [int.from_bytes(digest[4 * n : 4 * n + 4], "little") for n in range(count)]


class Permutation:
    """A bijection of 0..size-1: a Feistel network of eight rounds, walked along its cycle until it lands below ``size``."""

    def __init__(self, size: int, key: str) -> None:
        self.size = size
        self._half_bits = 1
        while 4**self._half_bits < size:
            self._half_bits += 1
        self._keys = key_words("permutation/1", key, _ROUNDS)

    def __getitem__(self, index: int) -> int:
        if not 0 <= index < self.size:
            raise IndexError(index)
        value = self._encipher(index)
        while value >= self.size:
            value = self._encipher(value)
        return value

    def _encipher(self, value: int) -> int:
        mask = (1 << self._half_bits) - 1
        left, right = value >> self._half_bits, value & mask
        for key in self._keys:
            left, right = right, left ^ fmix32(right ^ key) & mask
        return left << self._half_bits | right
