"""The mask-guided generator as an OpenVINO graph, built straight from the weights.

The same mathematics as `nets.mask_guided.MaskGenerator.forward`, arranged for a CPU: built without torch (which alone
takes longer to load than everything else until the first face), every concatenation folded into sums of convolutions,
the planes made from the labels inside of a convolution, and only bytes crossing at either end.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from faceeditor.generators.conditions import DETAIL_SIDE, HEAD_SIDE, MAP_CHANNELS, NOISE_CHANNELS
from faceeditor.generators.openvino_runtime import load_openvino
from faceeditor.portrait.style import DETAIL_CHANNELS, OVERALL_DIM, REGION_DIM
from faceeditor.regions import FACE_REGIONS, REGION_COUNT

ov: Any = load_openvino()
op: Any = ov.opset13

Array = npt.NDArray[np.float32]
Node = Any
"""A node of an OpenVINO graph; the package has no types for them."""

_BASE = 8
_SLOPE = 0.2
_TOP = 128
"""Side of the quartered labels."""


def _constant(values: Any, dtype: Any = np.float32) -> Node:
    return op.constant(np.asarray(values, dtype, order="C"))


def _ints(*values: int) -> Node:
    return _constant(values, np.int64)


def _conv(x: Node, weight: Array, bias: Array | None = None, stride: int = 1) -> Node:
    pad = [weight.shape[-1] // 2] * 2 if stride == 1 else [0, 0]
    y = op.convolution(x, _constant(weight), [stride, stride], pad, pad, [1, 1])
    return y if bias is None else op.add(y, _constant(bias.reshape(1, -1, 1, 1)))


def _convolved(planes: Array, weight: Array) -> Array:
    """3 x 3 convolution of (1, C, S, S) planes with (O, C, 3, 3) weights and zero padding, in numpy."""
    side = planes.shape[-1]
    padded = np.pad(planes[0], ((0, 0), (1, 1), (1, 1)))
    total = np.zeros((len(weight), side, side), np.float32)
    for y in range(3):
        for x in range(3):
            total += np.tensordot(weight[:, :, y, x], padded[:, y : y + side, x : x + side], 1)
    return total[None]


def _leaky(x: Node) -> Node:
    return op.prelu(x, _constant([_SLOPE]))


def _upsample2(x: Node) -> Node:
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


def _pool(x: Node, factor: int) -> Node:
    return x if factor == 1 else op.avg_pool(x, [factor] * 2, [0, 0], [0, 0], [factor] * 2, True)


def _pixel_norm(x: Node) -> Node:
    mean = op.reduce_mean(op.multiply(x, x), _ints(1), True)
    return op.divide(x, op.sqrt(op.add(mean, _constant([1e-4]))))


def _one_hot_quarters(labels: Node) -> Node:
    """(1, 4, S, S) labels -> (1, 76, S, S) planes, channel 4 region + quarter: relu(1 - |label - region|).

    As a convolution that copies the four channels 19 times and subtracts the region's number, so that the planes come
    out in the layout of the next convolution.
    """
    copy = np.tile(np.eye(4, dtype=np.float32), (REGION_COUNT, 1))[:, :, None, None]
    number = -np.repeat(np.arange(REGION_COUNT, dtype=np.float32), 4)
    return op.relu(op.subtract(_constant([1.0]), op.abs(_conv(labels, copy, number))))


def _picture_coordinates(side: int) -> Array:
    """(3, side * side): x, y in -1..1 and 1 of every pixel, row by row."""
    axis = (np.arange(side, dtype=np.float32) + 0.5) * np.float32(2 / side) - 1
    y, x = np.meshgrid(axis, axis, indexing="ij")
    return np.stack([x.ravel(), y.ravel(), np.ones(side * side, np.float32)])


class GraphBuilder:
    """Builds the graph of a generator from its state dict as arrays.

    Args:
        weights: the state dict of `MaskGenerator` as float32 arrays.
    """

    def __init__(self, weights: dict[str, Array]) -> None:
        self._weights = weights
        self.scales = len({name.split(".")[1] for name in weights if name.startswith("scales.")})

    def build(self, size: int = 256) -> Node:
        """The graph for one face.

        Args:
            size: side of the picture (a power of two, at most 16 * 2 ** (scales - 1), twice that with a fine scale).

        Returns:
            Inputs in order: labels (1, 4, 128, 128) uint8 (`conditions.quartered`), to_face (2, 3) float32, detail
            (1, 8, 64, 64) float32 (`conditions.detail_over_picture`), regions (19, 32) float32, overall (1, 64)
            float32, maps (1, 16, 128, 128) float32 (`conditions.condition_maps`); output (1, size, size, 3) uint8 RGB.
        """
        labels = op.parameter([1, 4, _TOP, _TOP], np.uint8, "labels")
        to_face = op.parameter([2, 3], np.float32, "to_face")
        detail = op.parameter([1, DETAIL_CHANNELS, DETAIL_SIDE, DETAIL_SIDE], np.float32, "detail")
        regions = op.parameter([REGION_COUNT, REGION_DIM], np.float32, "regions")
        overall = op.parameter([1, OVERALL_DIM], np.float32, "overall")
        maps = op.parameter([1, MAP_CHANNELS, HEAD_SIDE, HEAD_SIDE], np.float32, "maps")
        hot = _one_hot_quarters(op.convert(labels, "f32"))
        quarter = np.eye(REGION_COUNT, dtype=np.float32) * np.float32(0.25)
        mean = np.repeat(quarter, 4, axis=1)[:, :, None, None]
        planes = {_TOP: _conv(hot, mean)}
        for side in (64, 32, 16, 8):
            planes[side] = _pool(planes[side * 2], 2)
        heads = {HEAD_SIDE: maps}
        for side in (64, 32, 16, 8):
            heads[side] = _pool(heads[side * 2], 2)
        face = np.zeros((1, REGION_COUNT, 1, 1), np.float32)
        face[0, list(FACE_REGIONS)] = 1.0
        inside = op.multiply(detail, _conv(planes[DETAIL_SIDE], face))
        vectors = op.transpose(regions, _ints(1, 0))
        features: Node = None
        picture: Node = None
        condition: Node = None
        for index in range(self.scales):
            side, scale = _BASE * 2**index, f"scales.{index}"
            if side * 2 > size:
                break
            condition = self._condition(scale, side, hot, planes, inside, vectors, to_face, heads[side])
            features = self._features(scale, features, condition, overall)
            drawn = op.depth_to_space(self._apply(scale, "to_rgb", features), "depth_first", 2)
            picture = drawn if picture is None else op.add(_upsample2(picture), drawn)
        if size > 2 * _TOP:
            picture = op.add(_upsample2(picture), self._fine(features, picture, condition, overall))
        levels = op.add(op.multiply(op.clamp(picture, -1.0, 1.0), _constant([127.5])), _constant([128.0]))
        out = op.convert(op.transpose(levels, _ints(0, 2, 3, 1)), "u8")
        return ov.Model([op.result(out)], [labels, to_face, detail, regions, overall, maps], f"mask_guided_{size}")

    def _get(self, scale: str, name: str) -> Array:
        return self._weights[f"{scale}.{name}"]

    def _apply(self, scale: str, name: str, x: Node) -> Node:
        return _conv(x, self._get(scale, f"{name}.weight"), self._get(scale, f"{name}.bias"))

    def _fine(self, features: Node, picture: Node, condition: Node, overall: Node) -> Node:
        """What the fine scale adds to the enlarged picture, (1, 3, 512, 512); see `nets.mask_guided.FineScale`."""
        quarters = op.space_to_depth(picture, "depth_first", 2)
        weight = self._get("fine", "enter.weight")
        channels = weight.shape[1] - self._weights["fine.noise"].shape[1]
        entered = _conv(op.concat([features, quarters], 1), weight[:, :channels], self._get("fine", "enter.bias"))
        # The noise is the same in every frame, so what the layer makes of it is a constant.
        noise = _convolved(self._weights["fine.noise"], weight[:, channels:])
        x = self._modulate("fine", "modulate1", op.add(entered, _constant(noise)), condition, overall)
        x = self._modulate("fine", "modulate2", self._apply("fine", "conv", x), condition, overall)
        x = op.depth_to_space(_leaky(self._apply("fine", "unfold", x)), "depth_first", 2)
        return op.depth_to_space(self._apply("fine", "to_rgb", x), "depth_first", 2)

    def _condition(
        self,
        scale: str,
        side: int,
        hot: Node,
        planes: dict[int, Node],
        inside: Node,
        vectors: Node,
        to_face: Node,
        head: Node,
    ) -> Node:
        """The embedded condition (1, C, side, side): planes at twice the side, vectors spread, detail map, place."""
        weight, bias = self._get(scale, "embed.weight"), self._get(scale, "embed.bias")
        count = weight.shape[0]
        parts = np.cumsum([4 * REGION_COUNT, REGION_DIM, DETAIL_CHANNELS, NOISE_CHANNELS, 2])
        from_planes, from_vectors, from_detail, from_noise, from_place, from_head = np.split(weight, parts, 1)
        if side == _TOP:
            shape = _conv(hot, from_planes)
        else:
            # A pixel-unshuffle and a pointwise layer are one convolution of 2 x 2 at stride 2.
            shape = _conv(planes[side * 2], from_planes.reshape(count, REGION_COUNT, 2, 2), stride=2)
        # Noise is the same in every frame: what the layer makes of it is a constant.
        noise = np.tensordot(from_noise[:, :, 0, 0], self._weights[f"noise{side}"][0], 1)[None]
        constant = _constant(noise + bias.reshape(1, -1, 1, 1))
        # The vectors, the face frame and their weights first: 22 numbers a channel instead of 34 numbers a pixel.
        spread = op.matmul(_constant(from_vectors.reshape(count, REGION_DIM)), vectors, False, False)
        place = op.matmul(_constant(from_place.reshape(count, 2)), to_face, False, False)
        flat = op.reshape(planes[side], _ints(REGION_COUNT, side * side), False)
        here = op.concat([flat, _constant(_picture_coordinates(side))], 0)
        laid = op.matmul(op.concat([spread, place], 1), here, False, False)
        laid = op.reshape(laid, _ints(1, count, side, side), False)
        detail = _upsample2(inside) if side > DETAIL_SIDE else _pool(inside, DETAIL_SIDE // side)
        drawn = op.add(_conv(detail, from_detail), _conv(head, from_head))
        return _leaky(op.add(op.add(op.add(shape, drawn), laid), constant))

    def _features(self, scale: str, x: Node, condition: Node, overall: Node) -> Node:
        entered = self._apply(scale, "enter", condition if x is None else x)
        x = entered if x is None else _upsample2(entered)
        x = self._modulate(scale, "modulate1", x, condition, overall)
        return self._modulate(scale, "modulate2", self._apply(scale, "conv", x), condition, overall)

    def _modulate(self, scale: str, name: str, x: Node, condition: Node, overall: Node) -> Node:
        maps, maps_bias = self._get(scale, f"{name}.maps.weight"), self._get(scale, f"{name}.maps.bias")
        vector, vector_bias = self._get(scale, f"{name}.vector.weight"), self._get(scale, f"{name}.vector.bias")
        channels = maps.shape[0] // 2

        def part(chosen: slice, constant: float) -> Node:
            offset = op.add(
                op.matmul(overall, _constant(vector[chosen]), False, True),
                _constant((maps_bias + vector_bias)[chosen] + constant),
            )
            return op.add(_conv(condition, maps[chosen]), op.reshape(offset, _ints(1, channels, 1, 1), False))

        gain, shift = part(slice(0, channels), 1.0), part(slice(channels, None), 0.0)
        return _leaky(op.add(op.multiply(_pixel_norm(x), gain), shift))
