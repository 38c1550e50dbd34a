"""The training rows of one fold, drawn in batches: in memory where they are few, from the memory map where not."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from byeori._util.seeds import seed_of
from byeori.core.data import Arrays
from byeori.learners._batches import IMAGE, Batch, ready, stored
from byeori.nn.augment import Augment

_FEW_STEPS = 16
"""Steps an epoch has at least, if its batches need not be smaller than …"""
_LEAST_BATCH = 16
"""… so many rows."""
_KEEP = 256 << 20
"""Bytes of training rows that one process may copy; more are read from the memory map that all processes share."""


class Rows:
    """Training rows, ready to be drawn.

    Args:
        arrays: Of all rows of the data set.
        rows: The ones to train on.
        device: Where the network lies.
        augment: What is done to images, or None.
        resolution: Share of the side of an image that the network sees; images are shrunk once, before anything else.
    """

    def __init__(
        self,
        arrays: Arrays,
        rows: npt.NDArray[np.int64],
        *,
        device: str,
        augment: Augment | None = None,
        resolution: float = 1.0,
    ) -> None:
        self._arrays = arrays
        self._rows = rows
        self._device = device
        self._augment = augment
        self._resolution = resolution
        self._kept: Batch | None = None
        self.encoded = False
        size = sum(part[:1].nbytes for part in arrays.parts.values()) * len(rows)
        if size <= _KEEP:
            self._kept = {name: part.to(device) for name, part in self._read(rows).items()}

    def __len__(self) -> int:
        return len(self._rows)

    @property
    def encodable(self) -> bool:
        """Whether the rows may be encoded once for all: they lie in memory and nothing is done to them."""
        return self._kept is not None and IMAGE not in self._kept

    def encode(self, fixed: Callable[[Batch], Batch]) -> None:
        """Replace the rows by what the part of a network that learns nothing makes of them, once for all epochs; unless
        that takes too much memory."""
        if self._kept is None:
            return
        with torch.no_grad():
            one = fixed(ready({name: part[:1] for name, part in self._kept.items()}, device=self._device))
            if sum(part.nbytes for part in one.values()) * len(self) <= _KEEP:
                self._kept = fixed(ready(self._kept, device=self._device))
                self.encoded = True

    def batch(self, index: Tensor, generator: torch.Generator) -> Batch:
        """Return a batch as the network takes it, augmented.

        Args:
            index: Positions among the training rows.
            generator: Of the augmentation; on the CPU.
        """
        if self._kept is None:
            return self._changed(self._read(self._rows[index.numpy()]), generator)
        index = index.to(self._device)
        return self._changed({name: part.index_select(0, index) for name, part in self._kept.items()}, generator)

    def _read(self, rows: npt.NDArray[np.int64]) -> Batch:
        batch = stored(self._arrays.take(rows))
        if IMAGE in batch and self._resolution < 1.0:
            batch[IMAGE] = _shrunk(batch[IMAGE], self._resolution)
        return batch

    def _changed(self, batch: Batch, generator: torch.Generator) -> Batch:
        if self._augment is None or IMAGE not in batch:
            return ready(batch, device=self._device)
        images = batch.pop(IMAGE).to(self._device).permute(0, 3, 1, 2)
        out = ready(batch, device=self._device)
        out[IMAGE] = self._augment(images, generator).contiguous(memory_format=torch.channels_last)
        return out


def order(seed: int, fold: int, epoch: int, count: int) -> Tensor:
    """Return the order in which an epoch draws its rows; a resumed training draws as an undisturbed one."""
    generator = torch.Generator().manual_seed(seed_of(seed, "order", fold, epoch))
    return torch.randperm(count, generator=generator)


def steps_per_epoch(count: int, batch_size: int) -> int:
    """Return the steps in which all rows are drawn once, in batches of about the size asked for.

    Of few rows smaller batches are made: a network does not learn from a handful of steps, however good they are.

    Example:
        >>> steps_per_epoch(10_000, 128), steps_per_epoch(600, 128), steps_per_epoch(100, 128)
        (78, 16, 6)
    """
    return max(1, round(count / min(batch_size, max(_LEAST_BATCH, count // _FEW_STEPS))))


def fit_inputs(net: nn.Module, arrays: Arrays, rows: npt.NDArray[np.int64], most: int = 20_000) -> None:
    """Let a network learn how its inputs are scaled, if it wants to (`net.fit_inputs`), from training rows alone.

    Args:
        net: With or without that hook.
        arrays: Of all rows.
        rows: The training rows.
        most: An even sample of so many rows is enough.
    """
    hook = getattr(net, "fit_inputs", None)
    if hook is not None:
        chosen = rows[:: max(1, len(rows) // most)]
        hook(arrays.take(chosen))


def _shrunk(images: Tensor, resolution: float) -> Tensor:
    """Return images (N, H, W, C) uint8 at a share of their side, resized as the network's input would."""
    side = [max(1, round(n * resolution)) for n in images.shape[1:3]]
    small = F.interpolate(images.permute(0, 3, 1, 2).float(), size=side, mode="bilinear", align_corners=False)
    return small.round_().to(torch.uint8).permute(0, 2, 3, 1).contiguous()
