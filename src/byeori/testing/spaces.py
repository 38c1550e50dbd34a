"""Spaces for tests and benchmarks, from ten flat questions to the shape of a network."""

from __future__ import annotations

from byeori._util.json import Json
from byeori.core.space import Categorical, Checked, Float, Int, OneOf, Record, Repeat, Space


def flat_space() -> Record:
    """Return ten questions side by side: what a hand-made search over a recipe looks like."""
    return Record(
        {
            "optimizer": Categorical(["adamw", "sgd", "lion"]),
            "rate": Float(1e-4, 1e-1, log=True),
            "decay": Float(0.0, 0.1),
            "batch": Categorical([32, 64, 128, 256], default=64),
            "epochs": Int(5, 60, log=True),
            "width": Int(16, 256, step=16),
            "depth": Int(1, 8),
            "dropout": Float(0.0, 0.5, default=0.0),
            "activation": Categorical(["relu", "gelu", "silu"], weights=[2, 1, 1]),
            "norm": Categorical(["batch", "layer", None]),
        }
    )


def network_space() -> Record:
    """Return a network and its recipe: blocks of several kinds repeated, about 46 questions answered in a genome."""
    norm = Categorical(["batch", "group", None])
    act = Categorical(["relu", "gelu", "silu"])
    filters = Int(8, 256, log=True, step=8)
    conv = Record({"filters": filters, "kernel": Categorical([3, 5, 7]), "stride": Int(1, 2), "norm": norm, "act": act})
    residual = Record(
        {"filters": filters, "ratio": Float(0.25, 1.0), "squeeze": Categorical([False, True]), "act": act}
    )
    pool = Record({"kind": Categorical(["max", "mean"]), "size": Int(2, 3)})
    block = OneOf({"conv": conv, "residual": residual, "pool": pool}, weights={"pool": 0.5})
    return Record(
        {
            "architecture": Record(
                {
                    "stem": Record({"filters": filters, "kernel": Categorical([3, 5]), "norm": norm}),
                    "blocks": Repeat(block, 2, 8, default=4),
                    "head": Repeat(Record({"units": Int(16, 512, log=True), "dropout": Float(0.0, 0.5)}), 0, 2),
                    "pooling": Categorical(["mean", "max"]),
                }
            ),
            "recipe": Record(
                {
                    "optimizer": OneOf(
                        {
                            "adamw": Record({"rate": Float(1e-4, 1e-2, log=True), "decay": Float(0.0, 0.1)}),
                            "sgd": Record({"rate": Float(1e-3, 1.0, log=True), "momentum": Float(0.8, 0.99)}),
                        }
                    ),
                    "batch": Categorical([32, 64, 128, 256]),
                    "epochs": Int(5, 60, log=True),
                    "warmup": Float(0.0, 0.2),
                    "smoothing": Float(0.0, 0.2),
                    "ema": Categorical([None, 0.99, 0.998]),
                    "mix": OneOf(
                        {
                            "none": Record({}),
                            "mixup": Record({"alpha": Float(0.1, 1.0)}),
                            "cutmix": Record({"alpha": Float(0.1, 1.0)}),
                        }
                    ),
                    "clip": Float(0.1, 10.0, log=True),
                    "flip": Categorical([False, True]),
                }
            ),
        }
    )


def checked_space() -> Checked:
    """Return the questions of a small network of which half the answers are too large."""

    def problem(genome: Json) -> str | None:
        size = genome["width"] * len(genome["blocks"])
        return f"{size} units are more than the 150 allowed" if size > 150 else None

    blocks = Repeat(Categorical(["conv", "pool", "skip"]), 1, 6, default=2)
    return Checked(Record({"width": Int(8, 64, step=8), "blocks": blocks}), problem)


def baseline_space() -> OneOf:
    """Return families of which one is a baseline: weight 0, allowed in a genome and never proposed."""
    net = Record({"width": Int(1, 64), "skip": OneOf({"off": Record({}), "on": Record({"gain": Float(0.1, 2.0)})})})
    trees = Record({"leaves": Int(2, 512, log=True), "rate": Float(0.01, 0.3, log=True)})
    return OneOf({"majority": Record({}), "net": net, "trees": trees}, weights={"majority": 0})


def small_space() -> Record:
    """Return a space of twelve genomes."""
    return Record(
        {"edge": Categorical(["none", "skip", "conv"]), "depth": Int(1, 2), "wide": Categorical([False, True])}
    )


def single_space() -> Record:
    """Return a space of one genome."""
    return Record({"only": Categorical(["this"]), "same": Int(3, 3)})


def conformance_spaces() -> dict[str, Space]:
    """Return every shape a strategy must cope with, by name."""
    return {
        "flat": flat_space(),
        "network": network_space(),
        "checked": checked_space(),
        "baseline": baseline_space(),
        "small": small_space(),
        "single": single_space(),
    }
