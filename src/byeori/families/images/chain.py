"""Plain convolutional networks: layers one after another, as many and of such kinds as evolution finds (MENNDL).

Source: Young et al. 2015 and 2017 (https://doi.org/10.1145/2834892.2834896, https://doi.org/10.1145/3146347.3146355).
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from byeori._util.json import Json
from byeori._util.lazy import lazy
from byeori.core.schema import Schema
from byeori.core.space import Categorical, OneOf, Record, Repeat, Space
from byeori.families.images._common import counted, framed, head, seen
from byeori.families.recipe import image_shape
from byeori.nn.spec import Conv, Layer, Network, Pool

if TYPE_CHECKING:
    from byeori.nn import chain as modules
else:
    modules = lazy("byeori.nn.chain")

WIDEST = 256
"""Channels: no layer has more."""


class Chain:
    """The family of plain convolutional networks; `CHAIN` is the one there is."""

    def space(self, schema: Schema) -> Space:
        """Return the questions whose answers make a plain network.

        Raises:
            SpaceError: The data has no images, or too small ones.
        """
        return _space(schema)

    def params(self, genome: Json, schema: Schema) -> int:
        """Return how many numbers the network learns, without building it.

        Raises:
            GenomeError: The sizes collapse, or it costs far more than the default.
        """
        return counted(genome, schema, self.space(schema), _network)

    def build(self, genome: Json, schema: Schema) -> modules.Chain:
        """Return the module; it takes `{"image": (N, C, H, W)}` in 0–1 and gives logits (N, classes) or values (N,)."""
        return modules.Chain(_network(genome, schema))

    def larger(self, schema: Schema) -> tuple[tuple[float, Json], ...]:
        """Return nothing: parents lengthen a chain themselves."""
        return ()


@lru_cache(maxsize=16)
def _space(schema: Schema) -> Space:
    """A space is made once a schema: it is asked for with every genome that is counted."""
    return framed(_architecture(schema), schema, _network)


CHAIN = Chain()


def _architecture(schema: Schema) -> Space:
    side = min(image_shape(schema)[:2])
    halvings = side.bit_length() - 2  # from 8 pixels 2, from 32 pixels 4: two to three pixels are left
    return Record(
        {
            "layers": Repeat(_layer(), 1, 12, default=min(halvings, 12)),
            "pool": Categorical(("average", "max", "both")),
            "hidden": Categorical((0, 64, 128, 256)),
        }
    )


def _layer() -> Space:
    style = {
        "activation": Categorical(("relu", "gelu", "silu", "hardswish")),
        "norm": Categorical(("batch", "group", "none"), weights=(4, 1, 1)),
        "pool": Categorical(("none", "max", "average"), default="max", weights=(4, 1, 1)),
    }
    width = Categorical((8, 16, 24, 32, 48, 64), default=24)
    stride = Categorical((1, 2), weights=(4, 1))
    conv = {"width": width, "kernel": Categorical((1, 3, 5, 7), default=3, weights=(1, 4, 2, 1)), "stride": stride}
    separable = {"width": width, "kernel": Categorical((3, 5, 7), weights=(2, 1, 1)), "stride": stride}
    return OneOf(
        {
            "conv": Record({**conv, **style}),
            "separable": Record({**separable, **style}),
            "pool": Record({"kind": Categorical(("max", "average")), "kernel": Categorical((2, 3))}),
        },
        weights={"conv": 4, "separable": 1, "pool": 1},
    )


def _network(genome: Json, schema: Schema) -> Network:
    answers = genome["architecture"]
    layers: list[Layer] = []
    halvings = 0
    for layer in answers["layers"]:
        ((kind, how),) = layer.items()
        if kind == "pool":
            layers.append(Pool(kind=how["kind"], kernel=how["kernel"]))
            halvings += 1
            continue
        layers.append(
            Conv(
                # `width` is the width at full size; each halving doubles it, so that layers cost about the same
                width=min(how["width"] * 2**halvings, WIDEST),
                kernel=how["kernel"],
                stride=how["stride"],
                kind=kind,
                norm=how["norm"],
                activation=how["activation"],
            )
        )
        if how["pool"] != "none":
            layers.append(Pool(kind=how["pool"]))
        halvings += (how["stride"] == 2) + (how["pool"] != "none")
    return Network(
        image=seen(genome, schema),
        layers=tuple(layers),
        head=head(genome, schema, pool=answers["pool"], hidden=answers["hidden"]),
    )
