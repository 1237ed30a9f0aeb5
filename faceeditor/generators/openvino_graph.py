"""The mask-guided generator as an OpenVINO graph, built straight from the weights.

The forward pass is that of `nets.mask_guided_forward`; here are its operations, arranged for a CPU: built without torch
(which alone takes longer to load than everything else until the first face), planes that meet a convolution turned into
sums of smaller products, the planes of the regions made inside of a convolution, and only bytes crossing at either end.
"""

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from faceeditor.generators.conditions import DETAIL_SIDE
from faceeditor.generators.openvino_runtime import load_openvino
from faceeditor.nets.mask_guided_forward import HEAD_SIDE, MAP_CHANNELS, Inputs, pictures
from faceeditor.portrait.style import DETAIL_CHANNELS, OVERALL_DIM, REGION_DIM
from faceeditor.regions import FACE_REGIONS, REGION_COUNT

ov: Any = load_openvino()
op: Any = ov.opset13

Array = npt.NDArray[np.float32]
Node: TypeAlias = Any
"""A node of an OpenVINO graph; the package has no types for them."""

_SLOPE = 0.2
_LABELS_SIDE = 128
"""Side of the quartered labels."""


@dataclass(frozen=True, eq=False)
class _Unshuffled:
    """(1, 4 C, S, S) planes that are not made: a pointwise layer of them is one of 2 x 2 at stride 2 of `planes`."""

    planes: Node


@dataclass(frozen=True, eq=False)
class _Quartered:
    """Region planes (1, 19, 2 S, 2 S) that are known unshuffled, as (1, 76, S, S)."""

    unshuffled: Node


@dataclass(frozen=True, eq=False)
class _Product:
    """Planes (1, D, S, S) that are the matrix product of `left` (D, N) and `right` (N, S * S).

    A pointwise layer of them meets `left` first: N numbers a channel instead of D numbers a pixel.
    """

    left: Node
    right: Node
    side: int


def _constant(values: Any, dtype: Any = np.float32) -> Node:
    return op.constant(np.asarray(values, dtype, order="C"))


def _ints(*values: int) -> Node:
    return _constant(values, np.int64)


def _conv(x: Node, weight: Array, stride: int = 1) -> Node:
    pad = [weight.shape[-1] // 2] * 2 if stride == 1 else [0, 0]
    return op.convolution(x, _constant(weight), [stride, stride], pad, pad, [1, 1])


def _convolved(planes: Array, weight: Array) -> Array:
    """Convolution of (1, C, S, S) planes with (O, C, K, K) weights, K odd, and zero padding, in numpy."""
    side, kernel = planes.shape[-1], weight.shape[-1]
    edge = kernel // 2
    padded = np.pad(planes[0], ((0, 0), (edge, edge), (edge, edge)))
    total = np.zeros((len(weight), side, side), np.float32)
    for y in range(kernel):
        for x in range(kernel):
            total += np.tensordot(weight[:, :, y, x], padded[:, y : y + side, x : x + side], 1)
    return total[None]


def _one_hot_quarters(labels: Node) -> Node:
    """(1, 4, S, S) labels -> (1, 76, S, S) planes, channel 4 region + quarter: relu(1 - |label - region|).

    As a convolution that copies the four channels 19 times and subtracts the region's number, so that the planes come
    out in the layout of the next convolution.
    """
    copy = np.tile(np.eye(4, dtype=np.float32), (REGION_COUNT, 1))[:, :, None, None]
    number = np.repeat(np.arange(REGION_COUNT, dtype=np.float32), 4).reshape(1, -1, 1, 1)
    return op.relu(op.subtract(_constant([1.0]), op.abs(op.subtract(_conv(labels, copy), _constant(number)))))


class OpenVinoOperations:
    """The operations of `mask_guided_forward.Operations` for one face: values are nodes, constants or not yet made.

    Args:
        weights: the state dict of `MaskGenerator` as float32 arrays.
    """

    def __init__(self, weights: dict[str, Array]) -> None:
        self._weights = weights

    def conv(self, layer: str, *parts: Any) -> Node:
        weight, bias = self._weights[f"{layer}.weight"], self._weights.get(f"{layer}.bias")
        constant = np.zeros((1, len(weight), 1, 1), np.float32) if bias is None else bias.reshape(1, -1, 1, 1)
        nodes: list[tuple[Node, Array]] = []
        sums: list[Node] = []
        products: list[tuple[_Product, Array]] = []
        start = 0
        for part in parts:
            channels = _channels(part)
            own, start = weight[:, start : start + channels], start + channels
            if isinstance(part, np.ndarray):
                # The same in every frame, and so is what the layer makes of it.
                constant = constant + _convolved(part, own)
            elif isinstance(part, _Product):
                products.append((part, own))
            elif isinstance(part, _Unshuffled) and own.shape[-1] == 1:
                sums.append(_conv(part.planes, own.reshape(len(own), -1, 2, 2), stride=2))
            elif isinstance(part, _Unshuffled):
                nodes.append((op.space_to_depth(part.planes, "depth_first", 2), own))
            else:
                nodes.append((part, own))
        if start != weight.shape[1]:
            raise ValueError(f"the layer {layer} has {weight.shape[1]} inputs and not {start}")
        sums += _convolutions(nodes)
        if products:
            sums.append(_layer_of_products(products))
        total, *others = sums
        for other in others:
            total = op.add(total, other)
        return op.add(total, _constant(constant))

    def modulation(self, layer: str, condition: Node, overall: Node) -> tuple[Node, Node]:
        maps, vector = self._weights[f"{layer}.maps.weight"], self._weights[f"{layer}.vector.weight"]
        bias = self._weights[f"{layer}.maps.bias"] + self._weights[f"{layer}.vector.bias"]
        middle = len(maps) // 2

        def half(rows: slice, constant: float) -> Node:
            offset = op.matmul(overall, _constant(vector[rows]), False, True)
            offset = op.add(offset, _constant(bias[rows] + np.float32(constant)))
            return op.add(_conv(condition, maps[rows]), op.reshape(offset, _ints(1, -1, 1, 1), False))

        # Two layers of half the channels: one layer whose output is split takes 2 % longer.
        return half(slice(0, middle), 1.0), half(slice(middle, None), 0.0)

    def noise(self, name: str) -> Array:
        return self._weights[name]

    def coordinates(self, to_face: Node, side: int) -> _Product:
        axis = (np.arange(side, dtype=np.float32) + 0.5) * np.float32(2 / side) - 1
        y, x = np.meshgrid(axis, axis, indexing="ij")
        here = np.stack([x.ravel(), y.ravel(), np.ones(side * side, np.float32)])
        return _Product(to_face, _constant(here), side)

    def spread(self, vectors: Node, planes: Node) -> _Product:
        side = int(planes.shape[-1])
        return _Product(op.transpose(vectors, _ints(1, 0)), op.reshape(planes, _ints(REGION_COUNT, -1), False), side)

    def face_share(self, planes: Node) -> Node:
        face = np.zeros((1, REGION_COUNT, 1, 1), np.float32)
        face[0, list(FACE_REGIONS)] = 1.0
        return _conv(planes, face)

    def leaky_relu(self, x: Node) -> Node:
        return op.prelu(x, _constant([_SLOPE]))

    def pixel_norm(self, x: Node) -> Node:
        mean = op.reduce_mean(op.multiply(x, x), _ints(1), True)
        return op.divide(x, op.sqrt(op.add(mean, _constant([1e-4]))))

    def upsample2(self, x: Node) -> Node:
        return op.interpolate(
            x,
            _constant([2.0, 2.0]),
            "linear_onnx",
            "scales",
            pads_begin=[0, 0, 0, 0],
            pads_end=[0, 0, 0, 0],
            coordinate_transformation_mode="half_pixel",
            axes=_ints(2, 3),
        )

    def avg_pool(self, x: Any, factor: int) -> Node:
        if isinstance(x, _Quartered):
            quarter = np.eye(REGION_COUNT, dtype=np.float32) * np.float32(0.25)
            half = _conv(x.unshuffled, np.repeat(quarter, 4, axis=1)[:, :, None, None])
            return self.avg_pool(half, factor // 2)
        return x if factor == 1 else op.avg_pool(x, [factor] * 2, [0, 0], [0, 0], [factor] * 2, True)

    def pixel_shuffle2(self, x: Node) -> Node:
        return op.depth_to_space(x, "depth_first", 2)

    def pixel_unshuffle2(self, x: Any) -> Any:
        return x.unshuffled if isinstance(x, _Quartered) else _Unshuffled(x)


def _channels(part: Any) -> int:
    if isinstance(part, _Unshuffled):
        return 4 * int(part.planes.shape[1])
    return int(part.left.shape[0] if isinstance(part, _Product) else part.shape[1])


def _convolutions(parts: list[tuple[Node, Array]]) -> list[Node]:
    """The convolutions whose sum is that of the joined parts: a pointwise one for each part, a wider one for all."""
    if len(parts) < 2 or parts[0][1].shape[-1] == 1:
        return [_conv(x, weight) for x, weight in parts]
    nodes, weights = zip(*parts, strict=True)
    return [_conv(op.concat(list(nodes), 1), np.concatenate(weights, 1))]


def _layer_of_products(parts: list[tuple[_Product, Array]]) -> Node:
    """The pointwise layer of products as one product."""
    lefts = [op.matmul(_constant(weight[:, :, 0, 0]), part.left, False, False) for part, weight in parts]
    rights = [part.right for part, _ in parts]
    made = op.matmul(op.concat(lefts, 1), op.concat(rights, 0), False, False)
    side = parts[0][0].side
    return op.reshape(made, _ints(1, -1, side, side), False)


def build_graph(weights: dict[str, Array], size: int) -> Any:
    """The graph for one face.

    Args:
        weights: the state dict of `MaskGenerator` as float32 arrays.
        size: side of the picture, 128, 256 or, with a fine scale, 512.

    Returns:
        Inputs in order: labels (1, 4, 128, 128) uint8 (`conditions.quartered`), to_face (2, 3) float32, detail
        (1, 8, 64, 64) float32 (`conditions.detail_over_picture`), regions (19, 32) float32, overall (1, 64)
        float32, maps (1, 16, 128, 128) float32 (`conditions.condition_maps`); output (1, size, size, 3) uint8 RGB.

    Raises:
        KeyError, ValueError: the weights are not those of this network.
    """
    labels = op.parameter([1, 4, _LABELS_SIDE, _LABELS_SIDE], np.uint8, "labels")
    to_face = op.parameter([2, 3], np.float32, "to_face")
    detail = op.parameter([1, DETAIL_CHANNELS, DETAIL_SIDE, DETAIL_SIDE], np.float32, "detail")
    regions = op.parameter([REGION_COUNT, REGION_DIM], np.float32, "regions")
    overall = op.parameter([1, OVERALL_DIM], np.float32, "overall")
    maps = op.parameter([1, MAP_CHANNELS, HEAD_SIDE, HEAD_SIDE], np.float32, "maps")
    planes: Any = _Quartered(_one_hot_quarters(op.convert(labels, "f32")))
    inputs: Inputs[Any] = Inputs(planes, 2 * _LABELS_SIDE, to_face, regions, overall, detail, maps)
    scales = len({name.split(".")[1] for name in weights if name.startswith("scales.")})
    picture = pictures(OpenVinoOperations(weights), inputs, scales, size)[-1]
    levels = op.add(op.multiply(op.clamp(picture, -1.0, 1.0), _constant([127.5])), _constant([128.0]))
    out = op.convert(op.transpose(levels, _ints(0, 2, 3, 1)), "u8")
    return ov.Model([op.result(out)], [labels, to_face, detail, regions, overall, maps], f"mask_guided_{size}")
