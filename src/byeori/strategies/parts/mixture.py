"""A density over genomes: a kernel around each genome it was made from, over all its questions at once, and the prior.

A kernel is a way of drawing: walk the space and answer near what the centre answered; where the centre was not asked,
answer by chance. So every kernel is a probability over the whole space, whatever its branches and lengths, and
its logarithm is linear in a feature row: a mixture is scored for thousands of genomes by one matrix product.
"""

from __future__ import annotations

from typing import Final, final

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr, ndtri

from byeori.strategies.parts.slots import ANSWERS, ORDER, RANGE, Floats, Slots

_TINY: Final = 1e-300


@final
class Features:
    """Where each slot lies in a feature row: a one for the option taken, or (1, x, x²) of a range.

    Args:
        slots: Of the space.
    """

    def __init__(self, slots: Slots) -> None:
        self.slots = slots
        kinds: dict[str, list[int]] = {ANSWERS: [], ORDER: [], RANGE: []}
        for i, slot in enumerate(slots.slots):
            kinds[slot.kind].append(i)
        self.ranges = np.array(kinds[RANGE], dtype=np.intp)
        self.orders = np.array(kinds[ORDER], dtype=np.intp)
        self.near = np.array(sorted(kinds[ORDER] + kinds[RANGE]), dtype=np.intp)
        owner: list[int] = []
        option: list[int] = []
        prior: list[float] = []
        low: list[float] = []
        high: list[float] = []
        self.first = np.full(len(slots), -1, dtype=np.intp)
        for kind in (ANSWERS, ORDER):
            for i in kinds[kind]:
                slot = slots.slots[i]
                self.first[i] = len(owner)
                owner += [i] * len(slot.options)
                option += range(len(slot.options))
                prior += slot.prior
                low += slot.edges[:-1] or (0.0,) * len(slot.options)
                high += slot.edges[1:] or (0.0,) * len(slot.options)
            if kind == ANSWERS:
                self.unordered = len(owner)
        self.owner = np.array(owner, dtype=np.intp)
        self.option = np.array(option, dtype=np.float64)
        self.prior = np.array(prior, dtype=np.float64)
        self.low = np.array(low, dtype=np.float64)
        self.high = np.array(high, dtype=np.float64)
        self.middle = (self.low + self.high) / 2
        self.width = len(owner)

    def of(self, rows: Floats) -> Floats:
        """Return feature rows (n, features) of rows (n, slots)."""
        out = np.zeros((len(rows), self.width + 3 * len(self.ranges)))
        out[:, : self.width] = rows[:, self.owner] == self.option
        if len(self.ranges):
            x = rows[:, self.ranges]
            here = ~np.isnan(x)
            x = np.where(here, x, 0.0)
            out[:, self.width :: 3] = here
            out[:, self.width + 1 :: 3] = x
            out[:, self.width + 2 :: 3] = x * x
        return out

    def places(self, rows: Floats) -> Floats:
        """Return where in 0 to 1 the answers of ordered questions and ranges lie, the other columns NaN."""
        out = np.full_like(rows, np.nan)
        out[:, self.ranges] = rows[:, self.ranges]
        for i in self.orders:
            column = rows[:, i]
            here = ~np.isnan(column)
            out[here, i] = self.middle[self.first[i] + column[here].astype(np.intp)]
        return out


@final
class Mixture:
    """The density of some genomes.

    Args:
        features: Of the space.
        rows: The genomes (n, slots), as `Slots.row` gives them.
        weights: How much each kernel counts; the prior counts 1.
    """

    def __init__(self, features: Features, rows: Floats, weights: Floats) -> None:
        self._features = features
        self._rows = rows
        self._count = len(rows)
        self._blur = 1.0 / (self._count + 1.0)
        self._places = features.places(rows)
        self._spread = _spread(self._places, 1.0 / min(100.0, 2.0 + self._count))
        self._kernels, self._tables = self._made()
        self._logs = np.log(np.append(weights, 1.0) / (weights.sum() + 1.0))
        self._shares = np.cumsum(np.append(weights, 1.0) / (weights.sum() + 1.0))

    def log_density(self, features: Floats) -> Floats:
        """Return the logarithm of the density (n,) at feature rows (n, features)."""
        parts = features @ self._kernels.T + self._logs
        top = parts.max(axis=1)
        return np.asarray(np.log(np.exp(parts - top[:, None]).sum(axis=1)) + top)

    def draw(self, count: int, rng: np.random.Generator) -> tuple[npt.NDArray[np.intp], Floats]:
        """Draw genomes: the kernel (count,) each is from, as many as there are genomes standing for the prior, and
        their rows (count, slots)."""
        f = self._features
        kernels = np.minimum(np.searchsorted(self._shares, rng.random(count), side="right"), self._count)
        rows = np.empty((count, len(f.slots)))
        dice = rng.random(rows.shape)
        for i, slot in enumerate(f.slots.slots):
            if slot.kind != RANGE:
                first, options = f.first[i], len(slot.options)
                sums = np.cumsum(self._tables[:, first : first + options - 1], axis=1)
                rows[:, i] = (dice[:, i, None] >= sums[kernels]).sum(axis=1)
        if len(f.ranges):
            places = np.append(self._places, np.full((1, len(f.slots)), np.nan), axis=0)[kernels][:, f.ranges]
            spread = np.append(self._spread, np.ones((1, len(f.slots))), axis=0)[kernels][:, f.ranges]
            u = dice[:, f.ranges]
            low, high = ndtr(-places / spread), ndtr((1.0 - places) / spread)
            near = places + spread * ndtri(low + u * (high - low))
            rows[:, f.ranges] = np.where(np.isnan(near), u, np.clip(near, 0.0, 1.0))
        f.slots.blank(rows)
        return kernels, rows

    def _made(self) -> tuple[Floats, Floats]:
        f = self._features
        tables = np.tile(f.prior, (self._count + 1, 1))
        centre = self._rows[:, f.owner]
        here = ~np.isnan(centre)
        n = f.unordered
        counts = np.diff(np.flatnonzero(np.diff(f.owner, prepend=-1, append=-1)))
        options = np.repeat(counts, counts)[:n].astype(np.float64) if len(f.owner) else np.zeros(0)
        hit = centre[:, :n] == f.option[:n]
        blurred = (hit + self._blur * options * f.prior[:n]) / (1.0 + self._blur * options)
        tables[:-1, :n] = np.where(here[:, :n], blurred, f.prior[:n])
        if f.width > n:
            own = f.owner[n:]
            with np.errstate(invalid="ignore"):
                middle, spread = self._places[:, own], self._spread[:, own]
                mass = ndtr((f.high[n:] - middle) / spread) - ndtr((f.low[n:] - middle) / spread)
                mass /= ndtr((1.0 - middle) / spread) - ndtr(-middle / spread)
            tables[:-1, n:] = np.where(here[:, n:], mass, f.prior[n:])
        kernels = np.zeros((self._count + 1, f.width + 3 * len(f.ranges)))
        kernels[:, : f.width] = np.log(np.maximum(tables, _TINY))
        if len(f.ranges):
            with np.errstate(invalid="ignore"):
                middle, spread = self._places[:, f.ranges], self._spread[:, f.ranges]
                whole = ndtr((1.0 - middle) / spread) - ndtr(-middle / spread)
                half = 0.5 / (spread * spread)
                level = -np.log(spread * whole) - 0.5 * np.log(2 * np.pi) - middle * middle * half
            for k, part in enumerate((level, 2 * middle * half, -half)):
                kernels[:-1, f.width + k :: 3] = np.nan_to_num(part, nan=0.0)
        return kernels, tables


def _spread(places: Floats, least: float) -> Floats:
    """Return how wide each kernel is in each column: the larger of the gaps to its neighbours, ends not counted."""
    count = len(places)
    order = np.argsort(places, axis=0)  # NaN last
    ranked = np.take_along_axis(places, order, axis=0)
    below = np.diff(ranked, axis=0, prepend=np.nan)
    above = np.diff(ranked, axis=0, append=np.nan)
    with np.errstate(invalid="ignore"):
        gap = np.fmax(below, above)
    if count:
        # one alone has the bounds for neighbours
        alone = np.isnan(gap) & ~np.isnan(ranked)
        gap = np.where(alone, np.maximum(ranked, 1.0 - ranked), gap)
    out = np.empty_like(places)
    np.put_along_axis(out, order, gap, axis=0)
    return np.clip(out, least, 1.0)
