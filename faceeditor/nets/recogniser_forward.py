"""The forward pass of the face recogniser (Davis King's dlib ResNet, CC0), written once for torch and OpenVINO.

As `mask_guided_forward`: a function of the weights' names and of the `Operations` of a framework, without torch.
"""

from typing import Any, Protocol, TypeVar

CHIP_SIDE = 150
"""Side of the crop that the network sees."""
CHIP_CENTRE, CHIP_HALF = (0.0, 0.31), 0.8
"""Middle and half side of the crop that dlib cuts (5 points, padding 0.25), in face coordinates."""
CHANNELS = (32, 32, 32, 64, 64, 64, 64, 128, 128, 128, 256, 256, 256, 256)
"""Channels of each block of two convolutions."""
EMBEDDING = 128
"""Length of the vector."""
MEAN = (122.782, 117.001, 104.298)
"""Mean colour that is taken off, in levels."""
_DOWN = frozenset((3, 7, 10, 13))
"""Blocks that halve the side."""
_KEPT = frozenset((0, 2, 6, 9))
"""Blocks whose maps serve perceptual losses."""


class Value(Protocol):
    """A tensor of a framework: (B, C, H, W) unless said otherwise."""


T = TypeVar("T", bound=Value)


class Operations(Protocol[T]):
    """What a framework computes. Layers are named as in the state dict of `nets.recogniser.Recogniser`."""

    def levels(self, chips: T) -> T:
        """Chips (0..255) without `MEAN`, divided by 256."""

    def conv(self, layer: str, affine: str, x: T, stride: int, padding: int) -> T:
        """The convolution `layer`, then gain and shift of every channel, the rows of `affine`."""

    def relu(self, x: T) -> T:
        """x where it is positive, else 0."""

    def max_pool(self, x: T) -> T:
        """Largest values of squares of three pixels, two apart."""

    def avg_pool(self, x: T) -> T:
        """Means of squares of two pixels; a last row or column that has no partner is left out."""

    def padded_sum(self, first: T, second: T) -> T:
        """The sum of maps of different sizes: zeros at the right and the bottom, and in further channels."""

    def mean(self, x: T) -> T:
        """Means over all pixels: (B, C)."""

    def embed(self, x: T) -> T:
        """(B, 256) by the matrix `embed`: (B, 128)."""


def recognise(ops: Operations[Any], chips: Any, last: int = len(CHANNELS)) -> tuple[Any, list[Any]]:
    """The vectors of chips, and the maps after blocks 0, 2, 6 and 9.

    Args:
        ops: the framework.
        chips: (B, 3, 150, 150) in 0..255.
        last: blocks that run; with fewer than all the vectors are the means of their channels.

    Returns:
        (B, 128), or (B, C) with fewer blocks, and the maps (B, C, H, W) of the blocks that ran.
    """
    x = ops.relu(ops.conv("stem", "stem_affine", ops.levels(chips), 2, 0))
    x = ops.max_pool(x)
    maps = []
    for block in range(last):
        stride, padding = (2, 0) if block in _DOWN else (1, 1)
        first, second = 2 * block, 2 * block + 1
        inner = ops.relu(ops.conv(f"convs.{first}", f"affines.{first}", x, stride, padding))
        inner = ops.conv(f"convs.{second}", f"affines.{second}", inner, 1, 1)
        x = ops.relu(ops.padded_sum(inner, ops.avg_pool(x) if block in _DOWN else x))
        if block in _KEPT:
            maps.append(x)
    pooled = ops.mean(x)
    return (ops.embed(pooled) if last == len(CHANNELS) else pooled), maps
