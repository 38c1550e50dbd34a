"""How to train, as questions: one recipe for image networks, one for networks on tables; every torch family asks them.

The learner reads the answers; a family reads `dropout` (and, for images, `resolution`) when it builds.

    optimizer        {"adamw": {learning_rate, weight_decay}} or {"sgd": {…}} (Nesterov momentum 0.9)
    warmup           share of the training in which the rate rises to `learning_rate`; then it falls along a cosine
    ema              "none", or the decay a step of the running mean of the weights that is the model
    mix, augment     {"none": {}} or one branch with its answers; `byeori.nn.augment` reads them
    class_weights    "none", "balanced" (1 / share of the class), "sqrt" (its square root)
"""

from __future__ import annotations

from byeori.core.errors import SpaceError
from byeori.core.schema import CLASSIFICATION, Schema
from byeori.core.space import Categorical, Float, Int, OneOf, Record, Space
from byeori.families._weights import class_weights

SMALLEST_SIDE = 8
"""Pixels: no image network is asked to see less."""


def image_shape(schema: Schema) -> tuple[int, int, int]:
    """Return height, width and channels of the images of a data set.

    Raises:
        SpaceError: There is no image among the inputs, or it is smaller than 8×8.
    """
    shapes = [column.shape for column in schema.inputs if column.kind == "image"]
    if len(shapes) != 1 or len(shapes[0]) != 3:
        raise SpaceError(f"An image family needs one input image (height, width, channels); got shapes {shapes}.")
    height, width, channels = shapes[0]
    if min(height, width) < SMALLEST_SIDE:
        raise SpaceError(f"Images of {height}×{width} are too small: the working size is 8×8 or more.")
    return height, width, channels


def image_recipe(schema: Schema) -> Space:
    """Return the questions about training an image network.

    Written digits must not be mirrored and photographs may: `flip` starts as True for colour images alone.
    """
    height, width, channels = image_shape(schema)
    questions: dict[str, Space] = {
        "optimizer": OneOf(
            {"adamw": _optimizer(3e-4, 1e-2, 3e-3, decay=0.05), "sgd": _optimizer(0.02, 0.5, 0.1, 5e-4)}
        ),
        "batch_size": Categorical((32, 64, 128, 256), default=64),
        "epochs": Int(5, 60, log=True, default=30),
        "warmup": Float(0.0, 0.2, default=0.1),
        "dropout": Float(0.0, 0.5, default=0.0),
        "ema": Categorical(("none", 0.99, 0.995, 0.998), default=0.99),
        "mix": OneOf(
            {
                "none": Record({}),
                "mixup": Record({"alpha": Float(0.1, 1.0, default=0.2)}),
                "cutmix": Record({"alpha": Float(0.1, 1.0, default=1.0)}),
            }
        ),
        "augment": OneOf(
            {
                "none": Record({}),
                "shift": Record({"fraction": Float(0.03, 0.2, log=True, default=0.12)}),
                "light": Record({"strength": Float(0.2, 2.0, log=True, default=1.0)}),
                "trivial": Record({"strength": Float(0.2, 1.0, log=True, default=0.6)}),
            },
            default="light",
        ),
        "flip": Categorical((False, True), default=channels == 3),
        "cutout": Float(0.0, 0.5, default=0.0),
        "resolution": Categorical(tuple(r for r in (1.0, 0.75, 0.5) if min(height, width) * r >= SMALLEST_SIDE)),
    }
    return Record({**questions, **_classes(schema)})


def table_recipe(schema: Schema) -> Space:
    """Return the questions about training a network on tables."""
    questions: dict[str, Space] = {
        "optimizer": OneOf({"adamw": _optimizer(3e-4, 1e-2, 2e-3, decay=0.01)}),
        "batch_size": Categorical((64, 128, 256, 512, 1024), default=256),
        "epochs": Int(10, 200, log=True, default=60),
        "warmup": Float(0.0, 0.2, default=0.05),
        "dropout": Float(0.0, 0.5, default=0.1),
        "ema": Categorical(("none", 0.99, 0.995, 0.998), default="none"),
    }
    return Record({**questions, **_classes(schema)})


def _optimizer(low: float, high: float, rate: float, decay: float) -> Space:
    return Record(
        {
            "learning_rate": Float(low, high, log=True, default=rate),
            "weight_decay": Float(decay / 50, decay * 10, log=True, default=decay),
        }
    )


def _classes(schema: Schema) -> dict[str, Space]:
    if schema.task != CLASSIFICATION:
        return {}
    return {
        "label_smoothing": Float(0.0, 0.2, default=0.05),
        "class_weights": class_weights(schema),
    }
