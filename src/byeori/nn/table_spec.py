"""What a network for tables is made of, as a record that counts what is learnt; needs no torch."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class TableSpec:
    """What a network for tables is made of; `params` counts what `TableNet` learns without building it.

    Args:
        numbers: Columns of numbers.
        cards: Values of each column of categories; missing and unseen is one more.
        encoding: `plain`, `piecewise` (Gorishniy et al. 2022, https://arxiv.org/abs/2203.05556) or `periodic` (same).
        scaling: `quantile` (to a normal distribution) or `robust`; of plain and periodic numbers.
        bins: Of a piecewise column, or waves of a periodic one.
        size: Numbers each encoded column becomes.
        spread: Standard deviation of the first frequencies of periodic numbers.
        embedding: Most numbers a category becomes.
        depth: Hidden layers.
        width: Of each.
        activation: `relu`, `silu` or `gelu`.
        norm: `none`, `batch` or `layer`.
        residual: Add each hidden layer after the first to what it gets.
        heads: Answers of one network, each seeing the inputs in its own scale (TabM-mini, Gorishniy et al. 2024,
            https://arxiv.org/abs/2410.24210); their mean is the prediction.
        dropout: Probability after each hidden layer.
        outputs: Numbers a row.
        classes: Whether they are logits.
    """

    numbers: int
    cards: tuple[int, ...]
    outputs: int
    classes: bool
    encoding: str = "plain"
    scaling: str = "quantile"
    bins: int = 16
    size: int = 8
    spread: float = 0.1
    embedding: int = 24
    depth: int = 3
    width: int = 256
    activation: str = "relu"
    norm: str = "none"
    residual: bool = False
    heads: int = 1
    dropout: float = 0.0

    def __post_init__(self) -> None:
        if self.numbers + len(self.cards) < 1:
            raise ValueError("A network for tables needs a column.")
        if min(self.depth, self.width, self.heads, self.outputs, self.bins, self.size) < 1:
            raise ValueError(f"A network's depth, width, heads, outputs, bins and size are 1 or more; got {self}.")

    @property
    def embeddings(self) -> tuple[int, ...]:
        """How many numbers each column of categories becomes: 1.6 · values^0.56, at most `embedding`."""
        return tuple(min(self.embedding, max(1, round(1.6 * card**0.56))) for card in self.cards)

    @property
    def encoded(self) -> int:
        """How many numbers a column of numbers is before anything is learnt, the flag of the missing included."""
        return self.bins + 1 if self.encoding == "piecewise" else 2

    @property
    def inputs(self) -> int:
        """How many numbers the first layer sees."""
        return self.numbers * (2 if self.encoding == "plain" else self.size) + sum(self.embeddings)

    def params(self) -> int:
        """Return how many numbers are learnt."""
        columns = sum((card + 1) * size for card, size in zip(self.cards, self.embeddings, strict=True))
        if self.encoding == "piecewise":
            columns += self.numbers * (self.encoded + 1) * self.size
        elif self.encoding == "periodic":
            columns += self.numbers * (self.bins + (2 * self.bins + 2) * self.size)
        layers = (self.inputs + 1) * self.width + (self.depth - 1) * (self.width + 1) * self.width
        norms = 0 if self.norm == "none" else 2 * self.width * self.depth
        heads = self.heads * (self.width + 1) * self.outputs + (self.heads * self.inputs if self.heads > 1 else 0)
        return columns + layers + norms + heads
