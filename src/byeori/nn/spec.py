"""What an image network is made of, as frozen records: they know their shapes and their counts, and need no torch.

A family turns a genome into a `Network`; `byeori.nn.chain.Chain` turns a `Network` into a module. Both read the same
records, so a count made without building is the count of what is built.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TypeAlias

from byeori.core.errors import GenomeError

CONVOLUTIONS = ("conv", "depthwise", "separable")
ACTIVATIONS = ("relu", "gelu", "silu", "hardswish", "none")
NORMS = ("batch", "group", "none")
POOLS = ("max", "average")
BLOCKS = ("basic", "bottleneck", "inverted")
HEADS = ("average", "max", "both")

Size: TypeAlias = tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Conv:
    """A convolution with its norm and its activation; padded, so that only a stride changes the size.

    Args:
        width: Channels it gives; a depthwise one gives what it gets.
        kernel: Side of its window, odd.
        stride: 1 keeps the size, 2 halves it (rounded up).
        kind: `conv`, `depthwise`, or `separable` (a depthwise one, then a 1×1).
        norm: `batch`, `group` (eight channels a group), or `none` (a bias instead).
        activation: `relu`, `gelu`, `silu`, `hardswish` or `none`.

    Example:
        >>> Conv(width=16).params(3), Conv(width=16, kind="separable").params(8)
        (464, 248)
    """

    width: int
    kernel: int = 3
    stride: int = 1
    kind: str = "conv"
    norm: str = "batch"
    activation: str = "relu"

    def __post_init__(self) -> None:
        _one_of("kind", self.kind, CONVOLUTIONS)
        _one_of("norm", self.norm, NORMS)
        _one_of("activation", self.activation, ACTIVATIONS)
        if self.width < 1 or self.kernel < 1 or self.kernel % 2 == 0 or self.stride < 1:
            raise ValueError(f"A convolution has a width and a stride of 1 or more and an odd kernel; got {self}.")

    def parts(self, channels: int) -> tuple[Conv, ...]:
        """Return the plain convolutions it consists of: itself, or the two of a separable one."""
        if self.kind != "separable":
            return (self,)
        return (replace(self, kind="depthwise", width=channels), replace(self, kind="conv", kernel=1, stride=1))

    def width_after(self, channels: int) -> int:
        """Return the channels it gives."""
        return channels if self.kind == "depthwise" else self.width

    def size_after(self, size: Size) -> Size:
        """Return the size it gives."""
        return _shrunk(size, self.stride)

    def params(self, channels: int) -> int:
        """Return how many numbers it learns."""
        if self.kind == "separable":
            return sum(params for _, params, _ in _walk(self.parts(channels), channels, (1, 1)))
        width = self.width_after(channels)
        return self._weights(channels) + (width if self.norm == "none" else 2 * width)

    def macs(self, channels: int, size: Size) -> int:
        """Return its multiply-adds for one image of a size."""
        if self.kind == "separable":
            return sum(macs for _, _, macs in _walk(self.parts(channels), channels, size))
        height, width = self.size_after(size)
        return self._weights(channels) * height * width

    def _weights(self, channels: int) -> int:
        return self.width_after(channels) * (1 if self.kind == "depthwise" else channels) * self.kernel**2


@dataclass(frozen=True, slots=True, kw_only=True)
class Pool:
    """A pooling window that moves by `stride`; padded, so that the size is divided and rounded up."""

    kind: str = "max"
    kernel: int = 2
    stride: int = 2

    def __post_init__(self) -> None:
        _one_of("kind", self.kind, POOLS)
        if (self.kernel, self.stride) not in ((2, 2), (3, 1), (3, 2)):
            raise ValueError(f"A pool is 2×2 with stride 2, or 3×3 with stride 1 or 2; got {self}.")

    def width_after(self, channels: int) -> int:
        """Return the channels it gives: those it gets."""
        return channels

    def size_after(self, size: Size) -> Size:
        """Return the size it gives."""
        return _shrunk(size, self.stride)

    def params(self, channels: int) -> int:
        """Return 0: it learns nothing."""
        return 0

    def macs(self, channels: int, size: Size) -> int:
        """Return 0: it multiplies nothing."""
        return 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A residual block: a branch of convolutions added to a shortcut.

    Args:
        width: Channels it gives.
        kind: `basic` (two k×k, He et al. 2016), `bottleneck` (1×1, k×k, 1×1 at half the width), `inverted`
            (1×1 to `expansion` times the channels, depthwise k×k, 1×1; Sandler et al. 2018).
        kernel: Side of the k×k windows, odd.
        stride: 1, or 2 to halve the size.
        expansion: Of an inverted block.
        squeeze: Squeeze-excitation at the end of the branch (Hu et al. 2018).
        norm: As of a `Conv`.
        activation: As of a `Conv`.
        drop: Probability that the branch is left out in training, a sample (Huang et al. 2016).
    """

    width: int
    kind: str = "basic"
    kernel: int = 3
    stride: int = 1
    expansion: int = 4
    squeeze: bool = False
    norm: str = "batch"
    activation: str = "relu"
    drop: float = 0.0

    def __post_init__(self) -> None:
        _one_of("kind", self.kind, BLOCKS)
        if self.stride not in (1, 2) or self.expansion < 1 or not 0.0 <= self.drop < 1.0:
            raise ValueError(
                f"A block has a stride of 1 or 2, an expansion of 1 or more, a drop in [0, 1); got {self}."
            )

    def branch(self, channels: int) -> tuple[Conv, ...]:
        """Return the convolutions of the branch; the last has no activation, that comes after the sum."""
        first = Conv(width=self.width, kernel=self.kernel, norm=self.norm, activation=self.activation)
        last = replace(first, kernel=1, activation="none")
        if self.kind == "basic":
            return replace(first, stride=self.stride), replace(last, kernel=self.kernel)
        if self.kind == "bottleneck":
            inner = max(8, self.width // 2)
            return replace(first, width=inner, kernel=1), replace(first, width=inner, stride=self.stride), last
        inner = channels * self.expansion
        depthwise = replace(first, width=inner, stride=self.stride, kind="depthwise")
        return replace(first, width=inner, kernel=1), depthwise, last

    def shortcut(self, channels: int) -> Conv | None:
        """Return the 1×1 convolution of the shortcut, or None where shapes agree; a stride is pooled before it
        (ResNet-D, He et al. 2019)."""
        if self.stride == 1 and channels == self.width:
            return None
        return Conv(width=self.width, kernel=1, norm=self.norm, activation="none")

    def width_after(self, channels: int) -> int:
        """Return the channels it gives."""
        return self.width

    def size_after(self, size: Size) -> Size:
        """Return the size it gives."""
        return _shrunk(size, self.stride)

    def params(self, channels: int) -> int:
        """Return how many numbers it learns."""
        shortcut = self.shortcut(channels)
        branch = sum(params for _, params, _ in _walk(self.branch(channels), channels, (1, 1)))
        return branch + (shortcut.params(channels) if shortcut else 0) + self._squeeze_params()

    def macs(self, channels: int, size: Size) -> int:
        """Return its multiply-adds for one image of a size."""
        shortcut = self.shortcut(channels)
        branch = sum(macs for _, _, macs in _walk(self.branch(channels), channels, size))
        return branch + (shortcut.macs(channels, self.size_after(size)) if shortcut else 0) + self._squeeze_params()

    def _squeeze_params(self) -> int:
        if not self.squeeze:
            return 0
        inner = squeezed(self.width)
        return 2 * self.width * inner + inner + self.width


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """From maps to answers: pooled over the image, dropped out, perhaps through a hidden layer, to the outputs.

    Args:
        outputs: Numbers an image; with 1 the module gives (N,) instead of (N, 1).
        pool: `average`, `max`, or `both` side by side.
        hidden: Width of a hidden layer with ReLU; 0 has none.
        dropout: Probability before each linear layer.
    """

    outputs: int
    pool: str = "average"
    hidden: int = 0
    dropout: float = 0.0

    def __post_init__(self) -> None:
        _one_of("pool", self.pool, HEADS)
        if self.outputs < 1 or self.hidden < 0 or not 0.0 <= self.dropout < 1.0:
            raise ValueError(f"A head has outputs, a hidden width of 0 or more, a dropout in [0, 1); got {self}.")

    def features(self, channels: int) -> int:
        """Return how many numbers pooling leaves of maps with `channels` channels."""
        return 2 * channels if self.pool == "both" else channels

    def params(self, channels: int) -> int:
        """Return how many numbers it learns."""
        last = self.features(channels)
        hidden = (last + 1) * self.hidden
        return hidden + ((self.hidden or last) + 1) * self.outputs


Layer: TypeAlias = Conv | Pool | Block


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """A whole image network: what it sees, its layers in order, its head.

    Args:
        image: Height, width and channels of what it sees; what comes in another size is resized.
        layers: From the image on.
        head: What follows the last layer.

    Example:
        >>> net = Network(image=(8, 8, 1), layers=(Conv(width=8), Pool()), head=Head(outputs=2))
        >>> net.params(), net.macs(), net.sizes()
        (106, 4626, ((8, 8), (4, 4)))
    """

    image: tuple[int, int, int]
    layers: tuple[Layer, ...]
    head: Head

    def sizes(self) -> tuple[Size, ...]:
        """Return the size after each layer.

        Raises:
            GenomeError: A layer would shrink an image that has nothing left to shrink.
        """
        size: Size = self.image[:2]
        sizes = []
        for number, layer in enumerate(self.layers, 1):
            if min(size) < layer.stride:
                raise GenomeError(
                    f"Layer {number} of {len(self.layers)} divides the size by {layer.stride}, but only "
                    f"{size[0]}×{size[1]} pixels of {self.image[0]}×{self.image[1]} are left: let fewer layers shrink, "
                    "or give the network larger images."
                )
            size = layer.size_after(size)
            sizes.append(size)
        return tuple(sizes)

    def params(self) -> int:
        """Return how many numbers the network learns.

        Raises:
            GenomeError: As `sizes`.
        """
        self.sizes()
        steps = list(_walk(self.layers, self.image[2], self.image[:2]))
        return sum(params for _, params, _ in steps) + self.head.params(steps[-1][0] if steps else self.image[2])

    def macs(self) -> int:
        """Return the multiply-adds of one image through the network; norms, activations and pools are not counted.

        Raises:
            GenomeError: As `sizes`.
        """
        self.sizes()
        steps = list(_walk(self.layers, self.image[2], self.image[:2]))
        return sum(macs for _, _, macs in steps) + self.head.params(steps[-1][0] if steps else self.image[2])


def squeezed(width: int) -> int:
    """Return the width to which squeeze-excitation squeezes."""
    return max(8, width // 4)


def _walk(layers: tuple[Layer, ...], channels: int, size: Size) -> Iterator[tuple[int, int, int]]:
    for layer in layers:
        params, macs = layer.params(channels), layer.macs(channels, size)
        channels, size = layer.width_after(channels), layer.size_after(size)
        yield channels, params, macs


def _shrunk(size: Size, stride: int) -> Size:
    return -(-size[0] // stride), -(-size[1] // stride)


def _one_of(what: str, value: str, known: tuple[str, ...]) -> None:
    if value not in known:
        raise ValueError(f"Unknown {what} {value!r}: one of {', '.join(known)}.")
