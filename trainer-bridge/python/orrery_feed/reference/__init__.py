"""What the batches of an Orrery run are, recomputed from public data alone: the manifest of an epoch, the objects it names, and nothing of the service.

Pure Python over hashlib, with no other package; written to be read beside ``trainer-bridge/plan``, whose bytes it gives.

Rounding: everything is whole numbers, and every division is ``//``, rounded down (towards minus infinity; nothing here is negative). The service does the same
with ``Math.floor`` of quotients below 2^53, where that is exact. Neither language's ``round`` is ever called: Python's goes to the even number, JavaScript's up.
"""

from .batches import Batch, Batches, Piece, Window
from .merkle import audit_path, is_included, leaf_hash, merkle_root
from .mixing import deal_turns
from .permutation import Permutation

__all__ = [
    "Batch",
    "Batches",
    "Permutation",
    "Piece",
    "Window",
    "audit_path",
    "deal_turns",
    "is_included",
    "leaf_hash",
    "merkle_root",
]
