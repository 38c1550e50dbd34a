"""What a training writes: kept weights, and the checkpoint it goes on from. Safetensors and JSON, each file whole."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save
from torch import Tensor, nn

from byeori._util.files import write_whole
from byeori._util.json import dumps, loads, pretty
from byeori.core.errors import ModelError
from byeori.learners._folders import fold_folder, trained
from byeori.learners._nets_predict import CARD, WEIGHTS, Card
from byeori.learners._nets_step import Stepper

CHECKPOINT = "checkpoint.safetensors"
DONE = "checkpoint-done"


@dataclass(slots=True)
class Marks:
    """How far a training is and what it remembers of its way; plain numbers, kept in the checkpoint.

    Args:
        key: Hash of what is trained on what; another one is never gone on from.
        step: Steps done.
        progress: 0 to 1.
        best: The kept model's figures, better first: (sign · value, -loss).
        best_progress: Where it was reached.
        highest: Best metric seen, with the sign that makes more better.
        lowest: Lowest validation loss seen.
        moved: Progress at which one of the two last became better.
        perfect: Looks in a row at which the metric was perfect.
    """

    key: str
    step: int = 0
    progress: float = 0.0
    best: tuple[float, float] | None = None
    best_progress: float = 0.0
    highest: float | None = None
    lowest: float | None = None
    moved: float = 0.0
    perfect: int = 0


class Dice:
    """The one source of chance that a network draws from while it trains (dropout), held apart from the caller's.

    Args:
        seed: Of the training.
    """

    def __init__(self, seed: int) -> None:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.state = torch.get_rng_state()

    @contextmanager
    def rolling(self) -> Iterator[None]:
        """Let torch draw from these dice for a while, and give the caller's back."""
        before = torch.get_rng_state()
        torch.set_rng_state(self.state)
        try:
            yield
        finally:
            self.state = torch.get_rng_state()
            torch.set_rng_state(before)


def weights_of(net: nn.Module) -> dict[str, Tensor]:
    """Return a copy of all weights and buffers on the CPU, plain in memory."""
    return {name: tensor.detach().to("cpu", copy=True).contiguous() for name, tensor in net.state_dict().items()}


def save_weights(folder: Path, weights: Mapping[str, Tensor], card: Card) -> None:
    """Write a model: its weights, then its card; a folder with a card is whole."""
    folder.mkdir(parents=True, exist_ok=True)
    write_whole(folder / WEIGHTS, save(dict(weights)), durable=False)
    write_whole(folder / CARD, pretty(card.to_json()), durable=False)


def save_checkpoint(folder: Path, stepper: Stepper, dice: Dice, marks: Marks) -> None:
    """Write all that is needed to go on as if nothing had happened."""
    folder.mkdir(parents=True, exist_ok=True)
    tensors = {f"net.{name}": tensor for name, tensor in weights_of(stepper.net).items()}
    if stepper.shadow is not None:
        tensors |= {f"shadow.{name}": tensor for name, tensor in weights_of(stepper.shadow).items()}
    for name, tensor in stepper.optimiser.state().items():
        tensors[f"optimiser.{name}"] = tensor.to("cpu", copy=True).contiguous()
    tensors["dice"] = dice.state
    tensors["generator"] = stepper.generator.get_state()
    metadata = {"marks": dumps(asdict(marks)).decode()}
    write_whole(folder / CHECKPOINT, save(tensors, metadata), durable=False)


def go_on(folder: Path, stepper: Stepper, dice: Dice, key: str) -> Marks | None:
    """Take a checkpoint back; None where there is none that fits.

    Args:
        folder: Of the fold.
        stepper: Newly made; brought to where the checkpoint stands.
        dice: Likewise.
        key: What is trained on what.
    """
    path = folder / CHECKPOINT
    if not path.is_file():
        return None
    try:
        with safe_open(path, framework="pt") as file:
            marks = Marks(**loads((file.metadata() or {})["marks"]))
            if marks.key != key:
                return None
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (OSError, SafetensorError, KeyError, TypeError, ValueError):
        return None
    stepper.net.load_state_dict(_part(tensors, "net."))
    if stepper.shadow is not None:
        stepper.shadow.load_state_dict(_part(tensors, "shadow."))
    stepper.optimiser.restore(_part(tensors, "optimiser."))
    stepper.generator.set_state(tensors["generator"])
    dice.state = tensors["dice"]
    marks.best = None if marks.best is None else (marks.best[0], marks.best[1])
    return marks


def inherit(net: nn.Module, donor: Path, fold: int | None) -> int:
    """Copy into a network what a trained one has under the same name and in the same shape.

    Args:
        net: The heir.
        donor: Folder of the trained trial.
        fold: Its model of the same fold is taken, else its refit or first.

    Returns:
        How many tensors were inherited; 0 where the donor has left nothing.
    """
    folder = fold_folder(donor, fold)
    try:
        if not (folder / WEIGHTS).is_file():
            folder = trained(donor, CARD)[0]
        given = load_file(folder / WEIGHTS)
    except (OSError, SafetensorError, ModelError):
        return 0
    own = net.state_dict()
    fitting = {name: tensor for name, tensor in given.items() if name in own and own[name].shape == tensor.shape}
    net.load_state_dict(fitting, strict=False)
    return len(fitting)


def _part(tensors: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}
