from __future__ import annotations

from itertools import product

import pytest
import torch

from byeori.core.errors import GenomeError
from byeori.nn.chain import Chain
from byeori.nn.spec import ACTIVATIONS, BLOCKS, CONVOLUTIONS, HEADS, NORMS, Block, Conv, Head, Layer, Network, Pool

LAYERS: list[Layer] = [
    *(
        Conv(width=16, kind=kind, norm=norm, activation=act, kernel=kernel, stride=stride)
        for kind, norm, act, (kernel, stride) in product(
            CONVOLUTIONS, NORMS, ACTIVATIONS, [(1, 1), (3, 2), (5, 1), (3, 4)]
        )
    ),
    *(
        Pool(kind=kind, kernel=kernel, stride=stride)
        for kind in ("max", "average")
        for kernel, stride in [(2, 2), (3, 1), (3, 2)]
    ),
    *(
        Block(width=width, kind=kind, norm=norm, activation=act, stride=stride, squeeze=squeeze, kernel=5, drop=0.1)
        for kind, norm, act, stride, squeeze, width in product(
            BLOCKS, NORMS, ("relu", "silu"), (1, 2), (False, True), (8, 24)
        )
    ),
]


@pytest.mark.parametrize("image", [(9, 8, 3), (8, 11, 1)])
def test_counts_and_sizes_are_those_of_the_module(image: tuple[int, int, int]) -> None:
    for layer in LAYERS:
        spec = Network(image=image, layers=(Conv(width=8), layer), head=Head(outputs=2))
        net = Chain(spec)
        assert sum(leaf.numel() for leaf in net.parameters()) == spec.params(), layer
        maps = net.layers(net.input(torch.rand(2, image[2], *image[:2])))
        assert tuple(maps.shape[2:]) == spec.sizes()[-1], layer
        assert maps.shape[1] == layer.width_after(8), layer


@pytest.mark.parametrize(("pool", "hidden", "outputs"), list(product(HEADS, (0, 5), (1, 4))))
def test_heads_are_counted_and_shaped(pool: str, hidden: int, outputs: int) -> None:
    head = Head(outputs=outputs, pool=pool, hidden=hidden, dropout=0.1)
    spec = Network(image=(8, 8, 1), layers=(Conv(width=8),), head=head)
    net = Chain(spec)
    assert sum(leaf.numel() for leaf in net.parameters()) == spec.params()
    assert net({"image": torch.rand(3, 1, 8, 8)}).shape == ((3, outputs) if outputs > 1 else (3,))


def test_multiply_adds_of_known_layers() -> None:
    assert Conv(width=16).macs(3, (8, 8)) == 3 * 16 * 9 * 64
    assert Conv(width=16, stride=2).macs(3, (9, 8)) == 3 * 16 * 9 * 5 * 4
    assert Conv(width=16, kind="separable").macs(8, (4, 4)) == (8 * 9 + 8 * 16) * 16
    assert Block(width=8).macs(8, (4, 4)) == 2 * 8 * 8 * 9 * 16
    assert Block(width=16, stride=2).macs(8, (4, 4)) == (8 * 16 * 9 + 16 * 16 * 9 + 8 * 16) * 4


def test_an_image_with_nothing_left_to_shrink_is_refused() -> None:
    spec = Network(image=(8, 8, 1), layers=(Pool(), Conv(width=8, stride=4), Pool()), head=Head(outputs=2))
    for ask in (spec.sizes, spec.params, spec.macs, lambda: Chain(spec)):
        with pytest.raises(GenomeError, match=r"Layer 3 of 3 .* only 1×1 pixels of 8×8 are left"):
            ask()


@pytest.mark.parametrize(
    "make",
    [
        lambda: Conv(width=8, kernel=2),
        lambda: Conv(width=0),
        lambda: Conv(width=8, norm="layer"),
        lambda: Conv(width=8, activation="tanh"),
        lambda: Pool(kernel=2, stride=1),
        lambda: Block(width=8, kind="dense"),
        lambda: Block(width=8, drop=1.0),
        lambda: Head(outputs=0),
        lambda: Head(outputs=2, pool="median"),
    ],
)
def test_records_check_themselves(make: object) -> None:
    with pytest.raises(ValueError, match=r"got|Unknown"):
        make()  # type: ignore[operator]
