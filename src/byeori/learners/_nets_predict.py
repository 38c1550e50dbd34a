"""Prediction with trained networks: build, load the weights, average over the folds. No training code."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from byeori._util.json import Json, loads
from byeori._util.lazy import resolve
from byeori.core.data import Arrays
from byeori.core.errors import ModelError
from byeori.core.jobs import Member
from byeori.core.schema import CLASSIFICATION, Schema
from byeori.learners._batches import IMAGE, ready, stored
from byeori.learners._folders import average, trained

WEIGHTS = "weights.safetensors"
CARD = "net.json"
NET_FORMAT = 1
BATCH = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """What must be known of a trained network beside its weights; net.json.

    Args:
        shift: Added to a regression net's output after `scale`.
        scale: Multiplies a regression net's output.
        low: Smallest value it may say.
        high: Largest value it may say.
        params: Numbers learnt.
    """

    shift: float = 0.0
    scale: float = 1.0
    low: float = -np.inf
    high: float = np.inf
    params: int = 0

    def to_json(self) -> Json:
        """Return the card as JSON."""
        return {
            "format": NET_FORMAT,
            "shift": self.shift,
            "scale": self.scale,
            "low": _finite(self.low),
            "high": _finite(self.high),
            "params": self.params,
        }

    @staticmethod
    def from_json(data: Json) -> Card:
        """Read what `to_json` wrote.

        Raises:
            ModelError: It is of a newer format.
        """
        if data["format"] > NET_FORMAT:
            raise ModelError(f"A {CARD} of format {data['format']} needs a newer Byeori (this one reads {NET_FORMAT}).")
        return Card(
            shift=data["shift"],
            scale=data["scale"],
            low=-np.inf if data["low"] is None else data["low"],
            high=np.inf if data["high"] is None else data["high"],
            params=data["params"],
        )


class NetPredictor:
    """The mean of one network a fold.

    Args:
        nets: Networks in evaluation mode, with their cards.
        task: `classification` or `regression`.
    """

    def __init__(self, nets: list[tuple[nn.Module, Card]], task: str) -> None:
        self._nets = nets
        self._task = task

    def predict(self, batch: Arrays) -> npt.NDArray[np.float32]:
        """Return probabilities (N, classes) or values (N,); always computed in fp32."""
        return average([predict_net(net, card, batch, self._task) for net, card in self._nets])

    @property
    def modules(self) -> list[nn.Module]:
        """The networks, one a fold; for explanations and export."""
        return [net for net, _ in self._nets]

    @property
    def cards(self) -> list[Card]:
        """What must be known of each network beside its weights."""
        return [card for _, card in self._nets]


def load_nets(member: Member, schema: Schema) -> NetPredictor:
    """Load what training left in a folder.

    Raises:
        ModelError: Nothing was trained there, or it does not fit the genome.
    """
    return NetPredictor([_load(folder, member, schema) for folder in trained(member.folder, CARD)], schema.task)


def build(family: str, genome: Json, schema: Schema) -> nn.Module:
    """Return a network of a family; one for images is laid out channels last.

    Args:
        family: Dotted path of the family.
        genome: `{"architecture": …, "recipe": …}`.
        schema: With the stored shapes.
    """
    module: nn.Module = resolve(family).build(genome, schema)
    if any(column.kind == IMAGE for column in schema.inputs):
        module = module.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return module


def predict_net(net: nn.Module, card: Card, arrays: Arrays, task: str, device: str = "cpu") -> npt.NDArray[np.float32]:
    """Return one network's probabilities (N, classes) or values (N,), computed in fp32.

    Args:
        net: In evaluation mode.
        card: Its card.
        arrays: The rows, in memory or memory-mapped.
        task: `classification` or `regression`.
        device: Where the network lies.
    """
    parts = []
    with torch.inference_mode():
        for start in range(0, len(arrays), BATCH):
            rows = Arrays({name: part[start : start + BATCH] for name, part in arrays.parts.items()})
            logits = net(ready(stored(rows), device=device))
            parts.append(answers(logits, card, task).cpu().numpy())
    if not parts:
        return np.zeros(0, dtype=np.float32)
    return np.concatenate(parts)


def answers(logits: Tensor, card: Card, task: str) -> Tensor:
    """Return what logits (N, classes) or outputs (N,) say: probabilities, or values in the target's unit."""
    if task == CLASSIFICATION:
        return logits.float().softmax(dim=1)
    return (logits.float() * card.scale + card.shift).clamp(card.low, card.high)


def latency_ms(net: nn.Module, arrays: Arrays, *, seconds: float = 0.4) -> float:
    """Return the median milliseconds of one item's prediction.

    Args:
        net: In evaluation mode, on the CPU.
        arrays: At least one row.
        seconds: Fewer than 20 measurements are made where these do not suffice.
    """
    one = stored(Arrays({name: part[:1] for name, part in arrays.parts.items()}))
    times: list[float] = []
    begun = time.perf_counter()
    with torch.inference_mode():
        for _ in range(2):
            net(ready(one))
        while len(times) < 20 and (len(times) < 3 or time.perf_counter() - begun < seconds):
            start = time.perf_counter()
            net(ready(one))
            times.append(time.perf_counter() - start)
    return float(np.median(times)) * 1e3


def _load(folder: Path, member: Member, schema: Schema) -> tuple[nn.Module, Card]:
    try:
        card = Card.from_json(loads((folder / CARD).read_bytes()))
        weights: Mapping[str, Any] = load_file(folder / WEIGHTS)
    except (OSError, ValueError, KeyError, SafetensorError) as error:
        raise ModelError(f"The network in {folder} cannot be read ({error}): copy the model again.") from None
    net = build(member.family, member.genome, schema)
    try:
        net.load_state_dict(weights)
    except RuntimeError:
        raise ModelError(f"The weights in {folder} do not fit their genome: copy the model again.") from None
    return net.eval(), card


def _finite(value: float) -> float | None:
    return value if np.isfinite(value) else None
