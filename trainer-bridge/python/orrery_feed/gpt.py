"""A small GPT, for machines of any size: what a node of a home machine trains, and the example."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

INITIAL_STD = 0.02


@dataclass(frozen=True)
class Size:
    vocabulary: int
    width: int = 128
    layers: int = 4
    heads: int = 4
    positions: int = 1024
    """Tokens of a row, at most."""
    embedding: int = 32
    """Width of a row of the table of tokens (ALBERT, Lan et al. 2019): a vocabulary of 200,000 in full width would be most of a small model."""


class Block(nn.Module):
    """Attention and a network beside it, each after a norm (Radford et al. 2019)."""

    def __init__(self, size: Size) -> None:
        super().__init__()
        self.heads = size.heads
        self.norms = nn.ModuleList([nn.LayerNorm(size.width), nn.LayerNorm(size.width)])
        self.attention = nn.Linear(size.width, 3 * size.width)
        self.projection = nn.Linear(size.width, size.width)
        self.network = nn.Sequential(nn.Linear(size.width, 4 * size.width), nn.GELU(), nn.Linear(4 * size.width, size.width))

    def forward(self, x: Tensor) -> Tensor:
        rows, tokens, width = x.shape
        query, key, value = self.attention(self.norms[0](x)).view(rows, tokens, 3, self.heads, width // self.heads).permute(2, 0, 3, 1, 4)
        seen = functional.scaled_dot_product_attention(query, key, value, is_causal=True)
        x = x + self.projection(seen.transpose(1, 2).reshape(rows, tokens, width))
        out: Tensor = x + self.network(self.norms[1](x))
        return out


class Trunk(nn.Module):
    """Ids [rows, tokens] to states [rows, tokens, width]: all that `torch.compile` has to see."""

    def __init__(self, size: Size) -> None:
        super().__init__()
        self.tokens = nn.Embedding(size.vocabulary, size.embedding)
        self.widen = nn.Linear(size.embedding, size.width, bias=False)
        self.positions = nn.Embedding(size.positions, size.width)
        self.blocks = nn.Sequential(*(Block(size) for _ in range(size.layers)))
        self.norm = nn.LayerNorm(size.width)

    def forward(self, ids: Tensor) -> Tensor:
        places = torch.arange(ids.shape[1], device=ids.device)
        states: Tensor = self.norm(self.blocks(self.widen(self.tokens(ids)) + self.positions(places)))
        return states


class GPT(nn.Module):
    """
    A decoder whose output is an adaptive softmax (Grave et al. 2016): exact, a distribution over the whole vocabulary, and some per cent of its cost. It takes ids
    to be in the order of their frequency, which those of byte-pair encodings nearly are.
    """

    def __init__(self, size: Size) -> None:
        super().__init__()
        self.size = size
        self.trunk = Trunk(size)
        cutoffs = [cutoff for cutoff in (4096, 32_768) if cutoff < size.vocabulary - 1] or [max(1, size.vocabulary // 2)]
        self.output = nn.AdaptiveLogSoftmaxWithLoss(size.width, size.vocabulary, cutoffs)
        self.apply(_initial)

    def forward(self, ids: Tensor, labels: Tensor) -> Tensor:
        """Mean cross-entropy of each token after the first of its row, nats: ids and labels [rows, tokens] are the same, and shifted here."""
        states = self.trunk(ids[:, :-1])
        # In full precision, as losses are in mixed training; its picking of rows mixes types otherwise.
        with torch.autocast(ids.device.type, enabled=False):
            loss: Tensor = self.output(states.float().flatten(0, 1), labels[:, 1:].flatten()).loss
            # A batch without rare tokens leaves out those that are for them alone, and ranks that train together wait for a gradient of each.
            return loss + 0.0 * sum(part.sum() for part in self.output.tail.parameters())


def _initial(module: nn.Module) -> None:
    if isinstance(module, (nn.Linear, nn.Embedding)):
        nn.init.normal_(module.weight, std=INITIAL_STD)
        if isinstance(module, nn.Linear) and module.bias is not None:
            nn.init.zeros_(module.bias)
