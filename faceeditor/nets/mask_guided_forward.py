"""The forward pass of the mask-guided generator, written once for every framework that runs it, without torch.

The network is a function of the weights' names and of the `Operations` of a framework: torch's (`nets.mask_guided`)
trains it and runs it on graphics cards, OpenVINO's (`generators.openvino_graph`) runs it on processors.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from faceeditor.portrait.guides import GUIDE_CHANNELS
from faceeditor.portrait.style import DETAIL_CHANNELS, REGION_DIM
from faceeditor.regions import REGION_COUNT

BASE = 8
"""Side of the first feature map."""
NOISE_CHANNELS = 4
"""Channels of the noise that textures are made from."""
HEAD_CHANNELS = 10
"""Condition planes rendered from the 3D head: colour, shading, normals (3 each) and coverage (`head.maps`)."""
HEAD_SIDE = 128
"""Side at which the head's condition planes and the guides are given."""
MAP_CHANNELS = HEAD_CHANNELS + GUIDE_CHANNELS
"""Planes of the head, then the guides: direction of hair and parts of the mouth (`portrait.guides`)."""
FINE_SIDE = 128
"""Side of the features that the 512 scale works on."""
FINE_NOISE_CHANNELS = 16
"""Channels of its noise: one for each of the 4 x 4 pixels that a feature writes, or textures would repeat in them."""
EMBED_INPUTS = REGION_COUNT * 4 + REGION_DIM + DETAIL_CHANNELS + NOISE_CHANNELS + 2 + MAP_CHANNELS
"""Planes that a scale is conditioned on: regions at twice the side, vectors, detail, noise, place, head, guides."""


class Value(Protocol):
    """A tensor of a framework: (B, C, H, W) unless said otherwise."""

    def __add__(self, other: Any, /) -> Any: ...
    def __mul__(self, other: Any, /) -> Any: ...


T = TypeVar("T", bound=Value)


class Operations(Protocol[T]):
    """What a framework computes. Layers and noise are named as in the state dict of `MaskGenerator`."""

    def conv(self, layer: str, *parts: T) -> T:
        """The convolution `layer` of the parts, joined along their channels; zero padding keeps the side."""

    def modulation(self, layer: str, condition: T, overall: T) -> tuple[T, T]:
        """(1 + a, b), both (B, C, H, W).

        a and b are the halves of the channels of the sum of the pointwise layer `layer.maps` of the condition and the
        dense layer `layer.vector` of the overall vectors (B, N).
        """

    def noise(self, name: str) -> T:
        """Noise for textures: new in training, the buffer `name` in use."""

    def coordinates(self, to_face: T, side: int) -> T:
        """Face coordinates x and y (B, 2, side, side) of every pixel, by the matrices (B, 2, 3)."""

    def spread(self, vectors: T, planes: T) -> T:
        """Vectors (B, R, D) laid over the regions' planes (B, R, H, W), summed: (B, D, H, W)."""

    def face_share(self, planes: T) -> T:
        """How much of every pixel belongs to the face (`FACE_REGIONS`): (B, 1, H, W) of (B, 19, H, W)."""

    def leaky_relu(self, x: T) -> T:
        """x where it is positive, else 0.2 x."""

    def pixel_norm(self, x: T) -> T:
        """Every pixel's channel vector at unit mean square (`nets.layers.pixel_norm`)."""

    def upsample2(self, x: T) -> T:
        """Height and width doubled, bilinear, corners not aligned."""

    def avg_pool(self, x: T, factor: int) -> T:
        """Means of squares of `factor` pixels."""

    def pixel_shuffle2(self, x: T) -> T:
        """(B, 4 C, H, W) -> (B, C, 2 H, 2 W)."""

    def pixel_unshuffle2(self, x: T) -> T:
        """(B, C, 2 H, 2 W) -> (B, 4 C, H, W)."""


@dataclass(frozen=True, eq=False)
class Inputs(Generic[T]):
    """What a face is drawn from.

    Attributes:
        planes: (B, 19, planes_side, planes_side) region planes; shares between 0 and 1 where they were reduced.
        planes_side: a power of two, at least the side of the picture or 256.
        to_face: (B, 2, 3) picture -> face coordinates.
        regions: (B, 19, 32) vectors of the style. overall: (B, 64). detail: (B, 8, S, S), its detail map laid over the
            picture at `detail_side`.
        maps: (B, 16, 128, 128) planes of the head (all zero: no head), then guides.
    """

    planes: T
    planes_side: int
    to_face: T
    regions: T
    overall: T
    detail: T
    maps: T


def detail_side(size: int) -> int:
    """Side at which the detail map is laid over a picture of the size; finer scales enlarge it."""
    return 64 if size >= 64 else 32


def pictures(
    ops: Operations[T],
    inputs: Inputs[T],
    scales: int,
    size: int,
    cut: Callable[[T], T] | None = None,
) -> list[T]:
    """The picture after each scale, the smallest first.

    The scale of side S draws at 2 S and adds to the enlarged picture of the scale before it; above the last one, the
    fine scale draws at four times the side of its features.

    Args:
        ops: the framework.
        inputs: the condition.
        scales: how many scales the network has, without the fine one.
        size: side of the picture, 4 * BASE at least; the fine scale runs where it is larger than the last scale draws.
        cut: cuts a window out of planes of any size, which then is all that the scales above a side of 32 draw.

    Returns:
        (B, 3, S, S) in about -1..1, the last with S = size (a window: its share of size).
    """
    sides = [side for side in (BASE * 2**i for i in range(scales)) if side * 2 <= size]
    planes = _pyramid(ops, inputs.planes, inputs.planes_side, (256, 128, 64, 32, 16, 8))
    maps = _pyramid(ops, inputs.maps, HEAD_SIDE, (64, 32, 16, 8))
    laid = detail_side(size)
    detail = inputs.detail * ops.face_share(planes[laid])
    drawn: list[T] = []
    features: T | None = None
    embedded = inputs.planes
    for index, side in enumerate(sides):
        scale = f"scales.{index}"
        parts = [
            planes[side * 2],
            planes[side],
            ops.avg_pool(detail, laid // side) if side <= laid else ops.upsample2(detail),
            ops.noise(f"noise{side}"),
            ops.coordinates(inputs.to_face, side),
            maps[side],
        ]
        if cut is not None and side > 32:
            parts = [cut(part) for part in parts]
            if side == 64 and features is not None:
                features, drawn[-1] = cut(features), cut(drawn[-1])
        twice, here, *rest = parts
        shape, style = ops.pixel_unshuffle2(twice), ops.spread(inputs.regions, here)
        embedded = ops.leaky_relu(ops.conv(f"{scale}.embed", shape, style, *rest))
        entered = ops.conv(f"{scale}.enter", embedded if features is None else features)
        # The convolution runs before the up-sampling: a quarter of the cost.
        x = entered if features is None else ops.upsample2(entered)
        features = _modulated_pair(ops, scale, x, embedded, inputs.overall)
        picture = ops.pixel_shuffle2(ops.conv(f"{scale}.to_rgb", features))
        drawn.append(ops.upsample2(drawn[-1]) + picture if drawn else picture)
    if features is not None and size > 2 * sides[-1]:
        added = _fine(ops, features, drawn[-1], embedded, inputs.overall, cut)
        drawn.append(ops.upsample2(drawn[-1]) + added)
    return drawn


def _pyramid(ops: Operations[T], planes: T, side: int, sides: tuple[int, ...]) -> dict[int, T]:
    """Square planes of a side averaged to each of the smaller sides, which come in falling order."""
    pyramid = {side: planes}
    for smaller in sides:
        if smaller < side:
            planes, side = ops.avg_pool(planes, side // smaller), smaller
            pyramid[side] = planes
    return pyramid


def _fine(ops: Operations[T], features: T, picture: T, condition: T, overall: T, cut: Callable[[T], T] | None) -> T:
    """What the fine scale adds to the enlarged picture (B, 3, 4 S, 4 S).

    It works on the features of the last scale (S x S); only its last layer, of 16 channels, is at twice the side, so
    that neighbouring features share the pixels between them (a head of 4 x 4 pixels a feature leaves a lattice).
    """
    noise = ops.noise("fine.noise")
    noise = noise if cut is None else cut(noise)
    x = ops.conv("fine.enter", features, ops.pixel_unshuffle2(picture), noise)
    x = _modulated_pair(ops, "fine", x, condition, overall)
    x = ops.pixel_shuffle2(ops.leaky_relu(ops.conv("fine.unfold", x)))
    return ops.pixel_shuffle2(ops.conv("fine.to_rgb", x))


def _modulated_pair(ops: Operations[T], scale: str, x: T, condition: T, overall: T) -> T:
    """Two modulated layers with a convolution between them."""
    x = _modulated(ops, f"{scale}.modulate1", x, condition, overall)
    return _modulated(ops, f"{scale}.modulate2", ops.conv(f"{scale}.conv", x), condition, overall)


def _modulated(ops: Operations[T], layer: str, x: T, condition: T, overall: T) -> T:
    """Normalise each pixel, then scale and shift it by the condition map and the overall style."""
    gain, shift = ops.modulation(layer, condition, overall)
    return ops.leaky_relu(ops.pixel_norm(x) * gain + shift)
