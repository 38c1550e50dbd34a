"""Residual networks: stages of residual blocks, each half the size of the one before; where a study of images starts.

The default shrinks the image in its stem, to 12–24 pixels a side: at a given time on a CPU, width pays more than
pixels (docs/LOG.md, "The default image network").

Source: He et al. 2016 (https://arxiv.org/abs/1512.03385); Sandler et al. 2018 (https://arxiv.org/abs/1801.04381) for
inverted blocks; He et al. 2019 (https://arxiv.org/abs/1812.01187) for the pooled shortcut.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from byeori._util.json import Json
from byeori._util.lazy import lazy
from byeori.core.deciders import default
from byeori.core.schema import Schema
from byeori.core.space import Categorical, Float, Int, OneOf, Record, Repeat, Space
from byeori.families.images._common import counted, eights, framed, head, seen
from byeori.families.recipe import SMALLEST_SIDE, image_shape
from byeori.nn.spec import Block, Conv, Layer, Network, Pool

if TYPE_CHECKING:
    from byeori.nn import chain as modules
else:
    modules = lazy("byeori.nn.chain")


class Residual:
    """The family of residual networks; `RESIDUAL` is the one there is."""

    def space(self, schema: Schema) -> Space:
        """Return the questions whose answers make a residual network.

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
        """Return the default genome scaled up for those who have more time: more channels, then more blocks, then a
        stem that keeps more pixels; each with how many times the default's multiply-adds it takes, the cheapest first.
        """
        first = default(self.space(schema).bare)
        answers, stem = first["architecture"], first["architecture"]["stem"]
        finer = {"stride": max(1, stem["stride"] // 2), "kernel": 3}
        deeper = [{**stage, "depth": stage["depth"] + 1} for stage in answers["stages"]]
        grown = (
            {**answers, "width": 48},
            {**answers, "width": 64},
            {**answers, "width": 64, "stages": deeper},
            {**answers, "stem": finer, "width": 64, "stages": deeper},
        )
        genomes = [{**first, "architecture": a} for a in grown if a != answers]
        cost = _network(first, schema).macs()
        return tuple((_network(genome, schema).macs() / cost, genome) for genome in genomes)


@lru_cache(maxsize=16)
def _space(schema: Schema) -> Space:
    """A space is made once a schema: it is asked for with every genome that is counted."""
    return framed(_architecture(schema), schema, _network)


RESIDUAL = Residual()


def _architecture(schema: Schema) -> Space:
    side = min(image_shape(schema)[:2])
    kernel = Categorical((3, 5), weights=(3, 1))
    squeeze = Categorical((False, True))
    stage = Record({"depth": Int(1, 4, default=1), "scale": Categorical((0.5, 0.75, 1.0, 1.5), default=1.0)})
    return Record(
        {
            "stem": Record(
                {
                    "stride": Categorical(
                        tuple(s for s in (1, 2, 4) if side >= SMALLEST_SIDE // 2 * s), default=_stem_stride(side)
                    ),
                    # a stem that skips pixels must look at more of them
                    "kernel": Categorical((3, 5), default=5 if _stem_stride(side) == 4 else 3),
                }
            ),
            "width": Categorical((16, 24, 32, 48, 64), default=32),
            "growth": Categorical((1.0, 1.5, 2.0), default=2.0),
            "stages": Repeat(stage, 2, 4, default=3),
            "block": OneOf(
                {
                    "basic": Record({"kernel": kernel, "squeeze": squeeze}),
                    "bottleneck": Record({"kernel": kernel, "squeeze": squeeze}),
                    "inverted": Record({"kernel": kernel, "squeeze": squeeze, "expansion": Categorical((2, 3, 4, 6))}),
                },
                # depthwise convolutions are several times slower than their multiply-adds say
                weights={"basic": 3, "bottleneck": 2, "inverted": 1},
            ),
            "activation": Categorical(("relu", "gelu", "silu", "hardswish")),
            "norm": Categorical(("batch", "group"), weights=(4, 1)),
            "stochastic_depth": Float(0.0, 0.3, default=0.0),
            "pool": Categorical(("average", "max", "both")),
        }
    )


def _stem_stride(side: int) -> int:
    return 1 if side < 24 else 2 if side < 48 else 4


def _network(genome: Json, schema: Schema) -> Network:
    answers = genome["architecture"]
    style = {"norm": answers["norm"], "activation": answers["activation"]}
    width, stride = answers["width"], answers["stem"]["stride"]
    first = Conv(width=eights(width), kernel=answers["stem"]["kernel"], stride=min(stride, 2), **style)
    layers: list[Layer] = [first]
    if stride == 4:
        layers.append(Pool(kind="max"))
    ((kind, block),) = answers["block"].items()
    depth = sum(stage["depth"] for stage in answers["stages"])
    for number, stage in enumerate(answers["stages"]):
        for place in range(stage["depth"]):
            done = len(layers) - (2 if stride == 4 else 1)
            layers.append(
                Block(
                    width=eights(width * answers["growth"] ** number * stage["scale"]),
                    kind=kind,
                    kernel=block["kernel"],
                    stride=2 if number and not place else 1,
                    expansion=block.get("expansion", 1),
                    squeeze=block["squeeze"],
                    # deeper blocks are left out more often, the last one at the full rate (Huang et al. 2016)
                    drop=answers["stochastic_depth"] * (done + 1) / depth,
                    **style,
                )
            )
    return Network(image=seen(genome, schema), layers=tuple(layers), head=head(genome, schema, pool=answers["pool"]))
