"""How a network is trained, read from its genome once and checked: the answers of `families/recipe.py` as a record."""

from __future__ import annotations

from dataclasses import dataclass

from byeori._util.json import Json

OPTIMISERS = ("adamw", "sgd")
CLASS_WEIGHTS = ("none", "balanced", "sqrt")


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """A training recipe.

    Args:
        optimiser: `adamw` or `sgd`.
        learning_rate: At the top of the schedule.
        weight_decay: On weights, never on biases and norms.
        batch_size: Rows a step, about.
        epochs: Of a whole training.
        warmup: Share of the training in which the rate rises.
        label_smoothing: Share of the truth that is spread over all classes.
        ema: Decay a step of the running mean of the weights, or None.
        mix: `none`, `mixup` or `cutmix`.
        alpha: Of the mix.
        resolution: Share of the side of an image that the network sees.
        class_weights: `none`, `balanced` or `sqrt`.

    Example:
        >>> Recipe.of({"optimizer": {"sgd": {"learning_rate": 0.1, "weight_decay": 0.0}}, "epochs": 3}).optimiser
        'sgd'
    """

    optimiser: str = "adamw"
    learning_rate: float = 1e-3
    weight_decay: float = 0.01
    batch_size: int = 128
    epochs: int = 20
    warmup: float = 0.05
    label_smoothing: float = 0.0
    ema: float | None = None
    mix: str = "none"
    alpha: float = 1.0
    resolution: float = 1.0
    class_weights: str = "none"

    def __post_init__(self) -> None:
        if self.optimiser not in OPTIMISERS or self.class_weights not in CLASS_WEIGHTS:
            raise ValueError(
                f"A recipe's optimiser is one of {OPTIMISERS}, its class weights one of {CLASS_WEIGHTS}; got {self}."
            )
        if self.batch_size < 1 or self.epochs < 1 or self.learning_rate <= 0.0:
            raise ValueError(f"A recipe has a batch of 1 or more, an epoch or more and a positive rate; got {self}.")

    @staticmethod
    def of(answers: Json) -> Recipe:
        """Return the recipe of a genome's `recipe` part; a question that was not asked keeps its value here."""
        known = {name: answers[name] for name in _PLAIN if name in answers}
        if "optimizer" in answers:
            ((known["optimiser"], rates),) = answers["optimizer"].items()
            known |= {name: float(rates[name]) for name in ("learning_rate", "weight_decay")}
        if answers.get("ema", "none") != "none":
            known["ema"] = float(answers["ema"])
        if "mix" in answers:
            ((known["mix"], how),) = answers["mix"].items()
            known["alpha"] = float(how.get("alpha", 1.0))
        return Recipe(**known)


_PLAIN = ("batch_size", "epochs", "warmup", "label_smoothing", "resolution", "class_weights")
