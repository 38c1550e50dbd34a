"""One step of training: batch, loss, gradient, change; and the sums it leaves for the learning curve."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from byeori.core.errors import Diverged
from byeori.core.schema import CLASSIFICATION, Schema
from byeori.learners._batches import IMAGE, Batch
from byeori.learners._folds import class_weights, spread
from byeori.learners._nets_predict import Card
from byeori.learners._nets_rows import Rows
from byeori.learners._optim import Average, Optimiser
from byeori.learners.recipe import Recipe
from byeori.nn.augment import mix

_CLIP = 5.0
_LOOK = 16
"""Steps between two looks at the loss where a look makes an accelerator wait."""
_HUBER = 0.1
"""Where the absolute error becomes a square, in standard deviations of the target."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Aim:
    """What a network is trained towards.

    Args:
        target: (N,) of the training rows: labels, or standardised values.
        weights: (classes,), or None.
        card: How outputs become answers.
        schema: The task.
    """

    target: Tensor
    weights: Tensor | None
    card: Card
    schema: Schema

    @staticmethod
    def of(schema: Schema, target: npt.NDArray[np.generic], recipe: Recipe, params: int, device: str) -> Aim:
        """Return the aim for the targets of the training rows."""
        if schema.task == CLASSIFICATION:
            labels = torch.from_numpy(target.astype(np.int64)).to(device)
            weights = None
            if recipe.class_weights != "none":
                found = class_weights(recipe.class_weights, target, schema.outputs)
                weights = torch.from_numpy(found.astype(np.float32)).to(device)
            return Aim(target=labels, weights=weights, card=Card(params=params), schema=schema)
        values = target.astype(np.float64)
        shift, scale = float(values.mean()), float(values.std()) or 1.0
        low, high = spread(values)
        scaled = torch.from_numpy(((values - shift) / scale).astype(np.float32)).to(device)
        card = Card(shift=shift, scale=scale, low=low, high=high, params=params)
        return Aim(target=scaled, weights=None, card=card, schema=schema)


class Stepper:
    """Trains a network one batch at a time.

    Args:
        net: In training mode, on its device.
        rows: The training rows.
        aim: Their targets.
        recipe: How.
        device: `cpu` or `cuda:0`.
        bf16: Compute under bf16 autocast; weights stay fp32.
        generator: Of augmentation and mixing, on the CPU.
    """

    def __init__(
        self,
        net: nn.Module,
        rows: Rows,
        aim: Aim,
        *,
        recipe: Recipe,
        device: str,
        bf16: bool,
        generator: torch.Generator,
    ) -> None:
        self.net = net
        self.generator = generator
        self.optimiser = Optimiser(net, kind=recipe.optimiser, weight_decay=recipe.weight_decay, clip=_CLIP)
        self.shadow = copy.deepcopy(net).eval() if recipe.ema is not None else None
        self._average = None if self.shadow is None else Average(net, self.shadow, recipe.ema or 0.0)
        self._rows = rows
        self._aim = aim
        self._recipe = recipe
        self._device = device
        self._bf16 = bf16
        self._forward = _forward(net, encoded=rows.encoded)
        self._classes = aim.schema.task == CLASSIFICATION
        self._sums = torch.zeros(3, device=device)
        self._since_look = 0

    def step(self, index: Tensor, rate: float, done: int) -> None:
        """Train on one batch.

        Args:
            index: Positions among the training rows.
            rate: Share of the full learning rate.
            done: Steps done with this one.

        Raises:
            Diverged: The loss is no number.
        """
        batch = self._rows.batch(index, self.generator)
        target = self._aim.target[index.to(self._device)]
        if self._recipe.mix != "none" and IMAGE in batch:
            truth = F.one_hot(target, self._aim.schema.outputs).float() if self._classes else target
            batch[IMAGE], truth = mix(batch[IMAGE], truth, self._recipe.mix, self._recipe.alpha, self.generator)
        else:
            truth = target
        with torch.autocast(self._device.partition(":")[0], dtype=torch.bfloat16, enabled=self._bf16):
            output = self._forward(batch)
        output = output.float()
        loss = self._loss(output, truth)
        self._note(loss.detach(), output.detach(), target)
        loss.backward()  # type: ignore[no-untyped-call]
        self.optimiser.step(self._recipe.learning_rate * rate)
        if self._average is not None:
            self._average.step(done)

    @property
    def card(self) -> Card:
        """What must be known of the network beside its weights."""
        return self._aim.card

    def judged(self) -> nn.Module:
        """Return the network that is to be evaluated and kept, in evaluation mode."""
        if self._average is not None and self.shadow is not None:
            self._average.settle()
            return self.shadow
        return self.net.eval()

    def read(self) -> dict[str, float]:
        """Return the figures of the training batches since the last reading.

        Raises:
            Diverged: The loss is no number.
        """
        loss, right, count = self._sums.tolist()
        self._sums.zero_()
        if not math.isfinite(loss):
            raise _diverged()
        if not count:
            return {}
        if not self._classes:
            # In the target's unit, as the validation rows are judged.
            return {"loss": right / count * self._aim.card.scale**2}
        found = {"loss": loss / count}
        if self._recipe.mix == "none":
            found["accuracy"] = right / count
        return found

    def _loss(self, output: Tensor, truth: Tensor) -> Tensor:
        """Return the mean loss; a network with several heads (N, heads, …) is judged head by head."""
        heads = output.ndim - (2 if self._classes else 1)
        if heads:
            truth = truth.repeat_interleave(output.shape[1], 0)
            output = output.flatten(0, 1)
        if self._classes:
            smooth = self._recipe.label_smoothing
            return F.cross_entropy(output, truth, weight=self._aim.weights, label_smoothing=smooth)
        if self._aim.schema.metric == "mae":
            return F.smooth_l1_loss(output, truth, beta=_HUBER)
        return F.mse_loss(output, truth)

    def _note(self, loss: Tensor, output: Tensor, target: Tensor) -> None:
        count = len(target)
        self._sums[0] += loss * count
        self._sums[2] += count
        if not self._classes:
            said = output if output.ndim == 1 else output.mean(1)
            self._sums[1] += ((said - target) ** 2).sum()
        elif self._recipe.mix == "none":
            said = output if output.ndim == 2 else output.mean(1)
            self._sums[1] += (said.argmax(1) == target).sum()
        self._since_look += 1
        # Reading a number on the CPU costs nothing; on an accelerator it waits for all that is queued.
        if self._device == "cpu" or self._since_look >= _LOOK:
            self._since_look = 0
            if not math.isfinite(float(loss)):
                raise _diverged()


def _forward(net: nn.Module, *, encoded: bool) -> Callable[[Batch], Tensor]:
    """Return what gives the answers that are judged: of each head, where a network has several."""
    if not hasattr(net, "learnt"):
        return net
    learnt: Callable[[Batch], Tensor] = getattr(net, "learnt")  # noqa: B009  (a hook some networks have)
    fixed: Callable[[Batch], Batch] = getattr(net, "fixed")  # noqa: B009
    return learnt if encoded else lambda batch: learnt(fixed(batch))


def _diverged() -> Diverged:
    return Diverged("The loss is no longer a number: the learning rate is too high for this network.")
