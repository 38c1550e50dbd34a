"""Networks for tables: numbers scaled or encoded, categories embedded, an MLP, and several answers from one network.

What learns nothing (`TableNet.fixed`: scaling, bins, flags of what is missing) is apart from what does
(`TableNet.learnt`), so that training computes it once a row and not once an epoch.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from byeori.core.data import Arrays
from byeori.nn.table_spec import TableSpec

_GRID = 129
"""Quantiles that describe a column's distribution."""
_SMOOTH = 3.0
"""Where robustly scaled values are bent, so that none is larger (RealMLP, Holzmüller et al. 2024,
https://arxiv.org/abs/2407.04491)."""
_REACH = 2.0
"""How far outside the training data a bin's line goes on, in widths of the bin."""
_ACTIVATIONS: Mapping[str, Callable[[], nn.Module]] = {"relu": nn.ReLU, "silu": nn.SiLU, "gelu": nn.GELU}


class TableNet(nn.Module):
    """The network of a `TableSpec`.

    A network with several heads answers with the logarithm of their mean probability, or their mean value; what trains
    it asks `learnt` for the answers of each head, which are to be judged one by one.

    Args:
        spec: What it is made of.

    Example:
        >>> net = TableNet(TableSpec(numbers=2, cards=(3,), outputs=2, classes=True)).eval()
        >>> net({"numbers": torch.zeros(5, 2), "categories": torch.zeros(5, 1, dtype=torch.int64)}).shape
        torch.Size([5, 2])
    """

    def __init__(self, spec: TableSpec) -> None:
        super().__init__()
        self.spec = spec
        if spec.numbers:
            self.encoder = Bins(spec.numbers, spec.bins) if spec.encoding == "piecewise" else Scale(spec)
            if spec.encoding == "piecewise":
                self.columns: nn.Module = EachColumn(spec.numbers, spec.encoded, spec.size)
            elif spec.encoding == "periodic":
                self.columns = Waves(spec)
            else:
                self.columns = nn.Identity()
        self.embeddings = nn.ModuleList(
            _embedding(card + 1, size) for card, size in zip(spec.cards, spec.embeddings, strict=True)
        )
        if spec.heads > 1:
            # Signs at random let every head begin with another view of the same columns.
            self.view = nn.Parameter(torch.randint(0, 2, (spec.heads, spec.inputs)).float() * 2 - 1)
        self.layers = nn.ModuleList(_Layer(spec, spec.width if n else spec.inputs) for n in range(spec.depth))
        bound = spec.width**-0.5
        self.weight = nn.Parameter(torch.empty(spec.heads, spec.width, spec.outputs).uniform_(-bound, bound))
        self.bias = nn.Parameter(torch.zeros(spec.heads, spec.outputs))

    def fit_inputs(self, arrays: Arrays) -> None:
        """Learn scales and bins from training rows.

        Args:
            arrays: `numbers` (N, a) with NaN for missing.
        """
        if self.spec.numbers:
            self.encoder.fit(np.asarray(arrays["numbers"], dtype=np.float64))

    def forward(self, batch: Mapping[str, Tensor]) -> Tensor:
        """Return logits (N, classes) or values (N,) for `numbers` (N, a) and `categories` (N, b)."""
        output = self.learnt(self.fixed(batch))
        if self.spec.heads == 1:
            return output
        if not self.spec.classes:
            return output.mean(1)
        return output.float().log_softmax(2).logsumexp(1) - math.log(self.spec.heads)

    def fixed(self, batch: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Return what can be computed of rows before anything is learnt."""
        out = {}
        if self.spec.numbers:
            out["numbers"] = self.encoder(batch["numbers"])
        if self.spec.cards:
            most = batch["categories"].new_tensor(self.spec.cards)
            out["categories"] = torch.minimum(batch["categories"] + 1, most).clamp_min(0)
        return out

    def learnt(self, batch: Mapping[str, Tensor]) -> Tensor:
        """Return the answers for rows that went through `fixed`; several heads stand in a further dimension."""
        parts = []
        if self.spec.numbers:
            parts.append(self.columns(batch["numbers"]).flatten(1))
        if self.spec.cards:
            codes = batch["categories"].unbind(1)
            parts.extend(table(code) for table, code in zip(self.embeddings, codes, strict=True))
        hidden = torch.cat(parts, 1)
        if self.spec.heads > 1:
            hidden = hidden[:, None] * self.view
        for layer in self.layers:
            hidden = layer(hidden)
        if self.spec.heads == 1:
            output = hidden @ self.weight[0] + self.bias[0]
        else:
            output = torch.einsum("nhw,hwo->nho", hidden, self.weight) + self.bias
        return output if self.spec.classes else output.squeeze(-1)


class Scale(nn.Module):
    """Columns of numbers brought to one scale, each with a flag of what is missing; (N, a) → (N, a, 2).

    Args:
        spec: Columns, and how they are scaled.
    """

    grid: Tensor
    normal: Tensor
    centre: Tensor
    width: Tensor

    def __init__(self, spec: TableSpec) -> None:
        super().__init__()
        self.quantile = spec.scaling == "quantile"
        self.register_buffer("grid", torch.linspace(-1.0, 1.0, _GRID).repeat(spec.numbers, 1))
        self.register_buffer("normal", torch.zeros(spec.numbers, _GRID))
        self.register_buffer("centre", torch.zeros(spec.numbers))
        self.register_buffer("width", torch.ones(spec.numbers))

    def fit(self, numbers: npt.NDArray[np.float64]) -> None:
        """Learn the scale of each column (N, a) from its values that are there."""
        for place, column in enumerate(numbers.T):
            known = column[np.isfinite(column)]
            if not len(known):
                continue
            self.centre[place] = float(np.median(known))
            low, high = np.quantile(known, [0.25, 0.75])
            self.width[place] = float((high - low) / 1.349 or known.std() or 1.0)
            self._fit_quantiles(place, known)

    def _fit_quantiles(self, place: int, known: npt.NDArray[np.float64]) -> None:
        # Equal quantiles are one value, put at the middle of its share, so that a column of few values is scaled too.
        shares = np.linspace(0.0, 1.0, _GRID)
        values, where = np.unique(np.quantile(known, shares), return_inverse=True)
        middle = np.bincount(where, weights=shares) / np.bincount(where)
        normal = torch.special.ndtri(torch.from_numpy(middle.clip(0.005, 0.995)))
        spread = float(normal.std(correction=0)) if len(values) > 1 else 1.0
        self.grid[place] = torch.from_numpy(np.pad(values, (0, _GRID - len(values)), mode="edge")).float()
        scaled = (normal / max(spread, 0.2)).float()
        self.normal[place] = torch.cat([scaled, scaled[-1:].expand(_GRID - len(values))])

    def forward(self, numbers: Tensor) -> Tensor:
        """Return (N, a, 2) for numbers (N, a)."""
        missing = numbers.isnan()
        scaled = self._by_quantile(numbers) if self.quantile else self._robustly(numbers)
        return torch.stack([scaled.masked_fill(missing, 0.0), missing.to(scaled.dtype)], 2)

    def _robustly(self, numbers: Tensor) -> Tensor:
        scaled = (numbers - self.centre) / self.width
        return scaled / (1.0 + (scaled / _SMOOTH).square()).sqrt()

    def _by_quantile(self, numbers: Tensor) -> Tensor:
        columns = numbers.nan_to_num(0.0).t().contiguous()
        right = torch.searchsorted(self.grid, columns).clamp(1, _GRID - 1)
        below, above = self.grid.gather(1, right - 1), self.grid.gather(1, right)
        low, high = self.normal.gather(1, right - 1), self.normal.gather(1, right)
        share = ((columns - below) / (above - below).clamp_min(1e-30)).clamp(0.0, 1.0)
        return torch.lerp(low, high, share).t()


class Bins(nn.Module):
    """Columns of numbers as how far they fill each of their bins, and a flag of the missing; (N, a) → (N, a, bins + 1).

    Args:
        columns: How many.
        bins: Of each, between quantiles.
    """

    low: Tensor
    width: Tensor
    least: Tensor
    most: Tensor

    def __init__(self, columns: int, bins: int) -> None:
        super().__init__()
        self.bins = bins
        self.register_buffer("low", torch.linspace(0.0, 1.0, bins + 1)[:-1].repeat(columns, 1))
        self.register_buffer("width", torch.full((columns, bins), 1.0 / bins))
        least, most = torch.zeros(bins), torch.ones(bins)
        least[0], most[-1] = -_REACH, 1.0 + _REACH
        self.register_buffer("least", least)
        self.register_buffer("most", most)

    def fit(self, numbers: npt.NDArray[np.float64]) -> None:
        """Learn the bins of each column (N, a) from its values that are there; equal quantiles leave empty bins."""
        for place, column in enumerate(numbers.T):
            known = column[np.isfinite(column)]
            if not len(known):
                continue
            edges = np.unique(np.quantile(known, np.linspace(0.0, 1.0, self.bins + 1)))
            if len(edges) == 1:
                edges = np.array([edges[0], edges[0] + 1.0])
            # Bins there are no values for lie beyond the last, where nothing reaches them.
            spare = self.bins + 1 - len(edges)
            self.low[place] = torch.from_numpy(np.concatenate([edges[:-1], np.full(spare, edges[-1])])).float()
            self.width[place] = torch.from_numpy(np.concatenate([np.diff(edges), np.full(spare, np.inf)])).float()

    def forward(self, numbers: Tensor) -> Tensor:
        """Return (N, a, bins + 1) for numbers (N, a)."""
        missing = numbers.isnan()[:, :, None]
        filled = (numbers.nan_to_num(0.0)[:, :, None] - self.low) / self.width
        filled = torch.minimum(torch.maximum(filled, self.least), self.most)
        return torch.cat([filled.masked_fill(missing, 0.0), missing.to(filled.dtype)], 2)


class EachColumn(nn.Module):
    """A linear layer of its own for each column, then ReLU; (N, a, inputs) → (N, a, size).

    Args:
        columns: How many.
        inputs: Numbers a column.
        size: Numbers it becomes.
    """

    def __init__(self, columns: int, inputs: int, size: int) -> None:
        super().__init__()
        bound = inputs**-0.5
        self.weight = nn.Parameter(torch.empty(columns, inputs, size).uniform_(-bound, bound))
        self.bias = nn.Parameter(torch.empty(columns, size).uniform_(-bound, bound))

    def forward(self, columns: Tensor) -> Tensor:
        """Return (N, a, size) for columns (N, a, inputs)."""
        return (torch.bmm(columns.transpose(0, 1), self.weight).transpose(0, 1) + self.bias).relu()


class Waves(nn.Module):
    """Scaled numbers as sines and cosines of learnt frequencies, each column mixed by itself; (N, a, 2) → (N, a, size).

    Args:
        spec: Columns, waves, and numbers each column becomes.
    """

    def __init__(self, spec: TableSpec) -> None:
        super().__init__()
        self.frequency = nn.Parameter(torch.randn(spec.numbers, spec.bins) * spec.spread)
        self.mixed = EachColumn(spec.numbers, 2 * spec.bins + 1, spec.size)

    def forward(self, columns: Tensor) -> Tensor:
        """Return (N, a, size) for scaled columns (N, a, 2)."""
        angle = 2 * math.pi * self.frequency * columns[:, :, :1]
        mixed: Tensor = self.mixed(torch.cat([angle.cos(), angle.sin(), columns[:, :, 1:]], 2))
        return mixed


def _embedding(values: int, size: int) -> nn.Embedding:
    table = nn.Embedding(values, size)
    nn.init.normal_(table.weight, std=size**-0.5)
    return table


class _Layer(nn.Module):
    def __init__(self, spec: TableSpec, inputs: int) -> None:
        super().__init__()
        self.linear = nn.Linear(inputs, spec.width)
        self.norm: nn.Module = nn.Identity()
        if spec.norm == "batch":
            self.norm = nn.BatchNorm1d(spec.width)
        elif spec.norm == "layer":
            self.norm = nn.LayerNorm(spec.width)
        self.activation = _ACTIVATIONS[spec.activation]()
        self.dropout = nn.Dropout(spec.dropout)
        self.residual = spec.residual and inputs == spec.width

    def forward(self, hidden: Tensor) -> Tensor:
        linear: Tensor = self.linear(hidden)
        normed: Tensor = self.norm(linear.flatten(0, -2)).view_as(linear)
        out: Tensor = self.dropout(self.activation(normed))
        return hidden + out if self.residual else out
